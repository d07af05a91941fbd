"""Devices that were found and wait to be adopted; nothing is adopted by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from devices.driver import Announced, Channel, Driver, Record
from devices.models import Found, FoundChanged
from devices.state import StateStore
from hub.clock import Clock
from hub.errors import NotFound
from hub.events import Events

log = structlog.get_logger(__name__)

# Boxes, adopted ones counted too, since these go back here when they are removed.
MOST_BOXES: Final = 2000


@dataclass(slots=True)
class _Seen:
    driver: Driver
    announced: Announced
    heard_at: datetime


class Inbox:
    """What introduced itself, by box."""

    def __init__(self, store: StateStore, events: Events, clock: Clock) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._full = False

    def list_found(self) -> list[Found]:
        """All that wait, in the order they were first heard."""
        return [
            _found(seen, channel)
            for seen in self._seen.values()
            for channel in seen.announced.channels
            if self._store.find(seen.driver.name, channel.address) is None
        ]

    def get(self, driver: Driver, address: str) -> tuple[Found, Record]:
        """A waiting device and the record of its box. Raises NotFound."""
        seen = self._seen.get((driver.name, driver.split(address)[0]))
        for channel in () if seen is None else seen.announced.channels:
            if seen is not None and channel.address == address:
                return _found(seen, channel), seen.announced.record
        detail = "No such device was found: switch it on, and look at the list of found devices"
        raise NotFound(detail, driver=driver.name, address=address)

    def record_of(self, driver: Driver, box_id: str) -> Record | None:
        """The record of an announced box."""
        seen = self._seen.get((driver.name, box_id))
        return None if seen is None else seen.announced.record

    def announced(self, driver: Driver, announced: Announced) -> bool:
        """Take in an introduction; False when there is no room for it."""
        key = (driver.name, announced.box_id)
        before = self._seen.get(key)
        if before is None and len(self._seen) >= MOST_BOXES:
            self._say_full()
            return False
        if before is not None:
            announced = _merged(before.announced, announced)
            if announced == before.announced:
                return True
        seen = _Seen(driver, announced, self._clock.now())
        self._seen[key] = seen
        if before is not None:
            kept = {channel.address for channel in announced.channels}
            self._tell(before, gone=True, but=kept)
        self._tell(seen, gone=False)
        return True

    def withdrawn(self, driver: Driver, box_id: str) -> None:
        """A box took its introduction back."""
        seen = self._seen.pop((driver.name, box_id), None)
        if seen is not None:
            self._full = False
            self._tell(seen, gone=True)

    def adopted(self, driver: Driver, address: str, *, gone: bool) -> None:
        """A waiting device left for the village, or came back from it."""
        seen = self._seen.get((driver.name, driver.split(address)[0]))
        for channel in () if seen is None else seen.announced.channels:
            if seen is not None and channel.address == address:
                self._events.publish(FoundChanged(_found(seen, channel), gone))

    def _tell(self, seen: _Seen, *, gone: bool, but: set[str] | None = None) -> None:
        for channel in seen.announced.channels:
            adopted = self._store.find(seen.driver.name, channel.address) is not None
            if not adopted and channel.address not in (but or ()):
                self._events.publish(FoundChanged(_found(seen, channel), gone))

    def _say_full(self) -> None:
        if not self._full:
            self._full = True
            log.warning("the inbox is full: adopt or switch off some devices", boxes=MOST_BOXES)


def _found(seen: _Seen, channel: Channel) -> Found:
    return Found(
        f"{seen.driver.name}:{channel.address}",
        seen.driver.name,
        channel.address,
        channel.kind,
        channel.name,
        seen.announced.model,
        seen.heard_at,
    )


def _merged(before: Announced, now: Announced) -> Announced:
    """A status says nothing of the name that the state told, so it changes nothing."""
    if "name" in before.record and "name" not in now.record and len(now.record) == 1:
        return before
    return now
