"""Persons, sign-in codes and sessions: tables, values and events.

No secret is stored: a code or token is known by its SHA-256 alone. The secrets have 128 bits or
more, so a fast hash is enough, and finding it by the index compares nothing byte by byte.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Table

from hub.database import Instant, metadata
from people.permissions import Role

persons = Table(
    "persons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
)

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("person_id", String(32), ForeignKey("persons.id"), nullable=True),
    Column("made_by", String(80), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("person_id", String(32), ForeignKey("persons.id"), nullable=False),
    Column("phone", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Index(None, "person_id"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the village."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Session:
    """One phone that is signed in. `phone` says in a few words what kind of phone."""

    id: str
    person: Person
    phone: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A phone is no longer signed in: its streams are to be closed."""

    session_id: str
