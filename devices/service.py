"""The devices of the village: what they report, what they should do, and who wants it.

A state is only ever what the device itself reported. A command is confirmed only by the device's
own answer; silence is said to be silence.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Literal

import structlog

from devices.commands import Checkpoint, Commands
from devices.driver import Driver, Order
from devices.drivers.access_point import AccessPoints
from devices.drivers.loudspeaker import Loudspeakers
from devices.drivers.tasmota import Tasmota
from devices.entry import Entry
from devices.inbox import Inbox
from devices.ledger import Ledger
from devices.models import Command, Device, Found, Kind, Lit, Wish, ZoneOutcome
from devices.orders import Orders
from devices.pacing import ASK_GAP_S, ASK_GROUP, TARGET_GAP_S, TARGET_GROUP, Lane
from devices.registry import Registry
from devices.reports import Reports
from devices.sending import Sender
from devices.state import StateStore
from devices.wiring import Wiring
from hub.actors import Actor
from hub.clock import Clock
from hub.database import Database
from hub.errors import BrokerDown, InvalidInput
from hub.events import Events
from hub.mqtt import BrokerConnected, BrokerLost, Mqtt
from hub.zones import Zones

log = structlog.get_logger(__name__)

TICK_S: Final = 1.0
SAVE_EVERY_TICKS: Final = 3


def _no_checkpoint(_name: str) -> None:
    """Crash drills put a kill here."""


class Devices:
    """The verbs of this package; `open()` before the broker connects, then `run()`."""

    def __init__(
        self,
        database: Database,
        mqtt: Mqtt,
        events: Events,
        clock: Clock,
        zones: Zones,
        checkpoint: Checkpoint = _no_checkpoint,
    ) -> None:
        known: tuple[Driver, ...] = (Tasmota(), Loudspeakers(), AccessPoints())
        drivers = {driver.name: driver for driver in known}
        self._mqtt = mqtt
        self._events = events
        self._clock = clock
        self._zones = zones
        self._store = StateStore(events, clock)
        self._ledger = Ledger(database)
        self._sender = Sender(mqtt, clock)
        self._asking = Lane(self._sender.ask, ASK_GROUP, ASK_GAP_S)
        self._following = Lane(self._sender.follow, TARGET_GROUP, TARGET_GAP_S)
        self._inbox = Inbox(self._store, events, clock)
        self._wiring = Wiring(mqtt, clock, known)
        self._orders = Orders(self._store, self._sender, events, clock)
        self._reports = Reports(
            self._store, clock, self._sender, self._orders, self._asking, self._following
        )
        self._commands = Commands(
            self._store, self._ledger, self._sender, events, clock, checkpoint
        )
        self._registry = Registry(
            drivers,
            self._store,
            self._ledger,
            self._inbox,
            self._wiring,
            zones,
            clock,
            self._asking,
        )

    async def open(self) -> None:
        """Read the devices and listen.

        Last states come back marked as stale; commands that were open become unconfirmed.
        """
        await self._registry.load()
        self._events.listen(BrokerConnected, lambda _: self._reports.connected())
        self._events.listen(BrokerLost, lambda _: self._reports.lost())
        self._wiring.open(self._reports.heard, self._registry.introduced)
        if self._mqtt.connected:
            self._reports.connected()

    async def run(self) -> None:
        """Ask for states, end overrides, let states grow old, write states; until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._asking.run(self._clock), name="devices: asking")
                group.create_task(self._following.run(self._clock), name="devices: following")
                group.create_task(self._tick(), name="devices: tick")
        finally:
            await self._save()

    def list_devices(self, kind: str | None = None, zones: set[str] | None = None) -> list[Device]:
        """All devices, or those of a kind, or in these zones (not within them)."""
        return [
            device
            for device in self._store.views()
            if (kind is None or device.kind == kind) and (zones is None or device.zone_id in zones)
        ]

    def get_device(self, device_id: str) -> Device:
        """Raises NotFound."""
        return self._store.get(device_id).view()

    def lit(self, zone_id: str) -> Lit:
        """The lights of a zone and of all within it. Raises NotFound."""
        return self._store.lit(self._zones.members(zone_id))

    def list_found(self) -> list[Found]:
        """The inbox."""
        return self._inbox.list_found()

    async def adopt(
        self, driver: str, address: str, kind: Kind, name: str, zone_id: str, by: Actor
    ) -> Device:
        """Take a device from the inbox.

        Raises NotFound when it is not there, Conflict when it is already adopted, InvalidInput for
        an unknown driver, another kind or a bad name.
        """
        return (await self._registry.adopt(driver, address, kind, name, zone_id, by)).view()

    async def seed(self, driver: str, address: str, kind: Kind, name: str, zone_id: str) -> Device:
        """Adopt a device of the configuration before it is ever heard."""
        return (await self._registry.seed(driver, address, kind, name, zone_id)).view()

    async def change(
        self, device_id: str, name: str | None = None, zone_id: str | None = None
    ) -> Device:
        """Rename or move; None keeps. Raises NotFound or InvalidInput."""
        entry = self._store.get(device_id)
        await self._registry.change(entry, name, zone_id)
        return entry.view()

    async def remove(self, device_id: str) -> None:
        """Forget a device and its target. Raises NotFound."""
        await self._registry.remove(self._store.get(device_id))

    async def command(self, device_id: str, wish: Wish, by: Actor) -> Command:
        """Switch a light or a guest network; returns when the device itself has confirmed.

        A device believed offline is tried too. Raises BrokerDown at once when the broker is gone
        (nothing is stored then) or is lost meanwhile, NoAnswer after 3 s of silence (the target
        stands: the device gets it when it returns), Conflict when a later command took its place,
        NotFound, InvalidInput.
        """
        entry = self._store.get(device_id)
        if entry.kind == "loudspeaker":
            detail = "A loudspeaker is not switched: announce something, or set its volume"
            raise InvalidInput(detail, kind=entry.kind)
        self._need_broker()
        return await self._commands.one(entry, wish, by)

    async def command_zone(self, zone_id: str, wish: Wish, by: Actor) -> ZoneOutcome:
        """Switch all lights of a zone and of the zones within it, at once.

        Raises BrokerDown when nothing was confirmed and the broker is gone, NotFound, InvalidInput
        for a zone without lights.
        """
        entries = self._lights(self._zones.members(zone_id))
        if not entries:
            detail = "There are no lights on this road: choose another one, or adopt lights"
            raise InvalidInput(detail, zone=zone_id)
        self._need_broker()
        return await self._commands.many(entries, wish, by)

    async def apply_programme(
        self,
        zone_ids: Iterable[str],
        turn: Literal["on", "off"],
        level: int | None,
        by: Actor,
        reason: str,
    ) -> ZoneOutcome:
        """A step of the calendar for the lights of these zones and of the zones within them.

        Ends overrides that have no end of their own; lights with a running override are `held` and
        follow when it ends. Sent in small groups, so that a circuit does not inrush at once. While
        the broker is gone the step is stored and all lights are `unconfirmed`: they get it when the
        broker is back. Raises NotFound.
        """
        members: set[str] = set()
        for zone_id in zone_ids:
            members |= self._zones.members(zone_id)
        entries = self._lights(members)
        wish = Wish(turn, level, None, reason)
        return await self._commands.step(entries, wish, by, connected=self._mqtt.connected)

    def send(self, device_id: str, order: Order) -> None:
        """Send an order to a loudspeaker and return at once; answers are SoundAcknowledged.

        Raises NotFound, InvalidInput or BrokerDown.
        """
        self._orders.send(device_id, order)

    async def set_volume(self, device_id: str, percent: int, by: Actor) -> Device:
        """Set the volume; returns when the loudspeaker has confirmed it.

        Raises NotFound, InvalidInput, BrokerDown, NoAnswer after 3 s, Conflict when it refuses.
        """
        await self._orders.set_volume(device_id, percent)
        log.info("volume set", device=device_id, percent=percent, by=by.id)
        return self.get_device(device_id)

    def _lights(self, zone_ids: set[str]) -> list[Entry]:
        return [e for e in self._store if e.kind == "light" and e.zone_id in zone_ids]

    def _need_broker(self) -> None:
        if not self._mqtt.connected:
            detail = "The message broker is not reachable: nothing was sent, try again later"
            raise BrokerDown(detail)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await self._clock.sleep(TICK_S)
            ticks += 1
            for entry in await self._commands.end_overrides():
                self._following.add(entry)
            self._reports.grow_old()
            if ticks % SAVE_EVERY_TICKS == 0:
                await self._save()

    async def _save(self) -> None:
        """Write what was reported since the last time, all in one transaction."""
        dirty = list(self._store.dirty.values())
        self._store.dirty.clear()
        await self._registry.save_records()
        if dirty:
            await self._ledger.save_states(dirty)
