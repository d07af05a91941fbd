"""What the village hears."""

import asyncio

from fastapi import APIRouter, Depends
from starlette.responses import FileResponse, Response

from announcements.models import Announcement
from announcements.speech.normalise import normalise
from api.answers import answer
from api.auth import Announce, SeeAnnouncements, StopAnnouncements, actor
from api.bodies import Body, Local, announcement_body
from api.idempotency import ActingRoute
from api.paging import Cursor, Limit, cursor_after, id_of
from api.public import public
from api.schemas import NewAnnouncement, TextPreview
from api.services import Hub, Services
from people.models import Session
from people.permissions import Verb, may

router = APIRouter(prefix="/api/v1", tags=["announcements"], route_class=ActingRoute)
sound_router = APIRouter(tags=["announcements"])


@router.get("/announcements")
async def list_announcements(
    session: SeeAnnouncements, hub: Hub, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Announcements, the newest first."""
    found = await hub.announcements.list_announcements(before=id_of(cursor), limit=limit + 1)
    items = found[:limit]
    after = cursor_after(items[-1].id) if len(found) > limit else None
    return answer({"items": [_body(item, session, hub) for item in items], "next": after})


@router.post("/announcements", status_code=201)
async def announce(sent: NewAnnouncement, session: Announce, hub: Hub) -> Response:
    """Speak a text on the loudspeakers of some zones."""
    announcement = await hub.announcements.announce(
        sent.text, sent.zones, sent.class_, sent.repeat, actor(session)
    )
    return answer({"id": announcement.id}, 201)


@router.post("/announcements/preview")
async def preview(sent: TextPreview, _session: Announce) -> Response:
    """The text exactly as it will be spoken."""
    # Off the loop: 2,000 characters take longer than the loop may be held.
    return answer({"spoken": await asyncio.to_thread(normalise, sent.text)})


@router.get("/announcements/{announcement_id}")
async def get_announcement(announcement_id: str, session: SeeAnnouncements, hub: Hub) -> Response:
    """One announcement; for those who may see devices, with what became of it on each."""
    return answer(_body(await hub.announcements.get_announcement(announcement_id), session, hub))


@router.get("/announcements/{announcement_id}/audio.mp3")
async def hear_again(announcement_id: str, _session: SeeAnnouncements, hub: Hub) -> Response:
    """The sound of an announcement."""
    return await _sound(hub, announcement_id)


@router.post("/announcements/{announcement_id}/stop")
async def stop(announcement_id: str, session: StopAnnouncements, hub: Hub) -> Response:
    """Stop one announcement wherever it plays or waits."""
    await hub.announcements.stop(announcement_id, actor(session))
    return answer(_body(await hub.announcements.get_announcement(announcement_id), session, hub))


@router.post("/loudspeakers/stop")
async def stop_all(session: StopAnnouncements, hub: Hub) -> Response:
    """STOP: every loudspeaker falls silent, and nothing that waits is played."""
    return answer({"loudspeakers": await hub.announcements.stop_all(actor(session))})


@sound_router.get("/sound/{announcement_id}.mp3", dependencies=[Depends(public)])
async def fetch_sound(announcement_id: str, expires: int, signature: str, hub: Hub) -> Response:
    """The sound, for a loudspeaker that was given this signed address. Raises NotPermitted."""
    hub.announcements.check_signature(announcement_id, expires, signature)
    return await _sound(hub, announcement_id)


async def _sound(hub: Services, announcement_id: str) -> Response:
    path = await hub.announcements.sound_file(announcement_id)
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(path, media_type="audio/mpeg", headers=headers)


def _body(announcement: Announcement, session: Session, hub: Services) -> Body:
    whole = may(session.person.role, Verb.DEVICES_SEE)
    local = Local(hub.settings.village.zone)
    return announcement_body(announcement, local, deliveries=whole)
