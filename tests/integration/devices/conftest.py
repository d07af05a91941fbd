import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from devices.models import Device, DeviceChanged, FoundChanged
from devices.service import Devices
from hub.clock import SystemClock
from hub.database import Database, metadata
from hub.events import Events
from hub.mqtt import BrokerConnected, BrokerLost, Mqtt
from hub.zones import Zones
from tests.brokers import Mosquitto, mosquitto, running
from tests.fakes import VILLAGE_ZONE
from tests.integration.devices.relays import RelayBox

SOON_S = 8.0


class LiveHub:
    """The hub's devices on a real broker and a real clock."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.broker = broker
        self.clock = SystemClock(VILLAGE_ZONE)
        self.events = Events()
        self.mqtt = Mqtt(self.events, self.clock, broker.address)
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}")
        self.zones = Zones(self.database, self.events)
        self.devices = Devices(self.database, self.mqtt, self.events, self.clock, self.zones)
        self.road = ""
        self._changed = asyncio.Event()
        for kind in (DeviceChanged, FoundChanged, BrokerConnected, BrokerLost):
            self.events.listen(kind, lambda _: self._changed.set())

    async def open(self) -> None:
        await self.database.open()
        async with self.database.transaction() as connection:
            await connection.run_sync(metadata.create_all)
        await self.zones.open()
        self.road = (await self.zones.add_zone("Đường Đình")).id
        await self.devices.open()

    async def until(self, true: Callable[[], bool], within_s: float = SOON_S) -> None:
        """Wait for something that changes with a device or the broker."""
        async with asyncio.timeout(within_s):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def light(self, box: RelayBox, channel: int = 1) -> Device:
        """The light of a box, once it has reported."""
        seeded = await self.devices.seed(
            "tasmota", f"{box.mac}/{channel}", "light", f"Cột {box.mac[-2:]}", self.road
        )
        await self.until(lambda: not self.devices.get_device(seeded.id).state.stale)
        return self.devices.get_device(seeded.id)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as made:
        yield made


@pytest.fixture
async def hub(tmp_path: Path, broker: Mosquitto) -> AsyncIterator[LiveHub]:
    made = LiveHub(tmp_path, broker)
    await made.open()
    async with running(made.mqtt.run()), running(made.devices.run()):
        await made.until(lambda: made.mqtt.connected)
        yield made
    await made.database.close()


@pytest.fixture
def make_box(broker: Mosquitto) -> Iterator[Callable[..., RelayBox]]:
    made: list[RelayBox] = []

    def make(mac: str = "A0B1C2D3E001", relays: int = 1) -> RelayBox:
        made.append(RelayBox(broker.port, mac, relays))
        return made[-1]

    yield make
    for box in made:
        box.end()
