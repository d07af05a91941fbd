"""Ids: opaque to everybody outside, ordered by time so that lists can be paged by them."""

import secrets
import time


def new_id() -> str:
    """A new id: 11 hex digits of milliseconds since 1970 and 10 random ones."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
