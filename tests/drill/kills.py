"""A village whose hub is killed again and again, and what must hold each time it comes back.

The broker and the devices live on outside the hub; one data folder is used throughout. The clock
of the hub is the computer's own plus a number of seconds in a file, and only ever moves forward.
"""

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx

from tests.brokers import Mosquitto
from tests.integration.hub.relays import AccessPoint, Loudspeaker, Relay
from tests.villages import Agent, Hub, Json, by_name, key, wait_until, write_config

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
POINTS = (
    "command:committed",
    "command:published",
    "command:confirmed",
    "announcement:before-commit",
    "announcement:committed",
    "delivery:committed",
    "delivery:published",
    "delivery:acknowledged",
    "run:committed",
    "run:acted",
    "run:ended",
)
LIGHTS, SILENT = ("D0D0D0D00001", "D0D0D0D00002"), "D0D0D0D00003"
DIES_WITHIN_S = 12.0
_FINAL = {"played", "failed", "stopped", "unanswered"}


def _begin() -> dict[str, Any]:
    lights = [("Cột 1", LIGHTS[0]), ("Cột 2", LIGHTS[1]), ("Cột câm", SILENT)]
    every_day = {"type": "weekly", "days": [1, 2, 3, 4, 5, 6, 7]}
    return {
        "zones": [{"name": "Ngõ 1"}, {"name": "Ngõ câm"}, {"name": "Đình"}],
        "devices": [
            *(
                {"driver": "tasmota", "address": f"{mac}/1", "kind": "light", "name": name}
                | {"zone": "Ngõ câm" if mac == SILENT else "Ngõ 1"}
                for name, mac in lights
            ),
            *(
                {"driver": "loudspeaker", "address": name, "kind": "loudspeaker"}
                | {"name": name, "zone": "Ngõ 1"}
                for name in ("loa-ghi", "loa-that")
            ),
            {"driver": "access_point", "address": "ap", "kind": "access_point"}
            | {"name": "Wifi", "zone": "Đình"},
        ],
        "schedules": [
            {
                "name": "Bật đèn",
                "trigger": {**every_day, "time": "17:00"},
                "action": {"type": "light", "zones": ["Ngõ 1"], "turn": "on"},
            },
            {
                "name": "Thời sự",
                "trigger": {**every_day, "time": "17:30"},
                "action": {"type": "announcement", "zones": ["Ngõ 1"], "text": "Alo thời sự"},
            },
        ],
    }


@dataclass(slots=True)
class Asked:
    """A command of a person: when it was asked and when it was answered 200."""

    light: int
    turn_on: bool
    began: float
    ended: float


@dataclass(slots=True)
class Sent:
    """An announcement of a person: its text, the key of the request, and its id if one came."""

    text: str
    headers: dict[str, str]
    id: str | None = None


