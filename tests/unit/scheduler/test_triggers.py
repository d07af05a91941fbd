import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.errors import InvalidInput
from scheduler.triggers import (
    EVERY_DAY,
    Place,
    Sun,
    SunEvent,
    Trigger,
    Weekly,
    next_after,
    parse_trigger,
    sun_moment,
    trigger_json,
)

HANOI_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN_TIME = ZoneInfo("Europe/Berlin")
VILLAGE = Place(21.30, 105.40, HANOI_TIME)
BERLIN = Place(52.52, 13.40, BERLIN_TIME)
TROMSO = Place(69.65, 18.96, ZoneInfo("Europe/Oslo"))
MANILA = Place(14.60, 120.98, ZoneInfo("Asia/Manila"))
SATURDAY = datetime(2026, 11, 21, 17, 0, tzinfo=HANOI_TIME)


def dues(trigger: Trigger, place: Place, after: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    for _ in range(count):
        due = next_after(trigger, place, found[-1] if found else after)
        assert due is not None
        found.append(due)
    return found


def faces(found: list[datetime]) -> list[str]:
    return [due.strftime("%a %d %H:%M %z") for due in found]


def test_a_weekly_time_comes_on_its_days_only() -> None:
    trigger = Weekly(frozenset({1, 6}), time(17, 30))
    assert faces(dues(trigger, VILLAGE, SATURDAY, 3)) == [
        "Sat 21 17:30 +0700",
        "Mon 23 17:30 +0700",
        "Sat 28 17:30 +0700",
    ]


def test_the_due_time_itself_is_not_after_itself() -> None:
    trigger = Weekly(EVERY_DAY, time(17, 0))
    assert next_after(trigger, VILLAGE, SATURDAY) == SATURDAY + timedelta(days=1)
    assert next_after(trigger, VILLAGE, SATURDAY - timedelta(microseconds=1)) == SATURDAY


def test_the_due_time_is_told_in_the_zone_of_the_village() -> None:
    due = next_after(Weekly(EVERY_DAY, time(0, 0)), VILLAGE, SATURDAY.astimezone(UTC))
    assert due is not None
    assert due.isoformat() == "2026-11-22T00:00:00+07:00"


def test_a_time_that_summer_time_skips_is_due_at_the_change() -> None:
    trigger = Weekly(EVERY_DAY, time(2, 30))
    before = datetime(2026, 3, 28, 12, 0, tzinfo=BERLIN_TIME)
    assert faces(dues(trigger, BERLIN, before, 2)) == ["Sun 29 03:00 +0200", "Mon 30 02:30 +0200"]


def test_a_time_that_comes_twice_is_due_the_first_time_only() -> None:
    trigger = Weekly(EVERY_DAY, time(2, 30))
    before = datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN_TIME)
    assert faces(dues(trigger, BERLIN, before, 2)) == ["Sun 25 02:30 +0200", "Mon 26 02:30 +0100"]


def test_within_the_doubled_hour_what_was_due_is_over() -> None:
    trigger = Weekly(EVERY_DAY, time(2, 30))
    second_time = datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN_TIME, fold=1)
    assert faces(dues(trigger, BERLIN, second_time, 1)) == ["Mon 26 02:30 +0100"]


@pytest.mark.parametrize("place", [VILLAGE, BERLIN, MANILA])
@pytest.mark.parametrize(
    "trigger",
    [Weekly(EVERY_DAY, time(2, 30)), Sun("sunset", 0), Sun("sunrise", -180), Sun("sunset", 120)],
)
def test_every_day_of_a_year_is_due_once(trigger: Trigger, place: Place) -> None:
    start = datetime(2026, 1, 1, tzinfo=place.zone)
    found = dues(trigger, place, start, 364)
    assert len({due.date() for due in found}) == 364
    gaps = [
        later.astimezone(UTC) - earlier.astimezone(UTC)
        for earlier, later in itertools.pairwise(found)
    ]
    assert min(gaps) >= timedelta(hours=22, minutes=50)
    assert max(gaps) <= timedelta(hours=25, minutes=10)


@pytest.mark.parametrize(
    ("place", "event", "day", "expected"),
    [
        (VILLAGE, "sunrise", date(2026, 6, 21), "05:17:25"),
        (VILLAGE, "sunset", date(2026, 6, 21), "18:42:53"),
        (VILLAGE, "sunrise", date(2026, 12, 21), "06:31:23"),
        (VILLAGE, "sunset", date(2026, 12, 21), "17:21:15"),
        # As published by PAGASA for Manila.
        (MANILA, "sunrise", date(2022, 6, 21), "05:28:00"),
        (MANILA, "sunset", date(2022, 6, 21), "18:28:00"),
    ],
)
def test_the_sun_is_reckoned_to_two_minutes(
    place: Place, event: SunEvent, day: date, expected: str
) -> None:
    moment = sun_moment(event, place, day)
    published = datetime.combine(day, time.fromisoformat(expected), place.zone)
    assert moment is not None
    assert abs(moment - published) <= timedelta(minutes=2)


