import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from announcements.models import AnnouncementChanged, Delivery, DeliveryChanged, State
from announcements.service import Announcements, no_checkpoint
from announcements.workshop import Sound
from devices.driver import PlaySound, StopSound
from devices.models import Device, SoundAcknowledged
from devices.models import State as DeviceState
from hub.actors import Actor
from hub.config import AnnouncementSettings
from hub.database import Database, metadata
from hub.errors import BrokerDown, HubError, NotFound
from hub.events import Events
from hub.mqtt import BrokerConnected, BrokerLost
from hub.zones import Zone
from tests.fakes import FakeClock

HEAD = Actor("person", "p1", "Bà Lan")
SOUND_S = 10.0


def loudspeaker(device_id: str, zone_id: str) -> Device:
    return Device(
        id=device_id,
        name=f"Loa {device_id}",
        kind="loudspeaker",
        zone_id=zone_id,
        driver="loudspeaker",
        address=device_id,
        availability="online",
        state=DeviceState(),
        target=None,
        open=False,
    )


class FakeLoudspeakers:
    """The devices: keeps the orders, and answers what a test says."""

    def __init__(self, events: Events, told: asyncio.Event) -> None:
        self.events = events
        self.told = told
        self.devices = {"loa-1": "alley-1", "loa-2": "alley-2"}
        self.orders: list[tuple[str, PlaySound | StopSound]] = []
        self.down = False
        self.gone: set[str] = set()

    def list_devices(self, kind: str | None = None, zones: set[str] | None = None) -> list[Device]:
        assert kind == "loudspeaker"
        return [
            loudspeaker(device_id, zone)
            for device_id, zone in self.devices.items()
            if zones is None or zone in zones
        ]

    def send(self, device_id: str, order: PlaySound | StopSound) -> None:
        if self.down:
            raise BrokerDown("The broker is not reachable")
        if device_id in self.gone:
            raise NotFound("There is no such device")
        self.orders.append((device_id, order))
        self.told.set()

    @property
    def plays(self) -> list[tuple[str, PlaySound]]:
        return [(where, order) for where, order in self.orders if isinstance(order, PlaySound)]

    @property
    def stops(self) -> list[tuple[str, StopSound]]:
        return [(where, order) for where, order in self.orders if isinstance(order, StopSound)]

    def say(self, device_id: str, order_id: str, status: str, reason: str = "") -> None:
        at = datetime.fromisoformat("2026-11-21T17:00:00+07:00")
        said = SoundAcknowledged(device_id, order_id, status, reason, at, None)
        self.events.publish(said)


class FakeRoads:
    def get_zone(self, zone_id: str) -> Zone:
        if zone_id not in {"village", "alley-1", "alley-2", "field"}:
            raise NotFound("There is no such road")
        return Zone(zone_id, zone_id, None)

    def members(self, zone_id: str) -> set[str]:
        return {"village", "alley-1", "alley-2", "field"} if zone_id == "village" else {zone_id}


class FakeWorkshop:
    """Makes files of nothing; a test can hold it back or make it fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[tuple[str, int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails: HubError | None = None

    def key(self, spoken: str, repeat: int) -> str:
        return f"{len(spoken)}-{repeat}"

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.mp3"

    async def make(self, spoken: str, repeat: int = 1) -> Sound:
        await self.open.wait()
        if self.fails is not None:
            raise self.fails
        self.made.append((spoken, repeat))
        path = self.path(self.key(spoken, repeat))
        path.write_bytes(b"mp3")
        return Sound(self.key(spoken, repeat), path, SOUND_S, "5" * 64, -16.0, -2.0, 3)


class World:
    """A hub with two loudspeakers, as far as announcements see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.events = Events()
        self.told = asyncio.Event()
        self.loudspeakers = FakeLoudspeakers(self.events, self.told)
        self.workshop = FakeWorkshop(folder)
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}")
        self.checkpoint: Callable[[str], None] = no_checkpoint
        self.changes: list[Delivery] = []
        self.announced: list[AnnouncementChanged] = []
        self.events.listen(DeliveryChanged, self._note)
        self.events.listen(AnnouncementChanged, self._note)
        self.part: Announcements = self.build()

    def _note(self, event: DeliveryChanged | AnnouncementChanged) -> None:
        if isinstance(event, DeliveryChanged):
            self.changes.append(event.delivery)
        else:
            self.announced.append(event)
        self.told.set()

    def _pass(self, point: str) -> None:
        self.checkpoint(point)

    def build(self) -> Announcements:
        return Announcements(
            self.database,
            self.loudspeakers,
            FakeRoads(),
            self.events,
            self.clock,
            self.workshop,
            AnnouncementSettings(),
            key=b"k" * 32,
            base_url=lambda: "http://hub.test:8080",
            checkpoint=self._pass,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Announcements]:
        """One run of the hub; another one begins from the disk alone."""
        self.part = self.build()
        await self.part.open()
        run = asyncio.create_task(self.part.run(), name="announcements")
        try:
            yield self.part
        finally:
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await self.told.wait()
                self.told.clear()

    async def state(self, announcement_id: str) -> dict[str, tuple[State, str]]:
        found = await self.part.get_announcement(announcement_id)
        return {one.loudspeaker_id: (one.state, one.reason) for one in found.deliveries}

    def latest(self, delivery_id: str) -> State | None:
        return next((one.state for one in reversed(self.changes) if one.id == delivery_id), None)

    async def playing(self, text: str = "Mời bà con họp", class_: str = "normal") -> str:
        """Announce on the first alley and let its loudspeaker begin; the id of the delivery."""
        before = len(self.loudspeakers.plays)
        made = await self.part.announce(text, ["alley-1"], class_, 1, HEAD)
        await self.until(lambda: len(self.loudspeakers.plays) > before)
        delivery = made.deliveries[0].id
        self.loudspeakers.say("loa-1", delivery, "accepted")
        self.loudspeakers.say("loa-1", delivery, "playing")
        await self.until(lambda: self.latest(delivery) is State.PLAYING)
        return delivery

    def lose_broker(self) -> None:
        self.loudspeakers.down = True
        self.events.publish(BrokerLost())

    def find_broker(self) -> None:
        self.loudspeakers.down = False
        self.events.publish(BrokerConnected(2))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.database.open()
    async with made.database.transaction() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.database.close()