class Drill:
    """Kills, restarts and judges one hub."""

    hub: Hub
    phone: httpx.Client
    gone: httpx.Client
    recorder: Loudspeaker
    agent: Agent

    def __init__(self, folder: Path, *, own_broker: bool = False) -> None:
        self.folder = folder
        self.own_broker = own_broker
        self.lights: list[Relay] = []
        self.sent: list[Sent] = []
        self.confirmed: list[Asked] = []
        self.kills = 0
        self._stack = ExitStack()
        self._kept: dict[str, Any] = {}
        self._turn = False
        self._day = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0)

    def __enter__(self) -> Self:
        self._stack.callback(self._end)
        self._clock.write_text("0")
        try:
            self._first_life()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        self.hub.kill()

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    def _first_life(self) -> None:
        broker: dict[str, Any] = {"mode": "auto", "host": "127.0.0.1"}
        if not self.own_broker:
            outside = Mosquitto(self.folder / "mosquitto")
            outside.start()
            self._stack.callback(outside.stop)
            broker = {"mode": "external", "host": outside.host, "port": outside.port}
        changes = {} if self.own_broker else {"broker": broker}
        config = write_config(self.folder, begin=_begin(), **changes)
        self.hub = self._start(config, "")
        self.hub.wait_ready()
        login = self.hub.broker_login() if self.own_broker else broker
        self.lights = [self._stack.enter_context(Relay(login, mac)) for mac in (*LIGHTS, SILENT)]
        self.recorder = self._stack.enter_context(Loudspeaker(login, "loa-ghi"))
        self._stack.enter_context(AccessPoint(login, "ap"))
        self.agent = Agent("loa-that", login, self.folder / "agent")
        self._stack.callback(self.agent.close)
        self._stack.callback(self.agent.kill)
        self.phone = self.hub.sign_in(self.hub.link_code())
        self._stack.callback(self.phone.close)
        self.gone = self.hub.sign_in(self._get_code())
        self._stack.callback(self.gone.close)
        token = dict(self.gone.cookies)
        assert self.gone.delete("/api/v1/session").status_code == 204
        self.gone.cookies.update(token)
        wait_until(self._all_heard, "all devices are heard")
        silent = self.device("Cột câm")["id"]
        answer = self.phone.post(f"/api/v1/devices/{silent}/commands", json={"turn": "on"})
        assert answer.status_code == 200, answer.text
        self.lights[2].deaf = True
        self._kept = self._lasting()
        assert self.hub.stop() == 0

    def _get_code(self) -> str:
        answer = self.phone.post("/api/v1/sign-in-codes", json={"role": "resident"})
        return str(answer.json()["link"].partition("#sign-in=")[2])

    def _all_heard(self) -> bool:
        items = self.phone.get("/api/v1/devices").json()["items"]
        return all(d["availability"] == "online" and not d["state"]["stale"] for d in items)

    def _start(self, config: Path, die_at: str) -> Hub:
        environment = {"VILLAGE_DIE_AT": die_at, "VILLAGE_CLOCK_FILE": str(self._clock)}
        return Hub(config, drill=True, **environment)

    def get(self, path: str) -> Json:
        answer = self.phone.get(f"/api/v1{path}")
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def device(self, name: str) -> Json:
        return by_name(self.get("/devices")["items"], name)

    def _lasting(self) -> dict[str, Any]:
        """What no crash may change."""
        keys = ("id", "name", "kind", "zone", "driver", "address")
        return {
            "zones": self.get("/zones")["items"],
            "devices": [{k: d[k] for k in keys} for d in self.get("/devices")["items"]],
            "schedules": [
                {k: s[k] for k in ("id", "name", "trigger", "action", "enabled")}
                for s in self.get("/schedules")["items"]
            ],
        }

    # ---------------------------------------------------------------- one life of the hub

    def live(self, die_at: str = "") -> bool:
        """Start again; False if it died before it answered."""
        self.hub = self._start(self.hub.config, die_at)

        def answers_or_died() -> bool:
            if self.hub.process.poll() is not None:
                return True
            with suppress(httpx.TransportError):
                return self.phone.get("/api/v1/health").status_code == 200
            return False

        wait_until(answers_or_died, "the hub answers, or is dead", 40)
        return self.hub.process.poll() is None

    def tomorrow_evening(self) -> None:
        """Move the clock to the next 17:30:02: lights are late, the evening's news is due."""
        self._day += timedelta(days=1)
        due = self._day.replace(hour=17, minute=30, second=2)
        self._clock.write_text(str((due - datetime.now(ZONE)).total_seconds()))

    def later(self, seconds: float) -> None:
        """Move the clock forward."""
        self._clock.write_text(str(float(self._clock.read_text()) + seconds))

    def switch(self) -> None:
        """A person switches both lights, one after the other."""
        self._turn = not self._turn
        for number, light in enumerate(self.lights[:2]):
            device = by_name(self._kept["devices"], f"Cột {number + 1}")["id"]
            assert light.mac in LIGHTS
            began = time.monotonic()
            answer = self.phone.post(
                f"/api/v1/devices/{device}/commands", json={"turn": "on" if self._turn else "off"}
            )
            if answer.status_code == 200:
                self.confirmed.append(Asked(number, self._turn, began, time.monotonic()))

    def announce(self, text: str) -> None:
        """A person announces something on the road of both loudspeakers."""
        sent = Sent(text, key())
        self.sent.append(sent)
        self._post(sent)

    def _post(self, sent: Sent) -> httpx.Response:
        zone = by_name(self._kept["zones"], "Ngõ 1")["id"]
        answer = self.phone.post(
            "/api/v1/announcements", json={"text": sent.text, "zones": [zone]}, headers=sent.headers
        )
        if answer.status_code == 201:
            assert sent.id in (None, answer.json()["id"]), "one key, two announcements"
            sent.id = answer.json()["id"]
        return answer

    def until_death(
        self, act: Callable[[], object], *, gap_s: float = 0.0, within_s: float = DIES_WITHIN_S
    ) -> bool:
        """Do this over and over; False if the hub had to be killed because it would not die."""
        end = time.monotonic() + within_s
        while self.hub.process.poll() is None and time.monotonic() < end:
            with suppress(httpx.TransportError):
                act()
            with suppress(subprocess.TimeoutExpired):
                self.hub.process.wait(gap_s)
        died = self.hub.process.poll() is not None
        self.kill()
        return died

    def kill(self) -> None:
        """Power cut."""
        self.hub.kill()
        assert self.hub.process.returncode == -9, self.hub.said()[-3000:]
        self.kills += 1

    # ---------------------------------------------------------------- what must hold

    def judge(self) -> None:
        """Call it in a life that answers."""
        assert self.get("/session")["role"] == "head", "the old cookie still works"
        assert self.gone.get("/api/v1/session").status_code == 401, "who signed out stays out"
        assert self._lasting() == self._kept
        self._retry_the_last()
        known = {a["id"] for a in self._announcements()}
        assert {sent.id for sent in self.sent if sent.id} <= known, "an announcement is lost"
        # Steps of the calendar that a crash cut off are done anew, and are open for a moment.
        still_open = "select id from commands where outcome = 'open'"
        wait_until(lambda: not self._rows(still_open), "no command stays open", 10)
        silent = self.device("Cột câm")["state"]
        assert (silent["on"], silent["stale"]) == (True, True), silent
        self._judge_lights()
        self._judge_sounds()

    def _retry_the_last(self) -> None:
        """The phone that lost its answer asks again with the same key: it must not act twice."""
        if not self.sent or self.sent[-1].id is not None:
            return
        last = self.sent[-1]
        answer = self._post(last)
        assert answer.status_code in (201, 409), answer.text
        alike = [a for a in self._announcements() if a["text"] == last.text]
        # At 409 the hub died before or after it was stored: never is it there twice.
        assert len(alike) <= sum(1 for sent in self.sent if sent.text == last.text)

    def _announcements(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"/announcements?limit=1000{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def _judge_lights(self) -> None:
        for asked in self.confirmed:
            assert any(
                asked.began <= at <= asked.ended and on is asked.turn_on
                for at, _, on in self.lights[asked.light].carried_out
            ), "a confirmed command was never carried out"
        self.confirmed.clear()
        for number in (1, 2):
            relay = self.lights[number - 1]

            def follows(name: str = f"Cột {number}", relay: Relay = relay) -> bool:
                device = self.device(name)
                wanted = device["target"] is None or device["target"]["on"] is relay.on[0]
                return wanted and device["state"]["on"] is relay.on[0]

            wait_until(follows, "each lamp is what was last wished, and is shown so")

    def _judge_sounds(self) -> None:
        twice = [a for a, times in self.recorder.plays.items() if times > 1]
        assert not twice, f"played twice: {twice}"
        begun = self.agent.begun()
        assert len(begun) == len(set(begun)), "the board began one order twice"
        of = dict(self._rows("select id, announcement_id from deliveries"))
        heard = [of[order] for order in begun]
        assert len(heard) == len(set(heard)), "the board played one announcement twice"

    def judge_the_end(self) -> None:
        """No delivery is left open, and each says what the loudspeaker knows."""
        wait_until(self._nothing_waits, "what was never sent is sent", 60)
        self.hub.stop()
        self.later(120)
        assert self.live()
        wait_until(lambda: self._open_deliveries() == 0, "each delivery has an end", 60)
        self.judge()
        for announcement in self._announcements():
            for delivery in announcement["deliveries"]:
                assert delivery["state"] in _FINAL, delivery
                if delivery["name"] == "loa-ghi":
                    self._judge_delivery(announcement["id"], delivery)

    def _judge_delivery(self, announcement: str, delivery: dict[str, Any]) -> None:
        times = self.recorder.plays[announcement]
        if times == 0:
            assert delivery["state"] != "played", delivery
        else:
            assert delivery["state"] in ("played", "unanswered"), delivery

    def _nothing_waits(self) -> bool:
        waiting = "select id from deliveries where state = 'queued' and sent_at is null"
        return not self._rows(waiting)

    def _open_deliveries(self) -> int:
        return len(self._rows("select id from deliveries where state in ('queued', 'playing')"))

    def _rows(self, query: str) -> list[Any]:
        path = f"file:{self.hub.data}/hub.sqlite?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as base:
            return base.execute(query).fetchall()

    def __str__(self) -> str:
        plays = json.dumps(self.recorder.plays)
        return f"{self.kills} kills, {len(self.sent)} announcements, plays {plays}"
