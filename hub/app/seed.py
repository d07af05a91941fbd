"""Fills an empty database once with the village of config.yaml."""

from collections.abc import Iterable
from urllib.parse import quote

from camera.service import Cameras
from devices.service import Devices
from hub.actors import HUB
from hub.app.facts import add_fact, find_fact
from hub.config import Beginning, FirstCamera
from hub.database import Database
from hub.errors import ConfigError
from hub.zones import Zones
from scheduler.service import Schedules

_DONE = "begun"


async def seed(
    begin: Beginning,
    database: Database,
    zones: Zones,
    devices: Devices,
    cameras: Cameras,
    schedules: Schedules,
) -> None:
    """Do it, unless it was done. A start that was cut off in the middle goes on where it was."""
    if await find_fact(database, _DONE) is not None:
        return
    for zone in begin.zones:
        if zones.find_by_name(zone.name) is None:
            await zones.add_zone(zone.name, _id_of(zones, zone.parent))
    for device in begin.devices:
        await devices.seed(
            device.driver, device.address, device.kind, device.name, _id(zones, device.zone)
        )
    known = {camera.name for camera in cameras.list_cameras()}
    for camera in begin.cameras:
        if camera.name not in known:
            zone_id = _id_of(zones, camera.zone)
            await cameras.add_camera(camera.name, _with_password(camera), zone_id, HUB)
    planned = {schedule.name for schedule in schedules.list_schedules()}
    for schedule in begin.schedules:
        if schedule.name not in planned:
            action = _with_ids(zones, schedule.action)
            await schedules.add_schedule(schedule.name, schedule.trigger, action, HUB, enabled=True)
    await add_fact(database, _DONE, "yes")


def _with_ids(zones: Zones, action: dict[str, object]) -> dict[str, object]:
    """The action with the ids of its zones in place of their names."""
    named = action.get("zones")
    if not isinstance(named, Iterable):
        return action
    return {**action, "zones": [_id(zones, str(name)) for name in named]}


def _with_password(camera: FirstCamera) -> str:
    """The address as the camera wants it; the password comes from its file."""
    if camera.username is None:
        return camera.url
    password = ""
    if camera.password_file is not None:
        try:
            password = camera.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            key = f"begin.cameras ({camera.name}).password_file"
            expected = f"a readable file ({error.strerror})"
            raise ConfigError("config.yaml", key, str(camera.password_file), expected) from None
    scheme, _, rest = camera.url.partition("://")
    return f"{scheme}://{quote(camera.username, safe='')}:{quote(password, safe='')}@{rest}"


def _id_of(zones: Zones, name: str | None) -> str | None:
    return None if name is None else _id(zones, name)


def _id(zones: Zones, name: str) -> str:
    zone = zones.find_by_name(name)
    if zone is None:
        raise ConfigError("config.yaml", "begin", name, "the name of one of the zones")
    return zone.id
