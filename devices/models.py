"""Devices as the rest of the hub sees them, and the tables they are kept in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.database import Instant, metadata

Kind = Literal["light", "loudspeaker", "access_point"]
Availability = Literal["online", "offline", "unknown"]
Source = Literal["command", "local", "boot"]
Outcome = Literal["open", "confirmed", "unconfirmed", "failed"]

devices = Table(
    "devices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("zone_id", String(32), ForeignKey("zones.id"), nullable=False, index=True),
    Column("driver", String(32), nullable=False),
    Column("address", String(120), nullable=False),
    Column("box", JSON, nullable=True),  # what the driver announced; NULL until first heard
    Column("created_at", Instant, nullable=False),
    # The target: each a JSON object in text, the same text for a whole road.
    Column("override", Text, nullable=True),
    Column("programme", Text, nullable=True),
    Column("reached", Boolean, nullable=False, default=False),
    # The state that the device last reported.
    Column("is_on", Boolean, nullable=True),
    Column("level", Integer, nullable=True),
    Column("source", String(8), nullable=True),
    Column("readings", JSON, nullable=True),
    Column("reported_at", Instant, nullable=True),
    UniqueConstraint("driver", "address"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(32), primary_key=True),
    # No foreign key: what was commanded stays on record when the device is gone.
    Column("device_id", String(32), nullable=False),
    Column("zone_command_id", String(32), nullable=True, index=True),
    Column("turn", String(3), nullable=False),
    Column("level", Integer, nullable=True),
    Column("until", Instant, nullable=True),
    Column("reason", String(200), nullable=False),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", String(32), nullable=False),
    Column("by_name", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("note", String(40), nullable=True),
    Column("settled_at", Instant, nullable=True),
    Index("ix_commands_device_id_created_at", "device_id", "created_at"),
    Index("ix_commands_outcome", "outcome"),
)


@dataclass(frozen=True, slots=True)
class State:
    """What the device itself reported last, and when.

    `stale`: not heard since the hub was last connected, or longer ago than the driver's age limit.
    `source`: `command` when it answered the hub, `local` when somebody switched it by hand, `boot`
    when it came back from a power cut with it, None when that is not known.
    """

    on: bool | None = None
    level: int | None = None
    reported_at: datetime | None = None
    stale: bool = True
    source: Source | None = None
    watts: float | None = None
    volume: int | None = None
    now_playing: str | None = None
    queue: int | None = None
    stations: int | None = None
    internet: bool | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a light or a guest network should do, who wants it, and until when."""

    on: bool
    level: int | None
    source: Literal["override", "programme"]
    by: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Device:
    """One channel of a box. `open`: a command waits for the device's own answer."""

    id: str
    name: str
    kind: Kind
    zone_id: str
    driver: str
    address: str
    availability: Availability
    state: State
    target: Target | None
    open: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A device that was heard but not yet adopted; `id` is `driver:address`."""

    id: str
    driver: str
    address: str
    kind: Kind
    name: str
    model: str
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a light or of a guest network.

    `level` is in percent, for lights that dim; `until` is the end of the override.
    """

    turn: Literal["on", "off"]
    level: int | None = None
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A wish on its way to one device, and what became of it.

    `note` says why it is not confirmed: silent, superseded, broker lost, never heard, removed,
    hub restarted.
    """

    id: str
    device_id: str
    zone_command_id: str | None
    turn: Literal["on", "off"]
    level: int | None
    until: datetime | None
    reason: str
    by_kind: str
    by_id: str
    by_name: str
    created_at: datetime
    outcome: Outcome
    note: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ZoneOutcome:
    """What became of one wish for many devices.

    `held`: devices that a programme step left alone because an override with an end still runs.
    """

    command_id: str
    confirmed: list[Device]
    unconfirmed: list[Device]
    held: list[Device]


@dataclass(frozen=True, slots=True)
class Lit:
    """How many lights are reported on, how many have a fresh report, how many there are."""

    on: int
    known: int
    total: int


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device is new, or something about it changed."""

    device: Device


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """A device is no longer one of the village."""

    id: str


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """A command was opened or settled.

    For a road, only the commands that were not confirmed are told one by one.
    """

    command: Command


@dataclass(frozen=True, slots=True)
class FoundChanged:
    """A device waits in the inbox, changed there, or (`gone`) left it."""

    found: Found
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SoundAcknowledged:
    """A loudspeaker said what became of an order.

    `status`: accepted, playing, done, stopped, preempted, rejected or failed.
    """

    device_id: str
    order_id: str
    status: str
    reason: str
    at: datetime
    position_s: float | None
