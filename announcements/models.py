"""What an announcement and its deliveries are, and how they are stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
)

from hub.actors import Actor
from hub.database import Instant, metadata

announcements = Table(
    "announcements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("spoken", Text, nullable=False),
    Column("zones", JSON, nullable=False),
    Column("class", String(16), nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("by_kind", String(16), nullable=False),
    Column("by_id", String(64), nullable=False),
    Column("by_name", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("sound_key", String(64), nullable=False),
    Column("seconds", Float, nullable=True),
    Column("sha256", String(64), nullable=True),
    Column("due_at", Instant, nullable=True),
    Column("missed", String(200), nullable=True),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("announcement_id", String(32), ForeignKey("announcements.id"), nullable=False),
    # No foreign key: a loudspeaker may be removed, what was played on it stays known.
    Column("loudspeaker_id", String(32), nullable=False),
    Column("loudspeaker_name", String(80), nullable=False),
    Column("class", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("sent_at", Instant, nullable=True),
    Column("deadline_at", Instant, nullable=True),
    Column("stop_asked_at", Instant, nullable=True),
    Column("started_at", Instant, nullable=True),
    Column("ended_at", Instant, nullable=True),
    Index("ix_deliveries_announcement_id", "announcement_id"),
    Index("ix_deliveries_state_created_at", "state", "created_at"),
)


class Class(StrEnum):
    """How urgent an announcement is, as in the rules for village loudspeakers."""

    NORMAL = "normal"
    PRIORITY = "priority"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        """Higher pre-empts lower."""
        return _RANKS[self.value]


_RANKS: Final = {"normal": 0, "priority": 1, "emergency": 2}


class State(StrEnum):
    """How far a delivery is, as far as the loudspeaker itself has said."""

    QUEUED = "queued"
    PLAYING = "playing"
    PLAYED = "played"
    FAILED = "failed"
    STOPPED = "stopped"
    UNANSWERED = "unanswered"


OPEN: Final = frozenset({State.QUEUED, State.PLAYING})


class Progress(StrEnum):
    """How far a whole announcement is, in one word."""

    PREPARING = "preparing"
    QUEUED = "queued"
    PLAYING = "playing"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One announcement on its way to one loudspeaker.

    `sent_at` is on the disk before the play order leaves the hub, so that nothing that may have
    been heard is ever sent again. `deadline_at`: when silence becomes `unanswered`.
    """

    id: str
    announcement_id: str
    loudspeaker_id: str
    loudspeaker_name: str
    class_: Class
    state: State
    reason: str
    created_at: datetime
    not_after: datetime
    sent_at: datetime | None = None
    deadline_at: datetime | None = None
    stop_asked_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def on_air(self) -> bool:
        """Sent and not ended, as far as is known: the loudspeaker is taken."""
        return self.state in OPEN and self.sent_at is not None

    @property
    def waiting(self) -> bool:
        """Not sent yet."""
        return self.state is State.QUEUED and self.sent_at is None

    def row(self) -> dict[str, object]:
        """The row of the table."""
        fields = {name: getattr(self, name) for name in _DELIVERY_FIELDS}
        return fields | {"class": self.class_.value, "state": self.state.value}


_DELIVERY_FIELDS: Final = tuple(
    column.name for column in deliveries.columns if column.name not in {"class", "state"}
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A text, where it is to be heard, and what became of it at each loudspeaker.

    `spoken` is the text in words, as the voice reads it. `seconds` and `sha256` belong to the
    sound once it is made. `missed` says why one that a schedule was due to make was not made.
    """

    id: str
    text: str
    spoken: str
    zones: tuple[str, ...]
    class_: Class
    repeat: int
    by: Actor
    created_at: datetime
    not_after: datetime
    sound_key: str
    seconds: float | None = None
    sha256: str | None = None
    due_at: datetime | None = None
    missed: str | None = None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def progress(self) -> Progress:
        """Done when it was heard anywhere; on which loudspeakers not, the deliveries say."""
        states = {delivery.state for delivery in self.deliveries}
        if self.missed is not None:
            return Progress.MISSED
        if State.PLAYING in states:
            return Progress.PLAYING
        if State.QUEUED in states:
            return Progress.PREPARING if self.seconds is None else Progress.QUEUED
        if State.PLAYED in states:
            return Progress.DONE
        return Progress.STOPPED if State.STOPPED in states else Progress.FAILED

    def row(self) -> dict[str, object]:
        """The row of the table; the deliveries have their own."""
        fields = {name: getattr(self, name) for name in _ANNOUNCEMENT_FIELDS}
        return fields | {
            "zones": list(self.zones),
            "class": self.class_.value,
            "by_kind": self.by.kind,
            "by_id": self.by.id,
            "by_name": self.by.name,
        }


_ANNOUNCEMENT_FIELDS: Final = tuple(
    column.name
    for column in announcements.columns
    if column.name not in {"class", "zones", "by_kind", "by_id", "by_name"}
)


@dataclass(frozen=True, slots=True)
class AnnouncementChanged:
    """An announcement is new, or its sound is ready."""

    announcement: Announcement


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """A delivery went on, by what the loudspeaker said or by its silence."""

    delivery: Delivery


def read_delivery(row: RowMapping) -> Delivery:
    """A delivery from its row."""
    fields = {name: row[name] for name in _DELIVERY_FIELDS}
    return Delivery(class_=Class(row["class"]), state=State(row["state"]), **fields)


def read_announcement(row: RowMapping, parts: tuple[Delivery, ...]) -> Announcement:
    """An announcement from its row and its deliveries."""
    return Announcement(
        zones=tuple(row["zones"]),
        class_=Class(row["class"]),
        by=Actor(row["by_kind"], row["by_id"], row["by_name"]),
        deliveries=parts,
        **{name: row[name] for name in _ANNOUNCEMENT_FIELDS},
    )
