"""The hub itself: health, status, its description and the event stream."""

from contextlib import AsyncExitStack

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.answers import answer
from api.auth import Describe, Follow, SeeStatus
from api.bodies import Local
from api.feed import Feed
from api.public import public
from api.services import Hub
from api.streams import StreamResponse

router = APIRouter(prefix="/api/v1", tags=["hub"])


@router.get("/health", dependencies=[Depends(public)])
async def health() -> Response:
    """Whether the hub answers, and nothing more."""
    return answer({"status": "ok"})


@router.get("/status")
async def status(_session: SeeStatus, request: Request, hub: Hub) -> Response:
    """What the hub knows of itself."""
    local = Local(hub.settings.village.zone)
    feed: Feed = request.app.state.feed
    body = {
        "broker": {"connected": hub.mqtt.connected, "session": hub.mqtt.session},
        "database": {"open": True},
        "clock": {"now": hub.clock.now(), "trusted": hub.schedules.clock_trusted},
        "counts": {
            "devices": len(hub.devices.list_devices()),
            "found": len(hub.devices.list_found()),
            "cameras": len(hub.cameras.list_cameras()),
            "schedules": len(hub.schedules.list_schedules()),
            "zones": len(hub.zones.list_zones()),
            "phones_listening": feed.count,
        },
        "versions": {"hub": hub.version},
        "started_at": local.time(hub.started_at),
        "address": hub.base_url(),
    }
    return answer(body)


@router.get("/openapi.json")
async def describe(_session: Describe, request: Request) -> Response:
    """The description of this interface (OpenAPI)."""
    return answer(request.app.openapi())


@router.get("/events")
async def follow(session: Follow, request: Request) -> Response:
    """Server-sent events: `snapshot`, then one event per change, named for its noun."""
    feed: Feed = request.app.state.feed
    phone = feed.open(session.person.role, session.id)
    place = AsyncExitStack()
    place.callback(feed.leave, phone)
    return StreamResponse(phone.chunks(), "text/event-stream", phone.ended, place)
