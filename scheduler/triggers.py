"""When a schedule is due: weekly at a time, or by the sun. Pure functions of place and time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, TypeGuard
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sunrise, sunset

from scheduler.fields import check_keys, whole_number, wrong

EVERY_DAY: Final = frozenset(range(1, 8))
LARGEST_OFFSET_MINUTES: Final = 180
# Beyond the polar circle the sun stays away for up to half a year.
_LONGEST_NIGHT_DAYS: Final = 200
_ONE_DAY: Final = timedelta(days=1)

SunEvent = Literal["sunrise", "sunset"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the village lies, in degrees, and its time zone."""

    latitude: float
    longitude: float
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Weekly:
    """At a time of day on some days of the week; 1 is Monday."""

    days: frozenset[int]
    at: time


@dataclass(frozen=True, slots=True)
class Sun:
    """Some minutes before (negative) or after sunrise or sunset, on some days of the week."""

    event: SunEvent
    offset_minutes: int
    days: frozenset[int] = EVERY_DAY


Trigger = Weekly | Sun


def next_after(trigger: Trigger, place: Place, after: datetime) -> datetime | None:
    """The first due time later than `after`; None when the sun does not do this for 200 days.

    A local time that the change to summer time skips is due at the change; one that comes twice
    is due the first time.
    """
    # Compared in UTC: Python compares two times of one zone by their faces, blind to the change.
    after = after.astimezone(UTC)
    # A sun event of yesterday can be due today, by its offset.
    day = after.astimezone(place.zone).date() - _ONE_DAY
    for due in _dues(trigger, place, day):
        if due > after:
            return due.astimezone(place.zone)
    return None


def _dues(trigger: Trigger, place: Place, first: date) -> Iterator[datetime]:
    """The due times from a local day on, in UTC."""
    for number in range(_LONGEST_NIGHT_DAYS):
        day = first + number * _ONE_DAY
        if day.isoweekday() not in trigger.days:
            continue
        if isinstance(trigger, Weekly):
            yield _moment(datetime.combine(day, trigger.at), place.zone)
        elif (sun := sun_moment(trigger.event, place, day)) is not None:
            yield sun + timedelta(minutes=trigger.offset_minutes)


@lru_cache(maxsize=512)
def sun_moment(event: SunEvent, place: Place, day: date) -> datetime | None:
    """Sunrise or sunset of a local day, in UTC to the minute; None when there is none that day.

    Rounded so that a due time stays the same when the place in the settings moves by a street.
    """
    reckon = sunrise if event == "sunrise" else sunset
    try:
        exact = reckon(Observer(place.latitude, place.longitude), day, place.zone)
    except ValueError:
        return None
    return (exact.astimezone(UTC) + timedelta(seconds=30)).replace(second=0, microsecond=0)


def _moment(face: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the village's clock first shows `face`, or first passes it; in UTC."""
    at_first = face.replace(tzinfo=zone).astimezone(UTC)
    if at_first.astimezone(zone).replace(tzinfo=None) == face:
        return at_first
    return _change_before(at_first, zone)


def _change_before(skipped: datetime, zone: ZoneInfo) -> datetime:
    """The change of the clock that skipped a face; `skipped` reads it by the offset before."""
    early, late = skipped - _ONE_DAY, skipped
    old = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == old:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def parse_trigger(raw: Mapping[str, object]) -> Trigger:
    """Read the JSON shape of a trigger.

    `{"type": "weekly", "days": [1, 7], "time": "17:05"}`, or
    `{"type": "sun", "event": "sunset", "offset_minutes": -10, "days": [1, 7]}`, where the offset
    may be left out (0) and the days as well (every day). Raises InvalidInput that names the field.
    """
    kind = raw.get("type")
    if kind == "weekly":
        check_keys(raw, "trigger", ("type", "days", "time"))
        return Weekly(_days(raw["days"]), _time(raw["time"]))
    if kind == "sun":
        return _sun(raw)
    raise wrong("trigger.type", "weekly or sun")


def _sun(raw: Mapping[str, object]) -> Sun:
    check_keys(raw, "trigger", ("type", "event"), ("offset_minutes", "days"))
    event = raw["event"]
    if not _is_sun_event(event):
        raise wrong("trigger.event", "sunrise or sunset")
    offset_minutes = whole_number(
        raw.get("offset_minutes", 0),
        "trigger.offset_minutes",
        -LARGEST_OFFSET_MINUTES,
        LARGEST_OFFSET_MINUTES,
    )
    return Sun(event, offset_minutes, _days(raw["days"]) if "days" in raw else EVERY_DAY)


def trigger_json(trigger: Trigger) -> dict[str, object]:
    """The JSON shape of a trigger, every key written out."""
    days = sorted(trigger.days)
    if isinstance(trigger, Weekly):
        return {"type": "weekly", "days": days, "time": trigger.at.strftime("%H:%M")}
    return {
        "type": "sun",
        "event": trigger.event,
        "offset_minutes": trigger.offset_minutes,
        "days": days,
    }


def _days(raw: object) -> frozenset[int]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= len(EVERY_DAY):
        raise wrong("trigger.days", "a list of days, 1 (Monday) to 7 (Sunday)")
    days = frozenset(whole_number(day, "trigger.days", 1, 7) for day in raw)
    if len(days) != len(raw):
        raise wrong("trigger.days", "a list that names each day once")
    return days


def _time(raw: object) -> time:
    expected = "a time such as 17:05"
    # strptime alone would also take 7:5 and digits of other scripts.
    if not isinstance(raw, str) or len(raw) != len("17:05") or not raw.isascii():
        raise wrong("trigger.time", expected)
    try:
        return datetime.strptime(raw, "%H:%M").time()  # noqa: DTZ007  a time of day has no zone
    except ValueError:
        raise wrong("trigger.time", expected) from None


def _is_sun_event(raw: object) -> TypeGuard[SunEvent]:
    return raw in {"sunrise", "sunset"} if isinstance(raw, str) else False
