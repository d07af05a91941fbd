"""The hub's devices as a process that gives one command and dies at a named point.

Arguments: the folder, the broker's port, the point. Prints `confirmed` if it gets so far.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from devices.models import DeviceChanged, Wish
from devices.service import Devices
from hub.actors import Actor
from hub.clock import SystemClock
from hub.database import Database
from hub.events import Events
from hub.mqtt import BrokerAddress, Mqtt
from hub.zones import Zones
from tests.fakes import VILLAGE_ZONE


async def main(folder: Path, port: int, point: str) -> None:
    def checkpoint(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    clock, events = SystemClock(VILLAGE_ZONE), Events()
    database = Database(f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}")
    await database.open()
    zones = Zones(database, events)
    await zones.open()
    mqtt = Mqtt(events, clock, BrokerAddress("127.0.0.1", port))
    devices = Devices(database, mqtt, events, clock, zones, checkpoint)
    heard = asyncio.Event()
    events.listen(DeviceChanged, lambda e: None if e.device.state.stale else heard.set())
    await devices.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(mqtt.run())
        group.create_task(devices.run())
        await asyncio.wait_for(heard.wait(), 10)
        [lamp] = devices.list_devices()
        await devices.command(lamp.id, Wish("on"), Actor("person", "p1", "Ông Hùng"))
        sys.stdout.write("confirmed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
