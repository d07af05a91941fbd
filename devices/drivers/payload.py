"""Payloads from devices are not to be trusted: everything is checked before it is believed."""

import json
import math
from datetime import datetime
from typing import Final

from devices.driver import MalformedPayloadError

LARGEST_BYTES: Final = 64 * 1024
_LONGEST_NAME: Final = 80


def _refuse(word: str) -> float:
    raise MalformedPayloadError("not a number: " + word)


# Built once: json.loads() with options builds a decoder for each call.
_decoder = json.JSONDecoder(parse_constant=_refuse)


def text_of(payload: bytes) -> str:
    """The payload as text; raises MalformedPayloadError."""
    if len(payload) > LARGEST_BYTES:
        raise MalformedPayloadError("too large")
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise MalformedPayloadError("not UTF-8") from None


def object_of(payload: bytes) -> dict[str, object]:
    """The payload as a JSON object; raises MalformedPayloadError."""
    text = text_of(payload)
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise MalformedPayloadError("not JSON") from None
    if not isinstance(value, dict):
        raise MalformedPayloadError("not a JSON object")
    return value


def number(value: object) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def whole(value: object, least: int, most: int) -> int | None:
    """A whole number within bounds, or None."""
    found = number(value)
    if found is None or not least <= found <= most:
        return None
    return round(found)


def words(value: object) -> str | None:
    """A short printable text, or None."""
    if not isinstance(value, str):
        return None
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in value[:1000]).split())
    return cleaned[:_LONGEST_NAME] or None


def instant(value: object) -> datetime | None:
    """An aware datetime from ISO 8601, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value[:40])
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
