"""Lights, loudspeakers and access points."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import answer, nothing
from api.auth import ChangeDevices, CommandDevices, SeeDevices, actor
from api.bodies import command_body, device_body, found_body
from api.idempotency import ActingRoute
from api.paging import Cursor, Limit, page
from api.schemas import DeviceEdit, NewCommand, NewDevice, Volume
from api.services import Hub, InVillageTime
from devices.models import Wish

router = APIRouter(prefix="/api/v1/devices", tags=["devices"], route_class=ActingRoute)

Kind = Literal["light", "loudspeaker", "access_point"]


@router.get("")
async def list_devices(
    _session: SeeDevices,
    hub: Hub,
    local: InVillageTime,
    kind: Kind | None = None,
    zone: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    """All adopted devices, of one kind or in one zone."""
    zones = None if zone is None else hub.zones.members(zone)
    chosen = hub.devices.list_devices(kind=kind, zones=zones)
    items, after = page(chosen, lambda device: device.id, cursor, limit)
    return answer({"items": [device_body(d, local) for d in items], "next": after})


@router.post("", status_code=201)
async def adopt(
    sent: NewDevice, session: ChangeDevices, hub: Hub, local: InVillageTime
) -> Response:
    """Name a found device and put it on a road."""
    device = await hub.devices.adopt(
        sent.driver, sent.address, sent.kind, sent.name, sent.zone, actor(session)
    )
    return answer(device_body(device, local), 201)


@router.get("/found")
async def list_found(
    _session: ChangeDevices,
    hub: Hub,
    local: InVillageTime,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    """Devices that have introduced themselves and wait to be named."""
    items, after = page(hub.devices.list_found(), lambda found: found.id, cursor, limit)
    return answer({"items": [found_body(found, local) for found in items], "next": after})


@router.get("/{device_id}")
async def get_device(
    device_id: str, _session: SeeDevices, hub: Hub, local: InVillageTime
) -> Response:
    """One device."""
    return answer(device_body(hub.devices.get_device(device_id), local))


@router.patch("/{device_id}")
async def change_device(
    device_id: str, sent: DeviceEdit, _session: ChangeDevices, hub: Hub, local: InVillageTime
) -> Response:
    """Rename a device or move it to another road."""
    device = await hub.devices.change(device_id, sent.name, sent.zone)
    return answer(device_body(device, local))


@router.delete("/{device_id}", status_code=204)
async def remove_device(device_id: str, _session: ChangeDevices, hub: Hub) -> Response:
    """Take a device out; if it still introduces itself, it waits in the inbox again."""
    await hub.devices.remove(device_id)
    return nothing()


@router.post("/{device_id}/commands")
async def command_device(
    device_id: str,
    sent: NewCommand,
    session: CommandDevices,
    hub: Hub,
    local: InVillageTime,
) -> Response:
    """Switch a device: 200 only when the device itself has confirmed it."""
    wish = Wish(turn=sent.turn, level=sent.level, until=sent.until, reason=sent.reason)
    command = await hub.devices.command(device_id, wish, actor(session))
    return answer({"command": command_body(command, local)})


@router.post("/{device_id}/volume")
async def set_volume(
    device_id: str,
    sent: Volume,
    session: CommandDevices,
    hub: Hub,
    local: InVillageTime,
) -> Response:
    """Set how loud a loudspeaker plays."""
    await hub.devices.set_volume(device_id, sent.percent, actor(session))
    return answer(device_body(hub.devices.get_device(device_id), local))
