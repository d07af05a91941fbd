"""One-time sign-in links for others."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import answer
from api.auth import Invite, actor
from api.idempotency import ActingRoute
from api.links import qr_address, sign_in_link
from api.schemas import NewCode
from api.services import Hub, InVillageTime
from people.permissions import Role

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=ActingRoute)


@router.post("/sign-in-codes", status_code=201)
async def make_code(sent: NewCode, session: Invite, hub: Hub, local: InVillageTime) -> Response:
    """A one-time link for somebody else."""
    code = await hub.people.make_code(Role(sent.role), actor(session))
    link = sign_in_link(hub.base_url(), code.secret)
    body = {"link": link, "qr": qr_address(link), "expires_at": local.time(code.expires_at)}
    return answer(body, 201)
