"""Which devices belong to the village: adopted, seeded, renamed, moved and removed."""

from typing import Any

import structlog

from devices.confirmation import REMOVED
from devices.driver import Announced, Channel, Driver, Record, Withdrawn
from devices.entry import Entry
from devices.inbox import Inbox
from devices.ledger import Ledger
from devices.models import Kind
from devices.pacing import Lane
from devices.state import StateStore
from devices.targets import read
from devices.wiring import Wiring
from hub.actors import Actor
from hub.clock import Clock
from hub.errors import Conflict, InvalidInput
from hub.ids import new_id
from hub.zones import Zones

log = structlog.get_logger(__name__)

_LONGEST_NAME = 80
_LONGEST_ADDRESS = 120


class Registry:
    """The list of devices, in memory and on the disk."""

    def __init__(
        self,
        drivers: dict[str, Driver],
        store: StateStore,
        ledger: Ledger,
        inbox: Inbox,
        wiring: Wiring,
        zones: Zones,
        clock: Clock,
        asking: Lane,
    ) -> None:
        self._drivers = drivers
        self._store = store
        self._ledger = ledger
        self._inbox = inbox
        self._wiring = wiring
        self._zones = zones
        self._clock = clock
        self._asking = asking
        self._adopting: set[tuple[str, str]] = set()
        self._records: dict[tuple[str, str], Record] = {}
        self._new_records: dict[str, Record] = {}

    async def load(self) -> None:
        """Take in the devices as they were when the hub ended; their states are old."""
        for row in await self._ledger.rows(self._clock.now()):
            driver = self._drivers.get(row.driver)
            if driver is None:
                log.error("device of an unknown driver left out", device=row.id, driver=row.driver)
                continue
            entry = _entry(row, driver)
            self._store.add(entry, tell=False)
            if row.box is not None:
                self._records[(driver.name, driver.split(row.address)[0])] = row.box
                self._wiring.connect(entry, driver.box(row.box))

    async def adopt(
        self, driver_name: str, address: str, kind: Kind, name: str, zone_id: str, by: Actor
    ) -> Entry:
        """Raises NotFound, Conflict or InvalidInput."""
        driver = self._driver(driver_name)
        name = self._checked(name, zone_id)
        self._refuse_second(driver, address)
        found, record = self._inbox.get(driver, address)
        if found.kind != kind:
            detail = f"This device is of the kind {found.kind}: adopt it as such"
            raise InvalidInput(detail, kind=found.kind)
        entry = await self._add(driver, address, kind, name, zone_id, record)
        self._inbox.adopted(driver, address, gone=True)
        log.info("device adopted", device=entry.id, address=address, by=by.id)
        return entry

    async def seed(
        self, driver_name: str, address: str, kind: Kind, name: str, zone_id: str
    ) -> Entry:
        """A device of the configuration, perhaps never heard; it is left as it is if it stands."""
        driver = self._driver(driver_name)
        standing = self._store.find(driver.name, address)
        if standing is not None:
            return standing
        self._refuse_second(driver, address)
        if not address or len(address) > _LONGEST_ADDRESS:
            detail = f"An address has 1 to {_LONGEST_ADDRESS} signs: correct it"
            raise InvalidInput(detail, address=address[:_LONGEST_ADDRESS])
        record = self._inbox.record_of(driver, driver.split(address)[0])
        record = driver.record_of(address) if record is None else record
        entry = await self._add(
            driver, address, kind, self._checked(name, zone_id), zone_id, record
        )
        self._inbox.adopted(driver, address, gone=True)
        return entry

    async def change(self, entry: Entry, name: str | None, zone_id: str | None) -> None:
        """Rename or move; None keeps."""
        zone_id = entry.zone_id if zone_id is None else zone_id
        name = self._checked(entry.name if name is None else name, zone_id)
        await self._ledger.describe(entry.id, name, zone_id)
        if self._store.holds(entry):
            self._store.describe(entry, name, zone_id)
            self._store.tell(entry)

    async def remove(self, entry: Entry) -> None:
        """Forget a device and its target; it waits in the inbox again if it still speaks."""
        await self._ledger.remove(entry.id)
        if not self._store.holds(entry):
            return
        if entry.wait is not None:
            entry.wait.settle("failed", REMOVED)
        self._wiring.disconnect(entry)
        self._new_records.pop(entry.id, None)
        self._store.remove(entry)
        self._back_to_inbox(entry)

    def introduced(self, driver: Driver, said: Announced | Withdrawn) -> bool:
        """A box introduced itself; an adopted one may have new topics."""
        if isinstance(said, Withdrawn):
            self._inbox.withdrawn(driver, said.box_id)
            return True
        taken = self._inbox.announced(driver, said)
        adopted = [
            entry
            for channel in said.channels
            if (entry := self._store.find(driver.name, channel.address)) is not None
        ]
        if adopted and said.record != self._records.get((driver.name, said.box_id)):
            self._rewire(driver, said, adopted)
        return taken or bool(adopted)

    async def save_records(self) -> None:
        """Write what adopted boxes announced anew."""
        if self._new_records:
            records, self._new_records = self._new_records, {}
            await self._ledger.save_boxes(records)

    def _rewire(self, driver: Driver, said: Announced, adopted: list[Entry]) -> None:
        box = driver.box(said.record)
        self._records[(driver.name, said.box_id)] = said.record
        self._wiring.replace(driver, said.box_id, box)
        for entry in adopted:
            self._wiring.connect(entry, box)
            self._new_records[entry.id] = said.record
            self._asking.add(entry)

    async def _add(
        self,
        driver: Driver,
        address: str,
        kind: Kind,
        name: str,
        zone_id: str,
        record: Record | None,
    ) -> Entry:
        channel = driver.split(address)[1]
        now = self._clock.now()
        entry = Entry(new_id(), kind, name, zone_id, driver, address, channel, None, now)
        self._adopting.add((driver.name, address))
        try:
            await self._ledger.adopt(entry, record)
        finally:
            self._adopting.discard((driver.name, address))
        self._store.add(entry)
        # The box may have introduced itself, or changed, while the row was written.
        record = self._inbox.record_of(driver, driver.split(address)[0]) or record
        if record is not None:
            self._records[(driver.name, driver.split(address)[0])] = record
            self._new_records[entry.id] = record
            self._wiring.connect(entry, driver.box(record))
            self._asking.add(entry)
        return entry

    def _back_to_inbox(self, entry: Entry) -> None:
        box_id = entry.driver.split(entry.address)[0]
        record = self._inbox.record_of(entry.driver, box_id)
        if record is not None:
            self._inbox.adopted(entry.driver, entry.address, gone=False)
            return
        record = entry.driver.record_of(entry.address)
        if record is not None and entry.availability == "online":
            channel = Channel(entry.channel, entry.address, entry.kind, entry.address)
            self._inbox.announced(
                entry.driver, Announced(box_id, record, entry.driver.name, (channel,))
            )

    def _refuse_second(self, driver: Driver, address: str) -> None:
        standing = self._store.find(driver.name, address)
        if standing is not None or (driver.name, address) in self._adopting:
            detail = "This device already belongs to the village: look at the list of devices"
            raise Conflict(detail, device=None if standing is None else standing.id)

    def _driver(self, name: str) -> Driver:
        driver = self._drivers.get(name)
        if driver is None:
            detail = "There is no such driver: use one of " + ", ".join(self._drivers)
            raise InvalidInput(detail, driver=name)
        return driver

    def _checked(self, name: str, zone_id: str) -> str:
        name = " ".join(name.split())
        if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
            detail = f"A device needs a name of 1 to {_LONGEST_NAME} letters"
            raise InvalidInput(detail)
        self._zones.get_zone(zone_id)
        return name


def _entry(row: Any, driver: Driver) -> Entry:  # noqa: ANN401  a row of SQLAlchemy
    return Entry(
        row.id,
        row.kind,
        row.name,
        row.zone_id,
        driver,
        row.address,
        driver.split(row.address)[1],
        None,
        row.created_at,
        on=row.is_on,
        level=row.level,
        source=row.source,
        reported_at=row.reported_at,
        readings=row.readings or {},
        override=read(row.override),
        programme=read(row.programme),
        reached=row.reached,
    )
