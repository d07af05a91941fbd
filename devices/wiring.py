"""Which message belongs to which device: an index of exact topics, one look-up for a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from devices.driver import Announced, Box, Driver, Heard, MalformedPayloadError, Withdrawn
from devices.entry import Entry
from hub.clock import Clock
from hub.mqtt import Message, Mqtt

log = structlog.get_logger(__name__)

_COMPLAIN_EVERY_S: Final = 60.0
_MOST_COMPLAINTS: Final = 1000


@dataclass(slots=True, eq=False)
class Wire:
    """An adopted box and its adopted channels."""

    driver: Driver
    box_id: str
    box: Box
    channels: dict[str, Entry] = field(default_factory=dict)


Listener = Callable[[Wire, Heard, bool], object]
Introduction = Callable[[Driver, Announced | Withdrawn], bool]
"""False: not taken in, tell it again."""


class Wiring:
    """Listens to the broker for all adopted boxes, and for boxes that introduce themselves."""

    def __init__(self, mqtt: Mqtt, clock: Clock, drivers: Sequence[Driver]) -> None:
        self._mqtt = mqtt
        self._clock = clock
        self._drivers = drivers
        self._wires: dict[tuple[str, str], Wire] = {}
        self._routes: dict[str, tuple[Wire, str]] = {}
        self._filters: set[str] = set()
        self._introductions: dict[str, int] = {}
        self._complained: dict[str, float] = {}
        self._heard: Listener = _nobody
        self._introduced: Introduction = _nobody

    def open(self, heard: Listener, introduced: Introduction) -> None:
        """Begin to listen."""
        self._heard, self._introduced = heard, introduced
        for driver in self._drivers:
            self._listen(driver.filters)

    def connect(self, entry: Entry, box: Box) -> None:
        """Listen to a device."""
        box_id, channel = entry.driver.split(entry.address)
        wire = self._wires.get((entry.driver.name, box_id))
        if wire is None:
            wire = Wire(entry.driver, box_id, box)
            self._wires[(entry.driver.name, box_id)] = wire
            self._index(wire)
        wire.channels[channel] = entry
        entry.box = wire.box

    def disconnect(self, entry: Entry) -> None:
        """Listen to a device no longer; the subscription is shared and stays."""
        box_id, channel = entry.driver.split(entry.address)
        wire = self._wires.get((entry.driver.name, box_id))
        if wire is None:
            return
        wire.channels.pop(channel, None)
        if not wire.channels:
            self._unindex(wire)
            del self._wires[(entry.driver.name, box_id)]

    def replace(self, driver: Driver, box_id: str, box: Box) -> list[Entry]:
        """The box has new topics or words; gives back the devices that it concerns."""
        wire = self._wires.get((driver.name, box_id))
        if wire is None:
            return []
        self._unindex(wire)
        wire.box = box
        self._index(wire)
        for entry in wire.channels.values():
            entry.box = box
        return list(wire.channels.values())

    def _index(self, wire: Wire) -> None:
        for topic, part in wire.box.topics.items():
            owner = self._routes.setdefault(topic, (wire, part))
            if owner[0] is not wire:
                log.warning("two boxes claim one topic", box=wire.box_id, first=owner[0].box_id)
        self._listen(wire.box.filters)

    def _unindex(self, wire: Wire) -> None:
        for topic in wire.box.topics:
            route = self._routes.get(topic)
            if route is not None and route[0] is wire:
                del self._routes[topic]

    def _listen(self, filters: Sequence[str]) -> None:
        for topic_filter in filters:
            if topic_filter not in self._filters:
                self._filters.add(topic_filter)
                self._mqtt.listen(topic_filter, self._on_message)

    def _on_message(self, message: Message) -> None:
        route = self._routes.get(message.topic)
        if route is None:
            self._perhaps_introduction(message)
            return
        wire, part = route
        try:
            heard = wire.box.decode(part, message.payload)
        except MalformedPayloadError as error:
            self._complain(wire.box_id, str(error))
            return
        for each in heard:
            self._heard(wire, each, message.retained)

    def _perhaps_introduction(self, message: Message) -> None:
        topic = message.topic
        fingerprint = hash(message.payload)
        if self._introductions.get(topic) == fingerprint:
            return  # said before
        try:
            for driver in self._drivers:
                found = driver.discover(topic, message.payload)
                if found is not None:
                    if self._introduced(driver, found):
                        self._remember(topic, fingerprint)
                    return
        except MalformedPayloadError as error:
            self._complain(topic[:80], str(error))

    def _remember(self, topic: str, fingerprint: int) -> None:
        if len(self._introductions) >= 10_000:  # noqa: PLR2004  a bound, for whoever sends rubbish
            self._introductions.clear()
        self._introductions[topic] = fingerprint

    def _complain(self, box_id: str, reason: str) -> None:
        """One line per box and minute."""
        now = self._clock.monotonic()
        last = self._complained.get(box_id)
        if last is not None and now - last < _COMPLAIN_EVERY_S:
            return
        if len(self._complained) >= _MOST_COMPLAINTS:
            self._complained.clear()
        self._complained[box_id] = now
        log.warning("message dropped", box=box_id, reason=reason)


def _nobody(*_: object) -> bool:
    return False
