"""The tables of the schedules, read and written."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Delete,
    Executable,
    RowMapping,
    Update,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduler.models import Outcome, Run, Schedule, heartbeat, runs, schedules
from scheduler.steps import Step

RUNS_KEPT: Final = 400  # of each schedule: about a year of a daily one
_THE_ROW: Final = 1


async def read_schedules(connection: AsyncConnection) -> Sequence[RowMapping]:
    """All rows of schedules, oldest first."""
    return (await connection.execute(select(schedules).order_by(schedules.c.id))).mappings().all()


async def read_last_runs(connection: AsyncConnection) -> dict[str, Run]:
    """The run with the latest due time of each schedule."""
    latest = (
        select(runs.c.schedule_id, func.max(runs.c.due_at).label("due_at"))
        .group_by(runs.c.schedule_id)
        .subquery()
    )
    same = and_(runs.c.schedule_id == latest.c.schedule_id, runs.c.due_at == latest.c.due_at)
    rows = await connection.execute(select(runs).join(latest, same))
    return {row["schedule_id"]: _run(row) for row in rows.mappings()}


async def read_interrupted(connection: AsyncConnection) -> list[Run]:
    """Runs that were begun and not ended."""
    rows = await connection.execute(select(runs).where(runs.c.outcome == Outcome.RUNNING))
    return [_run(row) for row in rows.mappings()]


async def read_heartbeat(connection: AsyncConnection) -> datetime | None:
    """When the hub was last alive with a clock that it believed."""
    at: datetime | None = await connection.scalar(select(heartbeat.c.at))
    return at


async def known_dues(
    connection: AsyncConnection, steps: Sequence[Step]
) -> set[tuple[str, datetime]]:
    """Which of the schedules and due times of these steps have a run already."""
    if not steps:
        return set()
    rows = await connection.execute(
        select(runs.c.schedule_id, runs.c.due_at).where(
            runs.c.schedule_id.in_({step.schedule_id for step in steps}),
            runs.c.due_at >= min(step.due_at for step in steps),
        )
    )
    return {(row.schedule_id, row.due_at) for row in rows}


async def prune_runs(connection: AsyncConnection) -> None:
    """Keep the newest runs of each schedule, counted, so that a wrong clock removes nothing."""
    numbered = select(
        runs.c.id,
        func.row_number()
        .over(partition_by=runs.c.schedule_id, order_by=runs.c.due_at.desc())
        .label("number"),
    ).subquery()
    old = select(numbered.c.id).where(numbered.c.number > RUNS_KEPT)
    await connection.execute(
        delete(runs).where(runs.c.id.in_(old), runs.c.outcome != Outcome.RUNNING)
    )


async def beat(connection: AsyncConnection, now: datetime) -> None:
    """Write down that the hub is alive."""
    statement = update(heartbeat).where(heartbeat.c.id == _THE_ROW).values(at=now)
    if (await connection.execute(statement)).rowcount == 0:
        await connection.execute(insert(heartbeat).values(id=_THE_ROW, at=now))


def insert_schedule(schedule: Schedule, due_after: datetime) -> Executable:
    """The statement that stores a new schedule."""
    by = schedule.created_by
    return insert(schedules).values(
        id=schedule.id,
        created_by_kind=by.kind,
        created_by_id=by.id[:80],
        created_by_name=by.name[:80],
        created_at=schedule.created_at,
        **_edited(schedule, due_after),
    )


def update_schedule(schedule: Schedule, due_after: datetime) -> Update:
    """The statement that stores an edit."""
    return (
        update(schedules)
        .where(schedules.c.id == schedule.id)
        .values(**_edited(schedule, due_after))
    )


def delete_schedule(schedule_id: str) -> tuple[Delete, Delete]:
    """The statements that remove a schedule and its runs."""
    return (
        delete(runs).where(runs.c.schedule_id == schedule_id),
        delete(schedules).where(schedules.c.id == schedule_id),
    )


def insert_run(run: Run, started_at: datetime) -> Executable:
    """The statement that stores a new run."""
    return insert(runs).values(
        id=run.id,
        schedule_id=run.schedule_id,
        due_at=run.due_at,
        outcome=run.outcome,
        reason=run.reason,
        started_at=started_at,
        ended_at=run.ended_at,
    )


def end_run(run: Run) -> Update:
    """The statement that stores how a run ended."""
    return (
        update(runs)
        .where(runs.c.id == run.id)
        .values(outcome=run.outcome, reason=run.reason, ended_at=run.ended_at)
    )


def _edited(schedule: Schedule, due_after: datetime) -> Mapping[str, Any]:
    return {
        "name": schedule.name,
        "trigger": dict(schedule.trigger),
        "action": dict(schedule.action),
        "enabled": schedule.enabled,
        "changed_at": schedule.changed_at,
        "due_after": due_after.astimezone(UTC),
    }


def _run(row: RowMapping) -> Run:
    return Run(
        id=row["id"],
        schedule_id=row["schedule_id"],
        due_at=row["due_at"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        ended_at=row["ended_at"],
    )
