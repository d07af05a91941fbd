"""The real alarm clock, in real time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.actors import HUB
from hub.clock import SystemClock
from hub.database import Database
from hub.events import Events
from scheduler.alarm import APSchedulerAlarm
from scheduler.models import ScheduleChanged
from scheduler.service import Schedules
from scheduler.steps import Site
from scheduler.triggers import Place
from tests.fakes import VILLAGE_ZONE
from tests.unit.scheduler.world import FakeVerbs, check_access_point, members


@pytest.fixture
async def alarm() -> AsyncIterator[APSchedulerAlarm]:
    alarm = APSchedulerAlarm(VILLAGE_ZONE)
    yield alarm
    alarm.stop()


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def rung(ring: asyncio.Event, timeout_s: float = 5) -> datetime:
    await asyncio.wait_for(ring.wait(), timeout_s)
    ring.clear()
    return datetime.now(UTC)


async def test_it_rings_at_each_time_and_not_before(alarm: APSchedulerAlarm) -> None:
    ring = asyncio.Event()
    alarm.start(ring.set)
    due = {"a": soon(0.2), "b": soon(0.6)}
    alarm.set(due)
    for at in due.values():
        late = await rung(ring) - at
        assert timedelta() <= late < timedelta(seconds=1)


async def test_a_time_that_was_taken_back_does_not_ring(alarm: APSchedulerAlarm) -> None:
    ring = asyncio.Event()
    alarm.start(ring.set)
    alarm.set({"a": soon(0.2), "b": soon(0.2)})
    alarm.set({"b": (moved := soon(0.5))})
    assert await rung(ring) >= moved


async def test_a_time_that_has_passed_rings_at_once(alarm: APSchedulerAlarm) -> None:
    ring = asyncio.Event()
    alarm.start(ring.set)
    alarm.set({"a": soon(-3600)})
    await rung(ring)


async def test_it_stays_silent_before_the_start_and_after_the_stop(
    alarm: APSchedulerAlarm,
) -> None:
    ring = asyncio.Event()
    alarm.set({"a": soon(-1)})
    alarm.start(ring.set)
    alarm.set({"a": soon(0.2)})
    alarm.stop()
    alarm.set({"b": soon(0.1)})
    with pytest.raises(TimeoutError):
        await rung(ring, timeout_s=0.5)


class ShiftedClock(SystemClock):
    """Real time, moved so that a whole minute is near: schedules are due on the minute."""

    def __init__(self, to_the_minute_s: float) -> None:
        super().__init__(VILLAGE_ZONE)
        now = datetime.now(VILLAGE_ZONE)
        self.minute = now.replace(second=0, microsecond=0) + timedelta(minutes=2)
        self.shift = self.minute - timedelta(seconds=to_the_minute_s) - now

    def now(self) -> datetime:
        return super().now() + self.shift


class ShiftedAlarm(APSchedulerAlarm):
    """The real alarm, told the times of the shifted clock as those of this computer."""

    def __init__(self, clock: ShiftedClock) -> None:
        super().__init__(VILLAGE_ZONE)
        self._clock = clock

    def _add(self, schedule_id: str, at: datetime) -> None:
        super()._add(schedule_id, at - self._clock.shift)


async def test_a_schedule_fires_within_a_second_of_its_time(database: Database) -> None:
    clock, events, verbs = ShiftedClock(1.2), Events(), FakeVerbs()
    site = Site(
        Place(21.30, 105.40, VILLAGE_ZONE), members, check_access_point, synchronised=lambda: True
    )
    schedules = Schedules(database, events, clock, site, verbs, ShiftedAlarm(clock))
    await schedules.open()
    done_at: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()

    def note(event: ScheduleChanged) -> None:
        run = event.schedule.last_run
        if run is not None and run.outcome == "done" and not done_at.done():
            done_at.set_result(clock.now())

    events.listen(ScheduleChanged, note)
    running = asyncio.create_task(schedules.run())
    await schedules.add_schedule(
        "đèn",
        {"type": "weekly", "days": [1, 2, 3, 4, 5, 6, 7], "time": clock.minute.strftime("%H:%M")},
        {"type": "light", "zones": ["lane-1"], "turn": "on"},
        HUB,
    )
    late = await asyncio.wait_for(done_at, 10) - clock.minute
    assert timedelta() <= late < timedelta(seconds=1)
    assert verbs.done == ["lights lane-1 on"]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
