"""Signing in and out.

An answer to a sign-in carries the secret of the session, which is stored nowhere: it cannot be
given a second time, so these routes keep no answers by `Idempotency-Key`.
"""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.answers import answer, nothing
from api.auth import COOKIE, OwnSession, drop_cookie, is_secure, set_cookie
from api.bodies import Body, person_body
from api.public import public
from api.schemas import SignIn
from api.services import Hub, Services
from people.models import Session

router = APIRouter(prefix="/api/v1", tags=["people"])


@router.post("/session", dependencies=[Depends(public)])
async def sign_in(sent: SignIn, request: Request, hub: Hub) -> Response:
    """Sign this phone in with the secret of a one-time link."""
    address = request.client.host if request.client else ""
    phone = request.headers.get("user-agent", "")[:200]
    token, session = await hub.people.sign_in(sent.code, phone=phone, address=address)
    response = answer(_session_body(session, request, hub))
    set_cookie(response, request, token)
    return response


@router.get("/session")
async def get_session(session: OwnSession, request: Request, hub: Hub) -> Response:
    """Who is signed in on this phone."""
    return answer(_session_body(session, request, hub))


@router.delete("/session")
async def sign_out(_session: OwnSession, request: Request, hub: Hub) -> Response:
    """Sign this phone out; its open streams end."""
    await hub.people.sign_out(request.cookies[COOKIE])
    response = nothing()
    drop_cookie(response, request)
    return response


def _session_body(session: Session, request: Request, hub: Services) -> Body:
    village = hub.settings.village
    return {
        "person": person_body(session.person),
        "role": session.person.role,
        "village": {
            "name": village.name,
            "latitude": village.latitude,
            "longitude": village.longitude,
            "timezone": village.timezone,
            "head_phone": village.head_phone,
        },
        "secure": is_secure(request),
    }
