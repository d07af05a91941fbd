"""Orders to loudspeakers: sent, acknowledged, and for the volume waited for."""

import asyncio
from dataclasses import dataclass
from typing import Final

from devices.driver import Acknowledged, Order, SetVolume
from devices.entry import Entry
from devices.models import SoundAcknowledged
from devices.sending import VALID_FOR, Sender
from devices.state import StateStore
from hub.clock import Clock
from hub.errors import BrokerDown, Conflict, InvalidInput, NoAnswer
from hub.events import Events
from hub.ids import new_id

ANSWER_WITHIN_S: Final = 3.0
_BROKER_LOST: Final = "broker lost"


@dataclass(slots=True, eq=False)
class _Volume:
    device_id: str
    percent: int
    answer: asyncio.Future[str]
    in_force: bool = False

    def acknowledged(self) -> None:
        self.in_force = True

    def settle(self, answer: str) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class Orders:
    """What is said to loudspeakers."""

    def __init__(self, store: StateStore, sender: Sender, events: Events, clock: Clock) -> None:
        self._store = store
        self._sender = sender
        self._events = events
        self._clock = clock
        self._volumes: dict[str, _Volume] = {}

    def send(self, device_id: str, order: Order) -> None:
        """Send and return at once. Raises NotFound, InvalidInput or BrokerDown."""
        self._sender.send(self._store.get(device_id), order)

    async def set_volume(self, device_id: str, percent: int) -> None:
        """Return when the loudspeaker says so. Raises NoAnswer, Conflict when it refuses."""
        entry = self._store.get(device_id)
        if not 0 <= percent <= 100:  # noqa: PLR2004  percent
            detail = "A volume is a number from 0 to 100: send one of these"
            raise InvalidInput(detail, percent=percent)
        order = SetVolume(new_id(), percent, self._clock.now() + VALID_FOR)
        volume = _Volume(entry.id, percent, asyncio.get_running_loop().create_future())
        self._volumes[order.id] = volume
        try:
            self._sender.send(entry, order, volume.acknowledged)
            answer = await self._answer(volume)
        finally:
            del self._volumes[order.id]
        _check(entry, answer)

    def acknowledged(self, entry: Entry, said: Acknowledged) -> None:
        """A loudspeaker or an access point said what became of an order."""
        volume = self._volumes.get(said.order_id)
        if volume is not None and volume.device_id == entry.id and said.status != "accepted":
            volume.settle("done" if said.status == "done" else said.reason or said.status)
        at = said.at or self._clock.now()
        if entry.kind == "loudspeaker":
            fields = (said.order_id, said.status, said.reason, at, said.position_s)
            self._events.publish(SoundAcknowledged(entry.id, *fields))

    def reported(self, entry: Entry) -> None:
        """The state of a loudspeaker shows the volume that was ordered."""
        for volume in self._volumes.values():
            same = entry.readings.get("volume") == volume.percent
            if volume.device_id == entry.id and volume.in_force and same:
                volume.settle("done")

    def lost(self) -> None:
        """The broker is gone."""
        for volume in self._volumes.values():
            volume.settle(_BROKER_LOST)

    async def _answer(self, volume: _Volume) -> str | None:
        timer = asyncio.ensure_future(self._clock.sleep(ANSWER_WITHIN_S))
        try:
            await asyncio.wait((volume.answer, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return volume.answer.result() if volume.answer.done() else None


def _check(entry: Entry, answer: str | None) -> None:
    if answer == "done":
        return
    if answer is None:
        detail = "The loudspeaker did not answer within 3 s: look at it, then try again"
        raise NoAnswer(detail, device=entry.id)
    if answer == _BROKER_LOST:
        detail = "The broker was lost meanwhile: the volume may or may not have changed"
        raise BrokerDown(detail, device=entry.id)
    detail = "The loudspeaker refused the volume: look at its state"
    raise Conflict(detail, device=entry.id, reason=answer)
