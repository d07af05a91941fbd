"""The composition root: what the hub is made of, in the order in which it starts.

Constructors only store; `open()` reads what is stored; `run()` works until it is cancelled. The
order of stopping is the reverse. An error that a part did not expect ends the process with a code
other than 0, and whoever supervises it starts it again.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

import api
from announcements.service import Announcements
from announcements.workshop import Workshop
from api.app import make_app
from api.services import Services
from camera.service import Cameras
from devices.service import Devices
from hub.app.addresses import base_url
from hub.app.facts import own_secret
from hub.app.http import BoundedHttp
from hub.app.migrate import bring_up_to_date
from hub.app.seed import seed
from hub.app.server import Server
from hub.app.verbs import VillageVerbs, find_access_point
from hub.broker import Broker
from hub.clock import Clock, SystemClock
from hub.config import Settings
from hub.database import Database
from hub.errors import ConfigError
from hub.events import Events
from hub.mqtt import Mqtt
from hub.zones import Zones
from people.service import People
from scheduler.alarm import APSchedulerAlarm
from scheduler.service import Schedules
from scheduler.steps import Site
from scheduler.triggers import Place


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a composition root in tests puts in place of the real: time, and points to die at."""

    clock: Clock
    checkpoint: Callable[[str], None] = lambda _point: None


@dataclass(slots=True)
class Village:
    """The built hub: its parts and what runs."""

    services: Services
    broker: Broker
    running: Sequence[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]


@asynccontextmanager
async def build(
    settings: Settings, config_file: Path, around: Surroundings
) -> AsyncIterator[Village]:
    """Open the database, build the parts and read what is stored; closed in reverse order."""
    clock, events = around.clock, Events()
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Also where it was there before: passwords of cameras and sessions stand in it.
    settings.data.chmod(0o700)
    database = Database(settings.database_url)
    async with AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        await bring_up_to_date(settings.database_url)

        broker = Broker(settings.broker, settings.data, clock, config_file=str(config_file))
        mqtt = Mqtt(events, clock, broker.address)
        zones = Zones(database, events)
        people = People(database, clock, events)
        devices = Devices(database, mqtt, events, clock, zones, checkpoint=around.checkpoint)
        cameras = Cameras(database, events, clock, settings.cameras)
        announcements = Announcements(
            database,
            devices,
            zones,
            events,
            clock,
            Workshop(settings.data / "sounds", settings.announcements),
            settings.announcements,
            key=await own_secret(database, "sound_key"),
            base_url=lambda: base_url(settings.server),
            checkpoint=around.checkpoint,
        )
        site = Site(
            Place(settings.village.latitude, settings.village.longitude, settings.village.zone),
            zones.members,
            partial(find_access_point, devices),
            settings.announcements.grace_s,
        )
        schedules = Schedules(
            database,
            events,
            clock,
            site,
            VillageVerbs(devices, announcements),
            APSchedulerAlarm(settings.village.zone),
            around.checkpoint,
        )
        parts = (zones, people, devices, cameras, announcements, schedules)
        for opening in [part.open for part in parts]:
            await opening()
        await seed(settings.begin, database, zones, devices, cameras, schedules)
        await broker.start()
        stack.push_async_callback(broker.stop)

        services = Services(
            settings=settings,
            clock=clock,
            events=events,
            database=database,
            mqtt=mqtt,
            zones=zones,
            devices=devices,
            cameras=cameras,
            people=people,
            announcements=announcements,
            schedules=schedules,
            base_url=lambda: base_url(settings.server),
            web_folder=Path(api.__file__).parent.parent / "web",
            started_at=clock.now(),
            version=_version(),
        )
        running = [
            ("broker", broker.run),
            ("mqtt", mqtt.run),
            ("people", people.run),
            ("devices", devices.run),
            ("cameras", cameras.run),
            ("announcements", announcements.run),
            ("schedules", schedules.run),
        ]
        yield Village(services, broker, running)


async def run(
    settings: Settings,
    config_file: Path,
    greet: Callable[[Services], Awaitable[None]],
    around: Surroundings | None = None,
) -> None:
    """Run the hub until SIGTERM or SIGINT; `greet` is called when it serves."""
    around = around or Surroundings(SystemClock(settings.village.zone))
    listener = bind(settings, config_file)
    async with build(settings, config_file, around) as village:
        app = make_app(village.services)
        await app.state.news.open()
        server = _server(settings, app)
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, server.stop)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(part(), name=name) for name, part in village.running]
            working.append(tasks.create_task(app.state.feed.run(), name="feed"))
            working.append(tasks.create_task(app.state.keys.run(), name="idempotency keys"))
            working.append(
                tasks.create_task(_when(server.ready, greet, village.services), name="greeting")
            )
            await server.serve(sockets=[listener])
            for task in reversed(working):
                task.cancel()


def bind(settings: Settings, config_file: Path) -> socket.socket:
    """Take the port of the page. Raises ConfigError when it is taken."""
    server = settings.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        return socket.create_server((server.host, server.port), family=family, backlog=1024)
    except OSError as error:
        expected = f"a free port at {server.host} ({error.strerror})"
        raise ConfigError(str(config_file), "server.port", server.port, expected) from None


def _server(settings: Settings, app: FastAPI) -> Server:
    proxies = list(settings.server.trusted_proxies)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        timeout_keep_alive=75,
        http=BoundedHttp,
        ws="none",
    )

    def end_streams() -> None:
        app.state.feed.close()
        app.state.looks.close()

    return Server(config, end_streams=end_streams)


async def _when(
    ready: asyncio.Event, greet: Callable[[Services], Awaitable[None]], services: Services
) -> None:
    await ready.wait()
    await greet(services)


def _version() -> str:
    try:
        return version("village-hub")
    except PackageNotFoundError:  # run from a folder of sources
        return "0"
