"""Schedules and their runs: tables, values and events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from hub.actors import Actor
from hub.database import Instant, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("trigger", JSON, nullable=False),
    Column("action", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_by_kind", String(16), nullable=False),
    Column("created_by_id", String(80), nullable=False),
    Column("created_by_name", String(80), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    # Due times up to here are none of its business: when its trigger was set or it was enabled.
    Column("due_after", Instant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("schedule_id", String(32), ForeignKey("schedules.id"), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(40), nullable=True),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=True),
    UniqueConstraint("schedule_id", "due_at"),
    Index(None, "outcome"),
)

# One row: the last minute in which the hub was alive and its clock believed.
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)


class Outcome(StrEnum):
    """How a run ended, or that it has not yet."""

    RUNNING = "running"
    DONE = "done"
    MISSED = "missed"
    FAILED = "failed"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a run is late or was missed; a failed or refused one carries the code of its error."""

    LATE = "late"  # done, more than a minute after its time
    SUPERSEDED = "superseded"  # a later step for the same lamps or wifi was due as well
    TOO_LATE = "too_late"  # speech past its grace
    INTERRUPTED = "interrupted"  # the hub stopped before it was announced: never said late
    NOTHING_LEFT = "nothing_left"  # its zones or devices are gone
    FAULT = "fault"  # an error of the hub itself; the log has it


@dataclass(frozen=True, slots=True)
class Run:
    """One due time of a schedule and what became of it."""

    id: str
    schedule_id: str
    due_at: datetime
    outcome: Outcome
    reason: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens when; `trigger` and `action` are in their JSON shapes, with every key."""

    id: str
    name: str
    trigger: Mapping[str, object]
    action: Mapping[str, object]
    enabled: bool
    created_by: Actor
    created_at: datetime
    changed_at: datetime
    next_at: datetime | None
    last_run: Run | None


@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """A schedule is new, was edited, or has run."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class ScheduleRemoved:
    """A schedule is gone."""

    id: str


@dataclass(frozen=True, slots=True)
class ClockTrustChanged:
    """The clock is believed again, or no longer: until then nothing is spoken or switched."""

    trusted: bool