def test_an_offset_moves_the_sun() -> None:
    at, earlier, later = (
        next_after(Sun("sunset", offset), VILLAGE, SATURDAY) for offset in (0, -10, 30)
    )
    assert at is not None
    assert earlier == at - timedelta(minutes=10)
    assert later == at + timedelta(minutes=30)


def test_a_sun_trigger_keeps_to_its_days() -> None:
    found = dues(Sun("sunset", 0, frozenset({5, 7})), VILLAGE, SATURDAY, 3)
    assert [due.isoweekday() for due in found] == [7, 5, 7]


def test_a_sunset_of_yesterday_can_be_due_after_midnight() -> None:
    midsummer = Place(64.1, -21.9, ZoneInfo("Atlantic/Reykjavik"))
    after = datetime(2026, 6, 10, 0, 0, tzinfo=midsummer.zone)
    found = dues(Sun("sunset", 180, frozenset({2})), midsummer, after, 1)
    assert faces(found)[0].startswith("Wed 10 02:")


def test_in_the_polar_night_the_next_sunrise_is_weeks_away() -> None:
    november = datetime(2026, 11, 30, tzinfo=TROMSO.zone)
    assert sun_moment("sunrise", TROMSO, date(2026, 12, 10)) is None
    due = next_after(Sun("sunrise", 0), TROMSO, november)
    assert due is not None
    assert due.month == 1


def test_where_the_sun_never_sets_nothing_is_due() -> None:
    pole = Place(90.0, 0.0, ZoneInfo("UTC"))
    assert next_after(Sun("sunset", 0), pole, datetime(2026, 5, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "weekly", "days": [1, 7], "time": "00:05"},
        {"type": "sun", "event": "sunset", "offset_minutes": -10, "days": [1, 2, 3, 4, 5]},
    ],
)
def test_a_trigger_is_written_as_it_was_read(shape: dict[str, object]) -> None:
    assert trigger_json(parse_trigger(shape)) == shape


def test_the_sun_comes_every_day_unless_days_are_given() -> None:
    assert parse_trigger({"type": "sun", "event": "sunrise"}) == Sun("sunrise", 0, EVERY_DAY)


WEEKLY = {"type": "weekly", "days": [1], "time": "17:00"}
SUN = {"type": "sun", "event": "sunset", "offset_minutes": 0}


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ({}, "trigger.type"),
        ({"type": "lunar"}, "trigger.type"),
        ({"type": ["weekly"]}, "trigger.type"),
        ({"type": "weekly", "time": "17:00"}, "trigger.days"),
        (WEEKLY | {"days": []}, "trigger.days"),
        (WEEKLY | {"days": [0]}, "trigger.days"),
        (WEEKLY | {"days": [8]}, "trigger.days"),
        (WEEKLY | {"days": [1, 1]}, "trigger.days"),
        (WEEKLY | {"days": [True]}, "trigger.days"),
        (WEEKLY | {"days": [1.0]}, "trigger.days"),
        (WEEKLY | {"days": "1"}, "trigger.days"),
        (WEEKLY | {"days": [[]]}, "trigger.days"),
        (WEEKLY | {"days": list(range(1, 8)) * 1000}, "trigger.days"),
        (WEEKLY | {"time": "24:00"}, "trigger.time"),
        (WEEKLY | {"time": "7:05"}, "trigger.time"),
        (WEEKLY | {"time": "17:5 "}, "trigger.time"),
        (WEEKLY | {"time": "\u0661\u0667:\u0660\u0665"}, "trigger.time"),
        (WEEKLY | {"time": 1705}, "trigger.time"),
        (WEEKLY | {"at": "17:00"}, "trigger.at"),
        (SUN | {"event": "noon"}, "trigger.event"),
        (SUN | {"event": ["sunset"]}, "trigger.event"),
        (SUN | {"offset_minutes": 181}, "trigger.offset_minutes"),
        (SUN | {"offset_minutes": -181}, "trigger.offset_minutes"),
        (SUN | {"offset_minutes": float("nan")}, "trigger.offset_minutes"),
        (SUN | {"offset_minutes": "10"}, "trigger.offset_minutes"),
        (SUN | {"days": None}, "trigger.days"),
        (SUN | {"time": "17:00"}, "trigger.time"),
    ],
)
def test_a_malformed_trigger_is_refused_by_the_name_of_its_field(
    shape: Mapping[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_trigger(shape)
    assert refused.value.context["field"] == field
    assert field in refused.value.detail
