"""A wifi access point: its guest network on and off, and how many phones are on it."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from datetime import datetime

import aiomqtt

from agents.loudspeaker.link import Broker, Link, Note, Role

STATE_EVERY_S = 60.0
APPLY_S = 0.4
"""How long the radio takes to change; a real one takes some seconds."""

MAX_MINUTES = 24 * 60
_SEEN_KEPT = 500


class AccessPoint:
    """One access point under `village/access-point/<id>`; `run` is the time it has power."""

    def __init__(self, point_id: str, name: str, broker: Callable[[], Broker]) -> None:
        self.id = point_id
        self.silent = False
        self.late_s = 0.0
        self._name = name
        self._guest_on = True
        self._off_at_s: float | None = None
        self._stations = 5
        self._chance = random.Random(point_id)
        self._began_s = time.monotonic()
        self._seen: dict[str, None] = {}
        self._wishes: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.link = Link(self._role(), broker, longest_pause_s=0.5)

    async def run(self) -> None:
        """Have power until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run(), name=f"link {self.id}")
            tasks.create_task(self._apply_all(), name=f"guest network {self.id}")
            tasks.create_task(self._report(), name=f"state {self.id}")

    def _topic(self, last: str) -> str:
        return f"village/access-point/{self.id}/{last}"

    def _role(self) -> Role:
        status = self._topic("status")
        return Role(
            identifier=f"access-point-{self.id}",
            will=Note(status, "offline", retain=True),
            subscriptions=(self._topic("set"),),
            greeting=lambda: (Note(status, "online", retain=True), self._state()),
            received=self._received,
        )

    def _state(self) -> Note:
        stations = self._stations if self._guest_on else 0
        state = {
            "guest": {"on": self._guest_on, "name": "Nha Van Hoa", "stations": stations},
            "internet": True,
            "uptime_s": round(time.monotonic() - self._began_s),
            "version": "1",
            "name": self._name,
        }
        return Note(self._topic("state"), json.dumps(state, ensure_ascii=False), retain=True)

    def _received(self, message: aiomqtt.Message) -> None:
        try:
            wish = json.loads(message.payload)
            command_id = str(wish["id"])
        except (ValueError, KeyError, TypeError):
            return
        reason = self._refusal(wish, command_id, retained=message.retain)
        if reason is not None:
            self._acknowledge(command_id, "rejected", reason)
            return
        self._wishes.put_nowait(wish)

    def _refusal(self, wish: dict[str, object], command_id: str, *, retained: bool) -> str | None:
        if retained:
            return "retained"
        if wish.get("op") == "state":
            return None
        if command_id in self._seen:
            return "repeated"
        try:
            late = datetime.now().astimezone() > datetime.fromisoformat(str(wish["not_after"]))
        except (ValueError, KeyError, TypeError):
            return "malformed"
        if late:
            return "expired"
        return None if _is_guest_wish(wish) else "malformed"

    async def _apply_all(self) -> None:
        while True:
            wish = await self._wishes.get()
            await asyncio.sleep(APPLY_S + self.late_s)
            command_id = str(wish["id"])
            if wish.get("op") == "guest":
                self._remember(command_id)
                self._set_guest(turn_on=wish["turn"] == "on", minutes=wish.get("minutes"))
            if not self.silent:
                self._acknowledge(command_id, "done")
                self.link.send(self._state())

    def _remember(self, command_id: str) -> None:
        self._seen[command_id] = None
        while len(self._seen) > _SEEN_KEPT:
            del self._seen[next(iter(self._seen))]

    def _set_guest(self, *, turn_on: bool, minutes: object) -> None:
        self._guest_on = turn_on
        timed = turn_on and isinstance(minutes, int)
        self._off_at_s = time.monotonic() + int(str(minutes)) * 60 if timed else None

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(min(STATE_EVERY_S, 5.0 if self._off_at_s else STATE_EVERY_S))
            if self._off_at_s is not None and time.monotonic() >= self._off_at_s:
                self._guest_on, self._off_at_s = False, None
            self._stations = min(max(self._stations + self._chance.choice((-1, 0, 1)), 1), 20)
            if not self.silent:
                self.link.send(self._state())

    def _acknowledge(self, command_id: str, status: str, reason: str | None = None) -> None:
        if self.silent:
            return
        ack: dict[str, str] = {"id": command_id, "status": status}
        if reason is not None:
            ack["reason"] = reason
        ack["at"] = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self.link.send(Note(self._topic("ack"), json.dumps(ack)))


def _is_guest_wish(wish: dict[str, object]) -> bool:
    minutes = wish.get("minutes")
    known = wish.get("op") == "guest" and wish.get("turn") in {"on", "off"}
    counted = isinstance(minutes, int) and not isinstance(minutes, bool)
    return known and (minutes is None or (counted and 1 <= int(str(minutes)) <= MAX_MINUTES))
