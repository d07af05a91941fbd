"""The map of the village, and commands to all lights of a part of it."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import answer, nothing
from api.auth import ChangeZones, CommandDevices, SeeZones, actor
from api.bodies import zone_body
from api.idempotency import ActingRoute
from api.paging import Cursor, Limit, page
from api.schemas import NewCommand, NewZone, ZoneEdit
from api.services import Hub
from devices.models import Wish
from hub.errors import Conflict

router = APIRouter(prefix="/api/v1/zones", tags=["zones"], route_class=ActingRoute)


@router.get("")
async def list_zones(
    _session: SeeZones, hub: Hub, cursor: Cursor = None, limit: Limit = 500
) -> Response:
    """All zones."""
    items, after = page(hub.zones.list_zones(), lambda zone: zone.id, cursor, limit)
    return answer({"items": [zone_body(zone) for zone in items], "next": after})


@router.post("", status_code=201)
async def add_zone(sent: NewZone, _session: ChangeZones, hub: Hub) -> Response:
    """Add a road, alley or hamlet."""
    return answer(zone_body(await hub.zones.add_zone(sent.name, sent.parent)), 201)


@router.get("/{zone_id}")
async def get_zone(zone_id: str, _session: SeeZones, hub: Hub) -> Response:
    """One zone."""
    return answer(zone_body(hub.zones.get_zone(zone_id)))


@router.patch("/{zone_id}")
async def change_zone(zone_id: str, sent: ZoneEdit, _session: ChangeZones, hub: Hub) -> Response:
    """Rename or move a zone."""
    kept = hub.zones.get_zone(zone_id).parent_id
    parent = sent.parent if "parent" in sent.model_fields_set else kept
    return answer(zone_body(await hub.zones.change_zone(zone_id, sent.name, parent)))


@router.delete("/{zone_id}", status_code=204)
async def remove_zone(zone_id: str, _session: ChangeZones, hub: Hub) -> Response:
    """Remove an empty zone."""
    hub.zones.get_zone(zone_id)
    if any(device.zone_id == zone_id for device in hub.devices.list_devices()) or any(
        camera.zone_id == zone_id for camera in hub.cameras.list_cameras()
    ):
        detail = "Devices or cameras stand in this zone: move them first"
        raise Conflict(detail)
    await hub.zones.remove_zone(zone_id)
    return nothing()


@router.post("/{zone_id}/commands")
async def command_zone(
    zone_id: str, sent: NewCommand, session: CommandDevices, hub: Hub
) -> Response:
    """Switch all lights of a zone: 200 when all confirmed, 207 when some did not."""
    wish = Wish(turn=sent.turn, level=sent.level, until=sent.until, reason=sent.reason)
    outcome = await hub.devices.command_zone(zone_id, wish, actor(session))
    body = {
        "command": {"id": outcome.command_id},
        "confirmed": [device.id for device in outcome.confirmed],
        "unconfirmed": [device.id for device in outcome.unconfirmed],
    }
    return answer(body, 207 if outcome.unconfirmed else 200)
