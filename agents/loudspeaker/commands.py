"""What may arrive on `village/loudspeaker/<id>/set`: bytes in, values out, or a refusal."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal
from urllib.parse import urlsplit

MAX_PAYLOAD_BYTES = 16 * 1024
MAX_REPEAT = 10

_ID = re.compile(r"[0-9A-Za-z._:-]{1,64}")
_PLAIN = re.compile(r"[!-~]{1,2048}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Reason = Literal[
    "expired",
    "repeated",
    "retained",
    "malformed",
    "busy",
    "not_found",
    "unreachable",
    "bad_hash",
    "too_large",
    "undecodable",
    "output",
]


class Rank(IntEnum):
    """The three classes of an announcement; a higher one interrupts a lower one."""

    NORMAL = 1
    PRIORITY = 2
    EMERGENCY = 3

    @property
    def word(self) -> str:
        """The word used on the wire."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Play:
    """Fetch the sound at `url`, check it against `sha256`, and play it `repeat` times."""

    id: str
    url: str
    sha256: str
    rank: Rank
    volume_percent: int | None
    not_after: datetime
    repeat: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Silence one play (`target`), or everything when `target` is None."""

    id: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Volume:
    """Set the standing volume."""

    id: str
    percent: int


@dataclass(frozen=True, slots=True)
class SayState:
    """Publish the retained state again."""

    id: str


Command = Play | Stop | Volume | SayState


class RefusedError(Exception):
    """The command is not carried out; `id` is None when not even that could be read."""

    def __init__(self, command_id: str | None, reason: Reason) -> None:
        super().__init__(reason)
        self.id = command_id
        self.reason: Reason = reason


def read_command(payload: bytes, *, retained: bool, now: datetime) -> Command:
    """Decode one message of the topic; `now` is the board's own time, aware.

    Raises RefusedError: malformed, retained or expired.
    """
    fields = _fields(payload)
    command_id = _command_id(fields)
    if retained:
        raise RefusedError(command_id, "retained")
    try:
        not_after = _instant(fields.get("not_after"))
        if not_after is not None and now > not_after:
            raise RefusedError(command_id, "expired")
        return _command(command_id, fields, not_after)
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedError(command_id, "malformed") from error


def _fields(payload: bytes) -> dict[str, object]:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise RefusedError(None, "malformed")
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise RefusedError(None, "malformed") from error
    if not isinstance(fields, dict):
        raise RefusedError(None, "malformed")
    return fields


def _command_id(fields: dict[str, object]) -> str:
    command_id = fields.get("id")
    if not isinstance(command_id, str) or not _ID.fullmatch(command_id):
        raise RefusedError(None, "malformed")
    return command_id


def _command(command_id: str, fields: dict[str, object], not_after: datetime | None) -> Command:
    match fields.get("op"):
        case "play" if not_after is not None:
            return _play(command_id, fields, not_after)
        case "stop":
            return Stop(command_id, _target(fields.get("target")))
        case "volume" if not_after is not None:
            return Volume(command_id, _integer(fields["percent"], 0, 100))
        case "state":
            return SayState(command_id)
        case _:
            raise ValueError(fields.get("op"))


def _play(command_id: str, fields: dict[str, object], not_after: datetime) -> Play:
    volume = fields.get("volume")
    return Play(
        id=command_id,
        url=_address(fields["url"]),
        sha256=_digest(fields["sha256"]),
        rank=Rank[_text(fields.get("class", "normal")).upper()],
        volume_percent=None if volume is None else _integer(volume, 0, 100),
        not_after=not_after,
        repeat=_integer(fields.get("repeat", 1), 1, MAX_REPEAT),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _integer(value: object, least: int, most: int) -> int:
    # bool is an int in Python, and NaN arrives as a float: both are refused.
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(value)
    return value


def _target(value: object) -> str | None:
    return None if value is None else _text(value)


def _digest(value: object) -> str:
    digest = _text(value).lower()
    if not _SHA256.fullmatch(digest):
        raise ValueError(digest)
    return digest


def _address(value: object) -> str:
    address = _text(value)
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(address)
    # A control character or a space would let an address write headers of its own.
    if not _PLAIN.fullmatch(address):
        raise ValueError(address)
    _ = parts.port  # raises ValueError when it is no number
    return address


def _instant(value: object) -> datetime | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError(value)
    return instant
