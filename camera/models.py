"""What a camera is: its table, its value, and the events about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Column, ForeignKey, String, Table

from hub.database import Instant, metadata

cameras = Table(
    "cameras",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("url_without_credentials", String(500), nullable=False),
    Column("username", String(200), nullable=True),
    Column("password", String(200), nullable=True),
    Column("zone_id", String(32), ForeignKey("zones.id"), nullable=True),
    Column("created_at", Instant, nullable=False),
)

Availability = Literal["online", "offline", "unknown"]

# What is wrong with a camera, as a word that the phone page translates:
#   refused         its address does not accept connections (wrong port, or it is still starting)
#   unreachable     nothing answers at its address (no power, no cable, wrong address)
#   wrong_password  it answers, and does not accept the username or password
#   not_found       it answers, and has no stream of that path
#   no_picture      it answers, and no picture comes
#   worker_failed   the program that opens it failed: the fault is in the hub
Fault = Literal[
    "refused", "unreachable", "wrong_password", "not_found", "no_picture", "worker_failed"
]


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as everybody may see it; its address stays with the service.

    `frame_at` is when the newest picture came; `says` is why there is none, while it is offline.
    """

    id: str
    name: str
    zone_id: str | None
    availability: Availability = "unknown"
    frame_at: datetime | None = None
    says: Fault | None = None


@dataclass(frozen=True, slots=True)
class Still:
    """One JPEG picture; `etag` is the same for the same picture."""

    jpeg: bytes
    at: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class CameraChanged:
    """A camera is new, renamed, moved, or came or went."""

    camera: Camera


@dataclass(frozen=True, slots=True)
class CameraRemoved:
    """A camera is gone."""

    id: str
