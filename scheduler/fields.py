"""Strict reading of JSON objects: a mistake raises InvalidInput that names the field."""

from collections.abc import Collection, Mapping
from typing import Final

from hub.errors import InvalidInput

_LONGEST_ID: Final = 64


def wrong(field: str, expected: str) -> InvalidInput:
    """The error for `field`, with what it has to be."""
    return InvalidInput(f"{field} has to be {expected}", field=field, expected=expected)


def check_keys(
    raw: Mapping[str, object], field: str, required: Collection[str], optional: Collection[str] = ()
) -> None:
    """Refuse an object with a key too few or too many."""
    for key in required:
        if key not in raw:
            raise wrong(f"{field}.{key}", "given")
    for key in raw:
        if key not in required and key not in optional:
            raise wrong(f"{field}.{key[:40]}", "left out: there is no such key")


def whole_number(raw: object, field: str, least: int, most: int) -> int:
    """A number from `least` to `most`; true and 1.0 are none."""
    if type(raw) is not int or not least <= raw <= most:
        raise wrong(field, f"a whole number from {least} to {most}")
    return raw


def ids(raw: object, field: str, most: int) -> tuple[str, ...]:
    """A list of different ids, at least one."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= most:
        raise wrong(field, f"a list of 1 to {most} ids")
    found = tuple(each for each in raw if isinstance(each, str) and 1 <= len(each) <= _LONGEST_ID)
    if len(set(found)) != len(raw):
        raise wrong(field, "a list of different ids")
    return found
