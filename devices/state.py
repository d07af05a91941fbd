"""The one place where the state of a device changes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from devices.driver import Report
from devices.entry import Entry
from devices.models import (
    Availability,
    Device,
    DeviceChanged,
    DeviceRemoved,
    Lit,
    Source,
    Target,
)
from hub.clock import Clock
from hub.errors import NotFound
from hub.events import Events

# A report that changes nothing is told this often, so that phones see how old the state is.
TELL_AGAIN_S: Final = 60.0
_KNOWN, _ON = 1, 2  # how a light is counted; 0 when its state is not known


class StateStore:
    """All adopted devices in memory.

    Each change is merged here, marked for the database (`dirty`), and told by `tell()` once per
    message. The figures of a zone are counters, plus or minus one, never a rescan.
    """

    def __init__(self, events: Events, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._by_address: dict[tuple[str, str], Entry] = {}
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.dirty: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, device_id: str) -> Entry:
        """Raises NotFound."""
        entry = self._entries.get(device_id)
        if entry is None:
            detail = "There is no such device: look at the list of devices"
            raise NotFound(detail, device=device_id)
        return entry

    def holds(self, entry: Entry) -> bool:
        """Whether the device is still one of the village."""
        return self._entries.get(entry.id) is entry

    def find(self, driver: str, address: str) -> Entry | None:
        """The adopted device with this address."""
        return self._by_address.get((driver, address))

    def views(self) -> list[Device]:
        """All devices as others see them."""
        return [entry.view() for entry in self._entries.values()]

    def lit(self, zone_ids: Iterable[str]) -> Lit:
        """The lights of these zones; only fresh reports count as known."""
        each = [self._counts[zone_id] for zone_id in zone_ids if zone_id in self._counts]
        on, known, total = (sum(column) for column in zip(*each, strict=True)) if each else (0,) * 3
        return Lit(on, known, total)

    def add(self, entry: Entry, *, tell: bool = True) -> None:
        """Take in a device that was adopted or read from the database."""
        self._entries[entry.id] = entry
        self._by_address[(entry.driver.name, entry.address)] = entry
        self._count(entry, total=1)
        if tell:
            entry.untold = True
            self.tell(entry)

    def remove(self, entry: Entry) -> None:
        """Forget a device."""
        del self._entries[entry.id]
        del self._by_address[(entry.driver.name, entry.address)]
        self.dirty.pop(entry.id, None)
        self._uncount(entry)
        self._events.publish(DeviceRemoved(entry.id))

    def describe(self, entry: Entry, name: str, zone_id: str) -> None:
        """Rename a device or put it into another zone."""
        self._uncount(entry)
        entry.name, entry.zone_id = name, zone_id
        self._count(entry, total=1)
        self._touch(entry)

    def recall(self, entry: Entry, report: Report) -> None:
        """Merge what the broker had retained: it may be old, so it makes nothing fresh."""
        self._merge(entry, report, entry.source)

    def hear(self, entry: Entry, report: Report, source: Source | None) -> None:
        """Merge what the device said just now."""
        now = self._clock.monotonic()
        if entry.kind != "light" or report.on is not None:
            entry.heard, entry.unsynced = True, False
            entry.heard_at, entry.reported_at = now, self._clock.now()
            entry.seen = None
            self.dirty[entry.id] = entry
            if entry.stale or now - entry.told_at >= TELL_AGAIN_S:
                entry.untold = True
            entry.stale = False
        self._merge(entry, report, source)
        if entry.availability != "online":
            self.set_availability(entry, "online")

    def alive(self, entry: Entry) -> None:
        """A sign of life keeps a fresh state fresh."""
        entry.heard_at = self._clock.monotonic()
        if entry.availability != "online":
            self.set_availability(entry, "online")

    def set_availability(self, entry: Entry, availability: Availability) -> None:
        """What the will of the box, or its silence, says."""
        if entry.availability != availability:
            entry.availability = availability
            self._touch(entry)

    def go_stale(self, entry: Entry) -> None:
        """The state is too old to be shown as the present one."""
        if not entry.stale:
            entry.stale = True
            self._touch(entry)

    def set_target(
        self, entry: Entry, override: Target | None, programme: Target | None, *, reached: bool
    ) -> None:
        """The target as it was committed."""
        if (entry.override, entry.programme) != (override, programme):
            self._touch(entry)
        entry.override, entry.programme, entry.reached = override, programme, reached

    def touch(self, entry: Entry) -> None:
        """A command was opened or settled."""
        self._touch(entry)

    def tell(self, entry: Entry) -> None:
        """Publish what changed since the last time, if anything did."""
        if not entry.untold:
            return
        entry.untold = False
        entry.told_at = self._clock.monotonic()
        self._count(entry)
        self._events.publish(DeviceChanged(entry.view()))

    def _merge(self, entry: Entry, report: Report, source: Source | None) -> None:
        on = entry.on if report.on is None else report.on
        level = entry.level if report.level is None else report.level
        if (on, level, source) != (entry.on, entry.level, entry.source):
            entry.on, entry.level, entry.source = on, level, source
            self._touch(entry)
        if report.readings is not None:
            readings = {**entry.readings, **report.readings}
            if readings != entry.readings:
                entry.readings = readings
                self._touch(entry)

    def _touch(self, entry: Entry) -> None:
        entry.untold, entry.seen = True, None
        self.dirty[entry.id] = entry

    def _count(self, entry: Entry, total: int = 0) -> None:
        if entry.kind != "light":
            return
        counted = 0 if entry.stale or entry.on is None else _ON if entry.on else _KNOWN
        if counted == entry.counted and not total:
            return
        counts = self._counts[entry.zone_id]
        counts[0] += (counted == _ON) - (entry.counted == _ON)
        counts[1] += (counted != 0) - (entry.counted != 0)
        counts[2] += total
        entry.counted = counted

    def _uncount(self, entry: Entry) -> None:
        if entry.kind != "light":
            return
        counts = self._counts[entry.zone_id]
        counts[0] -= entry.counted == _ON
        counts[1] -= entry.counted != 0
        counts[2] -= 1
        entry.counted = 0
