"""The loudspeaker: commands in, sound out, and an honest word about each."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiomqtt
import structlog

from agents.loudspeaker.commands import (
    Command,
    Play,
    Reason,
    RefusedError,
    SayState,
    Stop,
    Volume,
    read_command,
)
from agents.loudspeaker.fetch import fetch
from agents.loudspeaker.link import Broker, Link, Note, Role
from agents.loudspeaker.outputs import Output
from agents.loudspeaker.playlist import Outcome, Playlist, QueueFullError, Status
from agents.loudspeaker.store import Store

VERSION = "1"
TELE_S = 60.0
FAREWELL_S = 0.4

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this loudspeaker is: `id` stands in its topics, `name` is shown to people."""

    id: str
    name: str


class Agent:
    """One loudspeaker, from `run()` until it is cancelled."""

    def __init__(
        self,
        identity: Identity,
        broker: Callable[[], Broker],
        output: Output,
        store: Store,
        *,
        volume_percent: int = 60,
        longest_pause_s: float = 15.0,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._identity = identity
        self._store = store
        self._volume_percent = volume_percent
        self._now = now
        self._began_s = time.monotonic()
        self._played_s = 0.0
        self._playlist = Playlist(
            output, fetch, self._heard, standing_percent=lambda: self._volume_percent, now=now
        )
        self._link = Link(self._role(), broker, longest_pause_s=longest_pause_s)

    async def run(self) -> None:
        """Serve until cancelled; then silence, the last acknowledgements, and `offline`."""
        self._volume_percent = self._store.volume(self._volume_percent)
        async with asyncio.TaskGroup() as outer:
            link = outer.create_task(self._link.run(), name=f"link {self._identity.id}")
            try:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(self._playlist.run(), name="playlist")
                    inner.create_task(self._tell(), name="tele")
            finally:
                await self._link.leave(FAREWELL_S)
                link.cancel()

    def cut(self) -> None:
        """Lose the broker without a goodbye."""
        self._link.cut()

    def _topic(self, last: str) -> str:
        return f"village/loudspeaker/{self._identity.id}/{last}"

    def _role(self) -> Role:
        offline = Note(self._topic("status"), "offline", retain=True)
        return Role(
            identifier=f"loudspeaker-{self._identity.id}",
            will=offline,
            farewell=offline,
            subscriptions=(self._topic("set"),),
            greeting=lambda: (Note(self._topic("status"), "online", retain=True), self._state()),
            received=self._received,
        )

    def _state(self) -> Note:
        current = self._playlist.current
        state = {
            "now": {"id": current.id, "class": current.rank.word} if current else None,
            "volume": self._volume_percent,
            "queue": self._playlist.waiting,
            "version": VERSION,
            "name": self._identity.name,
        }
        return Note(self._topic("state"), _json(state), retain=True)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELE_S)
            uptime_s = round(time.monotonic() - self._began_s)
            tele = {"uptime_s": uptime_s, "played_s": round(self._played_s)}
            self._link.send(Note(self._topic("tele"), _json(tele), qos=0))

    def _received(self, message: aiomqtt.Message) -> None:
        try:
            command = read_command(message.payload, retained=message.retain, now=self._now())
            self._obey(command)
        except RefusedError as refusal:
            log.warning("command refused", command=refusal.id, reason=refusal.reason)
            if refusal.id is not None:
                self._acknowledge(refusal.id, "rejected", refusal.reason)

    def _obey(self, command: Command) -> None:
        if not isinstance(command, SayState) and self._store.has_seen(command.id):
            raise RefusedError(command.id, "repeated")
        match command:
            case Play():
                self._accept(command)
            case Stop():
                self._stop(command)
            case Volume():
                self._set_volume(command)
            case SayState():
                self._acknowledge(command.id, "done")
        self._link.send(self._state())

    def _accept(self, play: Play) -> None:
        try:
            self._playlist.check_room()
        except QueueFullError as error:
            raise RefusedError(play.id, "busy") from error
        # On the disk first: after a power cut it may have been heard, so it is not played again.
        self._remember(play.id)
        self._acknowledge(play.id, "accepted")
        self._playlist.add(play)

    def _stop(self, stop: Stop) -> None:
        # Silence first, the disk afterwards.
        hit = self._playlist.stop(stop.target)
        self._remember(stop.id)
        if not hit and stop.target is not None:
            raise RefusedError(stop.id, "not_found")
        self._acknowledge(stop.id, "done")

    def _set_volume(self, volume: Volume) -> None:
        self._volume_percent = volume.percent
        self._remember(volume.id)
        try:
            self._store.keep_volume(volume.percent)
        except OSError as error:
            log.warning("volume not kept", why=str(error))
        # The state first: whoever hears "done" has heard the new volume already.
        self._link.send(self._state())
        self._acknowledge(volume.id, "done")

    def _remember(self, command_id: str) -> None:
        try:
            self._store.remember(command_id, self._now())
        except OSError as error:
            # A worn-out card must not silence a flood warning: it is still known in memory.
            log.warning("id not on disk", command=command_id, why=str(error))

    def _heard(self, outcome: Outcome) -> None:
        play = outcome.play
        log.info("sound", play=play.id, status=outcome.status, reason=outcome.reason)
        self._played_s += outcome.position_s or 0.0
        self._acknowledge(play.id, outcome.status, outcome.reason, outcome.position_s)
        self._link.send(self._state())

    def _acknowledge(
        self,
        command_id: str,
        status: Status,
        reason: Reason | None = None,
        position_s: float | None = None,
    ) -> None:
        ack: dict[str, object] = {"id": command_id, "status": status}
        if reason is not None:
            ack["reason"] = reason
        ack["at"] = self._now().isoformat(timespec="milliseconds")
        if position_s is not None:
            ack["position_s"] = round(position_s, 2)
        self._link.send(Note(self._topic("ack"), _json(ack), keep=True))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
