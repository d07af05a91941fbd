"""The rules of targets: an override with its end goes before the programme of the calendar."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Literal

from devices.models import Target, Wish


def wished(wish: Wish, source: Literal["override", "programme"], by: str, *, dims: bool) -> Target:
    """The target that a wish sets; a light that cannot be dimmed takes no level."""
    on = wish.turn == "on"
    level = wish.level if on and dims else None
    return Target(on, level, source, by, wish.reason, wish.until)


def effective(override: Target | None, programme: Target | None) -> Target | None:
    """What a device should do now."""
    return programme if override is None else override


def after_step(override: Target | None, now: datetime) -> Target | None:
    """The override that survives a programme step: only one with an end that is still to come."""
    if override is None or override.until is None or over(override, now):
        return None
    return override


def over(override: Target, now: datetime) -> bool:
    """Whether the override has ended. It is wall time, and so is checked again at every tick."""
    return override.until is not None and override.until <= now


def met(target: Target, on: bool | None, level: int | None) -> bool:  # noqa: FBT001  a value
    """Whether a reported state is the one that the target wants."""
    if on is None or on != target.on:
        return False
    return not on or target.level is None or target.level == level


@lru_cache(maxsize=512)  # a road of lights shares one target
def written(target: Target | None) -> str | None:
    """The target as text, for the database."""
    if target is None:
        return None
    until = None if target.until is None else target.until.isoformat()
    return json.dumps(
        {
            "on": target.on,
            "level": target.level,
            "source": target.source,
            "by": target.by,
            "reason": target.reason,
            "until": until,
        }
    )


def read(text: str | None) -> Target | None:
    """The target that `written` wrote."""
    if text is None:
        return None
    fields = json.loads(text)
    if fields["until"] is not None:
        fields["until"] = datetime.fromisoformat(fields["until"])
    return Target(**fields)
