"""What happens by itself, and when."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import answer, nothing
from api.auth import ChangeSchedules, SeeSchedules, actor
from api.bodies import Local, schedule_body
from api.idempotency import ActingRoute
from api.paging import Cursor, Limit, page
from api.schemas import NewSchedule, ScheduleEdit
from api.services import Hub

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"], route_class=ActingRoute)


@router.get("")
async def list_schedules(
    _session: SeeSchedules, hub: Hub, cursor: Cursor = None, limit: Limit = 500
) -> Response:
    """All schedules, with their next and last run."""
    local = Local(hub.settings.village.zone)
    items, after = page(hub.schedules.list_schedules(), lambda s: s.id, cursor, limit)
    return answer({"items": [schedule_body(s, local) for s in items], "next": after})


@router.post("", status_code=201)
async def add_schedule(sent: NewSchedule, session: ChangeSchedules, hub: Hub) -> Response:
    """Add a schedule."""
    schedule = await hub.schedules.add_schedule(
        sent.name, sent.trigger, sent.action, actor(session), enabled=sent.enabled
    )
    return answer(schedule_body(schedule, Local(hub.settings.village.zone)), 201)


@router.get("/{schedule_id}")
async def get_schedule(schedule_id: str, _session: SeeSchedules, hub: Hub) -> Response:
    """One schedule."""
    local = Local(hub.settings.village.zone)
    return answer(schedule_body(hub.schedules.get_schedule(schedule_id), local))


@router.patch("/{schedule_id}")
async def change_schedule(
    schedule_id: str, sent: ScheduleEdit, session: ChangeSchedules, hub: Hub
) -> Response:
    """Change a schedule; what is absent stays."""
    schedule = await hub.schedules.change_schedule(
        schedule_id,
        actor(session),
        name=sent.name,
        trigger=sent.trigger,
        action=sent.action,
        enabled=sent.enabled,
    )
    return answer(schedule_body(schedule, Local(hub.settings.village.zone)))


@router.delete("/{schedule_id}", status_code=204)
async def remove_schedule(schedule_id: str, session: ChangeSchedules, hub: Hub) -> Response:
    """Remove a schedule."""
    await hub.schedules.remove_schedule(schedule_id, actor(session))
    return nothing()
