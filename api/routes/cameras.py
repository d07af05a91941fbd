"""Cameras: stills and one shared stream of pictures."""

from contextlib import AsyncExitStack

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.answers import answer, nothing
from api.auth import ChangeCameras, WatchCameras, actor
from api.bodies import Local, camera_body
from api.idempotency import ActingRoute
from api.paging import Cursor, Limit, page
from api.schemas import CameraEdit, NewCamera
from api.services import Hub
from api.streams import Looks

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"], route_class=ActingRoute)


@router.get("")
async def list_cameras(
    _session: WatchCameras, hub: Hub, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """All cameras."""
    local = Local(hub.settings.village.zone)
    items, after = page(hub.cameras.list_cameras(), lambda camera: camera.id, cursor, limit)
    return answer({"items": [camera_body(camera, local) for camera in items], "next": after})


@router.post("", status_code=201)
async def add_camera(sent: NewCamera, session: ChangeCameras, hub: Hub) -> Response:
    """Add a camera by its rtsp address."""
    if sent.zone is not None:
        hub.zones.get_zone(sent.zone)
    camera = await hub.cameras.add_camera(sent.name, sent.url, sent.zone, actor(session))
    return answer(camera_body(camera, Local(hub.settings.village.zone)), 201)


@router.get("/{camera_id}")
async def get_camera(camera_id: str, _session: WatchCameras, hub: Hub) -> Response:
    """One camera."""
    local = Local(hub.settings.village.zone)
    return answer(camera_body(hub.cameras.get_camera(camera_id), local))


@router.patch("/{camera_id}")
async def change_camera(
    camera_id: str, sent: CameraEdit, session: ChangeCameras, hub: Hub
) -> Response:
    """Rename a camera, move it, or give it a new address."""
    if sent.zone is not None:
        hub.zones.get_zone(sent.zone)
    camera = await hub.cameras.change_camera(
        camera_id, actor(session), name=sent.name, url=sent.url, zone_id=sent.zone
    )
    return answer(camera_body(camera, Local(hub.settings.village.zone)))


@router.delete("/{camera_id}", status_code=204)
async def remove_camera(camera_id: str, session: ChangeCameras, hub: Hub) -> Response:
    """Take a camera out."""
    await hub.cameras.remove_camera(camera_id, actor(session))
    return nothing()


@router.get("/{camera_id}/snapshot.jpg")
async def snapshot(camera_id: str, request: Request, _session: WatchCameras, hub: Hub) -> Response:
    """The newest picture, at most about two seconds old."""
    still = await hub.cameras.snapshot(camera_id)
    headers = {
        "ETag": f'"{still.etag}"',
        "Cache-Control": "private, no-cache",
        "X-Picture-At": still.at.isoformat(),
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(still.jpeg, media_type="image/jpeg", headers=headers)


@router.get("/{camera_id}/stream.mjpeg")
async def stream(camera_id: str, request: Request, session: WatchCameras, hub: Hub) -> Response:
    """The shared stream of pictures, as multipart/x-mixed-replace."""
    looks: Looks = request.app.state.looks
    async with AsyncExitStack() as place:
        pictures = await place.enter_async_context(hub.cameras.watch(camera_id))
        return looks.show(pictures, place.pop_all(), session.id)
