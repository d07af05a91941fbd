"""A hub's devices with a make-believe broker and clock, and relays that answer or do not."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from devices.models import (
    CommandChanged,
    Device,
    DeviceChanged,
    DeviceRemoved,
    FoundChanged,
    Kind,
    SoundAcknowledged,
)
from devices.service import Devices
from hub.actors import Actor
from hub.database import Database, metadata
from hub.events import Events
from hub.mqtt import BrokerConnected, BrokerLost, Mqtt, Publish
from hub.zones import Zones
from tests.fakes import FakeClock, FakeMqtt, settle

HEAD = Actor("person", "p1", "Ông Hùng")
CALENDAR = Actor("schedule", "s1", "Bật đèn")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "tasmota"
T = TypeVar("T")


class AnsweringMqtt(FakeMqtt):
    """A broker with relays that carry out what they are told, until told to be silent."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = False
        self.relays: dict[str, str] = {}

    def publish(self, message: Publish, acknowledged: Any = None) -> None:  # noqa: ANN401
        super().publish(message, acknowledged)
        prefix, topic, command = (*message.topic.split("/"), "")[:3]
        if prefix == "cmnd" and command.startswith("POWER") and not self.silent:
            asyncio.get_running_loop().call_soon(
                self.obey, topic, command, message.payload.decode()
            )

    def obey(self, topic: str, command: str, word: str) -> None:
        key = f"{topic}/{command}"
        self.relays[key] = word or self.relays.get(key, "OFF")
        self.report(topic, command)

    def report(self, topic: str, command: str) -> None:
        """As a real relay says it: RESULT, then the plain echo."""
        word = self.relays[f"{topic}/{command}"]
        self.deliver(f"stat/{topic}/RESULT", json.dumps({command: word}))
        self.deliver(f"stat/{topic}/{command}", word)

    def press(self, topic: str, command: str, word: str) -> None:
        """A hand at the pole."""
        self.relays[f"{topic}/{command}"] = word
        self.report(topic, command)

    def boot(self, topic: str, command: str, word: str) -> None:
        """Power comes back: the relay takes `word` and says so."""
        self.relays[f"{topic}/{command}"] = word
        self.deliver(f"tele/{topic}/LWT", "Online")
        self.report(topic, command)

    def sent(self, start: str = "cmnd/") -> list[tuple[str, str]]:
        return [
            (message.topic, message.payload.decode())
            for message in self.published
            if message.topic.startswith(start)
        ]


class World:
    """The part under test and what it stands on."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.events = Events()
        self.mqtt = AnsweringMqtt()
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}")
        self.zones = Zones(self.database, self.events)
        self.reached: list[str] = []
        self.published = asyncio.Event()
        self.devices = self.make_devices()
        self.told: list[Any] = []
        self.road = ""
        self.alley = ""
        for kind in (
            DeviceChanged,
            DeviceRemoved,
            CommandChanged,
            FoundChanged,
            SoundAcknowledged,
        ):
            self.events.listen(kind, self.told.append)

    def make_devices(self) -> Devices:
        return Devices(
            self.database,
            cast("Mqtt", self.mqtt),
            self.events,
            self.clock,
            self.zones,
            self._at,
        )

    def _at(self, checkpoint: str) -> None:
        self.reached.append(checkpoint)
        if checkpoint == "command:published":
            self.published.set()

    async def open(self) -> None:
        await self.database.open()
        async with self.database.transaction() as connection:
            await connection.run_sync(metadata.create_all)
        await self.zones.open()
        self.road = (await self.zones.add_zone("Đường Đình")).id
        self.alley = (await self.zones.add_zone("Ngõ 1", self.road)).id
        await self.devices.open()

    async def restart(self) -> None:
        """The hub ends at once and starts again on the same database."""
        self.events = Events()
        self.mqtt = AnsweringMqtt()
        self.zones = Zones(self.database, self.events)
        await self.zones.open()
        self.devices = self.make_devices()
        await self.devices.open()

    def announce(self, mac: str, relays: Sequence[int] = (1,), **changed: object) -> None:
        """A box introduces itself; its topic is its MAC in small letters."""
        self.mqtt.deliver(
            f"tasmota/discovery/{mac}/config", config(mac, relays, **changed), retained=True
        )

    async def adopt(self, mac: str, channel: int = 1, zone_id: str = "") -> Device:
        return await self.devices.adopt(
            "tasmota", f"{mac}/{channel}", "light", f"Cột {mac[-2:]}", zone_id or self.road, HEAD
        )

    async def light(self, mac: str = "A0B1C2D3E001", word: str = "OFF", zone_id: str = "") -> str:
        """An adopted light that has reported; gives back its id."""
        self.announce(mac)
        device = await self.adopt(mac, zone_id=zone_id)
        self.mqtt.obey(mac.lower(), "POWER", word)
        self.mqtt.published.clear()
        return device.id

    async def agent(self, kind: Kind, id_: str) -> str:
        """A seeded loudspeaker or access point."""
        return (await self.devices.seed(kind, id_, kind, f"Máy {id_}", self.road)).id

    def said(self, kind: type[T]) -> list[T]:
        return [event for event in self.told if isinstance(event, kind)]

    def lose_broker(self) -> None:
        self.mqtt.connected = False
        self.events.publish(BrokerLost())

    def find_broker(self) -> None:
        self.mqtt.connected = True
        self.mqtt.session += 1
        self.events.publish(BrokerConnected(self.mqtt.session))

    async def idle(self) -> None:
        """Let the database's thread finish, and what waits for it."""
        async with self.database.transaction():
            pass
        await settle()


async def begun(world: World, wish: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """The command up to where it waits for the device."""
    world.published.clear()
    task = asyncio.create_task(wish)
    async with asyncio.timeout(5):
        await world.published.wait()
    await settle()
    return task


def config(mac: str, relays: Sequence[int] = (1,), **changed: object) -> str:
    """A discovery message in the shape of Tasmota 14."""
    said: dict[str, object] = {
        "ip": "192.168.1.20",
        "dn": f"Tasmota {mac[-4:]}",
        "fn": [f"Relay {n + 1}" for n in range(len(relays))],
        "hn": mac.lower(),
        "mac": mac,
        "md": "Sonoff 4CH",
        "ofln": "Offline",
        "onln": "Online",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"],
        "t": mac.lower(),
        "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"],
        "rl": [*relays, *[0] * (8 - len(relays))],
        "so": {"4": 0, "20": 0},
        "lt_st": 0,
    }
    return json.dumps(said | changed)


def recorded(name: str) -> list[dict[str, Any]]:
    """The messages of a fixture."""
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    assert found["source"]
    messages: list[dict[str, Any]] = found["messages"]
    return messages
