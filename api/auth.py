"""Who asks, and whether they may: every route names one verb of the permission table."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.services import services_of
from hub.actors import Actor
from hub.errors import NotPermitted, NotSignedIn
from people.models import Session
from people.permissions import Verb, may

COOKIE = "village_session"
_COOKIE_DAYS = 400  # the longest that browsers keep a cookie


class Permit:
    """A route's dependency: the session of a person who may do `verb`.

    Raises NotSignedIn without a session and NotPermitted for a role without the right.
    """

    def __init__(self, verb: Verb) -> None:
        self.verb = verb

    async def __call__(self, connection: HTTPConnection) -> Session:
        session = await session_of(connection)
        if not may(session.person.role, self.verb):
            detail = "You may not do this: ask the village head"
            raise NotPermitted(detail)
        return session


async def session_of(connection: HTTPConnection) -> Session:
    """The session of the phone that asks. Raises NotSignedIn."""
    token = connection.cookies.get(COOKIE)
    session = await services_of(connection).people.find_session(token) if token else None
    if session is None:
        detail = "Nobody is signed in on this phone: open the link from the village head"
        raise NotSignedIn(detail)
    return session


def actor(session: Session) -> Actor:
    """The signed-in person as the one who acts."""
    return Actor("person", session.person.id, session.person.name)


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the page came by https."""
    return connection.url.scheme in ("https", "wss")


def set_cookie(response: Response, connection: HTTPConnection, token: str) -> None:
    """Keep the phone signed in. Secure whenever the page came by https."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_DAYS * 86_400,
        httponly=True,
        secure=is_secure(connection),
        samesite="lax",
        path="/",
    )


def drop_cookie(response: Response, connection: HTTPConnection) -> None:
    """Forget the phone."""
    response.delete_cookie(
        COOKIE, path="/", httponly=True, secure=is_secure(connection), samesite="lax"
    )


Check = Callable[..., Awaitable[Session]]

SeeZones = Annotated[Session, Depends(Permit(Verb.ZONES_SEE))]
ChangeZones = Annotated[Session, Depends(Permit(Verb.ZONES_CHANGE))]
SeeDevices = Annotated[Session, Depends(Permit(Verb.DEVICES_SEE))]
ChangeDevices = Annotated[Session, Depends(Permit(Verb.DEVICES_CHANGE))]
CommandDevices = Annotated[Session, Depends(Permit(Verb.DEVICES_COMMAND))]
SeeAnnouncements = Annotated[Session, Depends(Permit(Verb.ANNOUNCEMENTS_SEE))]
Announce = Annotated[Session, Depends(Permit(Verb.ANNOUNCEMENTS_ANNOUNCE))]
StopAnnouncements = Annotated[Session, Depends(Permit(Verb.ANNOUNCEMENTS_STOP))]
WatchCameras = Annotated[Session, Depends(Permit(Verb.CAMERAS_WATCH))]
ChangeCameras = Annotated[Session, Depends(Permit(Verb.CAMERAS_CHANGE))]
SeeSchedules = Annotated[Session, Depends(Permit(Verb.SCHEDULES_SEE))]
ChangeSchedules = Annotated[Session, Depends(Permit(Verb.SCHEDULES_CHANGE))]
Invite = Annotated[Session, Depends(Permit(Verb.PEOPLE_INVITE))]
SeeStatus = Annotated[Session, Depends(Permit(Verb.HUB_STATUS))]
Describe = Annotated[Session, Depends(Permit(Verb.HUB_DESCRIBE))]
Follow = Annotated[Session, Depends(Permit(Verb.EVENTS_FOLLOW))]
OwnSession = Annotated[Session, Depends(Permit(Verb.SESSION_OWN))]
