"""Lists in pages: `{"items": [...], "next": cursor or null}`."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from hub.errors import InvalidInput

T = TypeVar("T")

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000)]


def cursor_after(last_id: str) -> str:
    """The opaque cursor of the page that follows `last_id`."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def id_of(cursor: str | None) -> str | None:
    """The id that a cursor stands for. Raises InvalidInput."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        detail = "cursor is not one that this hub gave out: begin with the first page"
        raise InvalidInput(detail) from None


def page(
    items: Sequence[T], key: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[list[T], str | None]:
    """One page of a list that is kept in memory, ordered by `key`."""
    after = id_of(cursor)
    ordered = sorted(items, key=key)
    rest = ordered if after is None else [item for item in ordered if key(item) > after]
    chosen = rest[:limit]
    return chosen, cursor_after(key(chosen[-1])) if len(rest) > limit else None
