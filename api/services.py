"""What the routes may call, handed over by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from announcements.service import Announcements
from api.bodies import Local
from camera.service import Cameras
from devices.service import Devices
from hub.clock import Clock
from hub.config import Settings
from hub.database import Database
from hub.events import Events
from hub.mqtt import Mqtt
from hub.zones import Zones
from people.service import People
from scheduler.service import Schedules


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the hub, as the routes see them."""

    settings: Settings
    clock: Clock
    events: Events
    database: Database
    mqtt: Mqtt
    zones: Zones
    devices: Devices
    cameras: Cameras
    people: People
    announcements: Announcements
    schedules: Schedules
    base_url: Callable[[], str]
    web_folder: Path
    started_at: datetime
    version: str


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that answers this request."""
    return cast("Services", connection.app.state.services)


async def _services(connection: HTTPConnection) -> Services:
    # FastAPI calls what is not async in a thread: two hops for each request, half its cost.
    return services_of(connection)


async def _local(connection: HTTPConnection) -> Local:
    return Local(services_of(connection).settings.village.zone)


Hub = Annotated[Services, Depends(_services)]
InVillageTime = Annotated[Local, Depends(_local)]
