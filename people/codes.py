"""Secrets that are shown once and stored as a hash: sign-in codes and session tokens."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Insert, insert

from hub.ids import new_id
from people.models import sign_in_codes
from people.permissions import Role

CODE_VALID_S: Final = {Role.HEAD: 24 * 3600, Role.RESIDENT: 72 * 3600}
_CODE_BYTES: Final = 16
_TOKEN_BYTES: Final = 32
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Code(NamedTuple):
    """What goes into a one-time link; the secret exists nowhere else."""

    secret: str
    expires_at: datetime


def new_code(
    role: Role, made_by: str, now: datetime, valid_s: float | None, person_id: str | None = None
) -> tuple[Code, Insert]:
    """A code for a one-time link, and the statement that stores its hash."""
    valid_s = CODE_VALID_S[role] if valid_s is None else valid_s
    code = Code(secrets.token_urlsafe(_CODE_BYTES), now + timedelta(seconds=valid_s))
    return code, insert(sign_in_codes).values(
        id=new_id(),
        hash=hash_of(code.secret),
        role=role,
        person_id=person_id,
        made_by=made_by[:80],
        created_at=now,
        expires_at=code.expires_at,
    )


def new_token() -> str:
    """The secret of a session, for its cookie."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(secret: str) -> str:
    """The SHA-256 under which one of our own secrets is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_hash(sent: str) -> str | None:
    """The hash of what somebody sent; None for what cannot be one of our secrets."""
    return None if _URL_SAFE.fullmatch(sent) is None else hash_of(sent)
