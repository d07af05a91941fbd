"""What happens after the hub was off, after the clock was set, and after a crash."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from hub.actors import HUB
from hub.database import Database
from scheduler.models import heartbeat, runs
from scheduler.store import RUNS_KEPT
from tests.fakes import EVENING, settle
from tests.unit.scheduler.world import World, until, until_sleeping

MINUTE = 60
HOUR = 3_600
DAY = 24 * HOUR


async def test_after_a_power_cut_the_lights_get_what_is_wanted_now(world: World) -> None:
    on = await world.light("18:00", "on")
    off = await world.light("22:00", "off")
    await world.down_for(6 * HOUR)
    assert world.verbs.done == ["lights lane-1 off"]
    assert world.ended(on) == "missed superseded"
    assert world.ended(off) == "done late"
    await world.schedules.fire_due()
    assert len(world.verbs.done) == 1


async def test_a_step_within_the_minute_is_not_called_late(world: World) -> None:
    on = await world.light("17:05", "on")
    await world.down_for(6 * MINUTE)
    assert world.ended(on) == "done"


async def test_each_zone_gets_its_own_newest_step(world: World) -> None:
    both = await world.light("18:00", "on", "lane-1", "lane-2")
    one = await world.light("19:00", "off", "lane-2")
    await world.down_for(3 * HOUR)
    assert world.verbs.done == ["lights lane-1 on", "lights lane-2 off"]
    assert world.ended(both) == "done late"
    assert world.ended(one) == "done late"


async def test_a_step_for_the_whole_village_comes_before_a_newer_one_for_a_lane(
    world: World,
) -> None:
    await world.light("18:00", "on", "all")
    await world.light("19:00", "off", "lane-2")
    await world.down_for(3 * HOUR)
    assert world.verbs.done == ["lights all on", "lights lane-2 off"]


async def test_a_slow_step_for_the_whole_village_is_not_overtaken_by_a_lane(
    world: World,
) -> None:
    await world.light("18:00", "on", "all")
    await world.light("19:00", "off", "lane-2")
    world.verbs.silent_zone = "all"
    await world.clock.advance(3 * HOUR)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: "run:committed" in world.checkpoints)
    await settle()
    world.verbs.heard.set()
    await firing
    assert world.verbs.done == ["lights all on", "lights lane-2 off"]


async def test_a_newer_step_for_the_whole_village_covers_its_lanes(world: World) -> None:
    lane = await world.light("18:00", "off", "lane-2")
    await world.light("19:00", "on", "all")
    await world.down_for(3 * HOUR)
    assert world.verbs.done == ["lights all on"]
    assert world.ended(lane) == "missed superseded"


async def test_wifi_and_lights_do_not_cover_one_another(world: World) -> None:
    await world.light("18:00", "on")
    for at, turn in (("18:30", "on"), ("19:00", "off")):
        await world.schedules.add_schedule(
            "wifi",
            {"type": "weekly", "days": [6], "time": at},
            {"type": "wifi", "devices": ["hall"], "turn": turn},
            HUB,
        )
    await world.down_for(3 * HOUR)
    assert sorted(world.verbs.done) == ["lights lane-1 on", "wifi hall off"]


async def test_speech_past_its_grace_is_written_down_and_never_played(world: World) -> None:
    speech = await world.speech("17:05")
    await world.down_for(5 * MINUTE + 301)
    assert world.verbs.done == []
    assert world.verbs.missed == ["hello 21 17:05 too_late"]
    assert world.ended(speech) == "missed too_late"


async def test_speech_within_its_grace_is_played_with_an_end(world: World) -> None:
    speech = await world.speech("17:05")
    await world.down_for(5 * MINUTE + 299)
    assert world.verbs.done == ["say hello lane-1 normal x1"]
    assert world.verbs.not_after == [EVENING + timedelta(minutes=10)]
    assert world.verbs.missed == []
    assert world.ended(speech) == "done late"


async def test_of_a_long_gap_the_last_week_is_written_down(world: World) -> None:
    daily = await world.light("18:00", "on", "lane-1")
    weekly = await world.light("06:00", "off", "lane-2", days=[1])
    await world.down_for(100 * DAY)
    assert world.verbs.done == ["lights lane-1 on", "lights lane-2 off"]
    assert len(await world.stored_runs()) == 7 + 1
    assert world.ended(daily) == world.ended(weekly) == "done late"


async def test_a_disabled_schedule_makes_nothing_up(world: World) -> None:
    schedule = await world.light("18:00", "on")
    await world.schedules.change_schedule(schedule.id, HUB, enabled=False)
    await world.down_for(3 * HOUR)
    await world.schedules.change_schedule(schedule.id, HUB, enabled=True)
    await world.schedules.fire_due()
    assert world.verbs.done == []
    await world.clock.advance(DAY)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 on"]


async def test_a_jump_of_the_clock_is_a_gap_like_any_other(world: World) -> None:
    await world.schedules.fire_due()
    await world.light("18:00", "on")
    await world.light("22:00", "off")
    await world.speech("18:30")
    world.clock.jump(6 * HOUR)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 off"]
    assert world.verbs.missed == ["hello 21 18:30 too_late"]


# --- a crash in the middle -------------------------------------------------------------------


async def crash(world: World, at: str) -> None:
    world.dies_at = at
    with pytest.raises(SystemError):
        await world.schedules.fire_due()
    await world.restart()
    await world.schedules.fire_due()


@pytest.mark.parametrize(("point", "times"), [("run:committed", 1), ("run:acted", 2)])
async def test_lights_are_set_again_after_a_crash(world: World, point: str, times: int) -> None:
    lights = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await crash(world, point)
    assert world.verbs.done == ["lights lane-1 on"] * times
    assert world.ended(lights) == "done"
    assert await world.stored_runs() == ["21 17:05 done "]


async def test_speech_that_a_crash_cut_off_is_recorded_and_never_said(world: World) -> None:
    speech = await world.speech("17:05")
    await world.clock.advance(5 * MINUTE)
    await crash(world, "run:committed")
    assert world.verbs.done == []
    assert world.verbs.missed == ["hello 21 17:05 interrupted"]
    assert world.ended(speech) == "missed interrupted"
    await world.restart()
    await world.schedules.fire_due()
    assert len(world.verbs.missed) == 1


async def test_speech_that_was_announced_before_a_crash_is_done_and_not_said_again(
    world: World,
) -> None:
    speech = await world.speech("17:05")
    await world.clock.advance(5 * MINUTE)
    await crash(world, "run:acted")
    await world.restart()
    await world.schedules.fire_due()
    assert world.verbs.done == ["say hello lane-1 normal x1"]
    assert world.verbs.missed == []
    assert world.ended(speech) == "done"


@pytest.mark.parametrize("point", ["run:ended"])
async def test_what_had_ended_before_a_crash_is_left_alone(world: World, point: str) -> None:
    await world.speech("17:05")
    await world.clock.advance(5 * MINUTE)
    await crash(world, point)
    assert world.verbs.done == ["say hello lane-1 normal x1"]
    assert world.verbs.missed == []


async def test_an_interrupted_step_gives_way_to_a_newer_one(world: World) -> None:
    on = await world.light("17:05", "on")
    off = await world.light("18:00", "off")
    await world.clock.advance(5 * MINUTE)
    world.dies_at = "run:committed"
    with pytest.raises(SystemError):
        await world.schedules.fire_due()
    await world.down_for(2 * HOUR)
    assert world.verbs.done == ["lights lane-1 off"]
    assert world.ended(on) == "missed superseded"
    assert world.ended(off) == "done late"
    assert await world.stored_runs() == ["21 17:05 missed superseded", "21 18:00 done late"]


async def test_a_schedule_removed_before_its_interrupted_run_is_taken_up_is_gone(
    world: World,
) -> None:
    speech = await world.speech("17:05")
    await world.clock.advance(5 * MINUTE)
    world.dies_at = "run:committed"
    with pytest.raises(SystemError):
        await world.schedules.fire_due()
    await world.restart()
    await world.schedules.remove_schedule(speech.id, HUB)
    await world.schedules.fire_due()
    assert world.verbs.missed == []
    assert await world.stored_runs() == []


# --- the clock -------------------------------------------------------------------------------


async def test_a_clock_set_back_does_nothing_twice(world: World) -> None:
    await world.light("17:05", "on")
    await world.speech("17:05")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    assert len(world.verbs.done) == 2
    for synchronised in (True, False):
        world.synchronised = synchronised
        world.clock.jump(-10 * MINUTE)
        for _ in range(25):
            await world.clock.advance(MINUTE)
            await world.schedules.fire_due()
    assert len(world.verbs.done) == 2
    assert len(await world.stored_runs()) == 2


async def test_what_was_not_done_yet_is_done_after_the_clock_was_set_back(world: World) -> None:
    await world.light("17:05", "on")
    world.synchronised = True
    world.clock.jump(60 * DAY)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 on"]
    world.clock.jump(-60 * DAY)
    await world.clock.advance(10 * MINUTE)
    await world.schedules.fire_due()
    await world.clock.advance(DAY)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 on"] * 2
    assert world.schedules.clock_trusted


async def test_a_clock_behind_the_last_heartbeat_holds_speech_and_lights(world: World) -> None:
    await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    await world.speech("17:30")
    world.clock.jump(-2 * HOUR)
    await world.restart()
    held = not world.schedules.clock_trusted
    assert held
    await world.clock.advance(HOUR)
    await world.schedules.fire_due()
    assert len(world.verbs.done) == 1
    # The right time arrives from the network.
    world.clock.jump(2 * HOUR)
    await world.schedules.fire_due()
    assert world.schedules.clock_trusted
    assert world.trust == [True]
    assert world.verbs.missed == ["hello 21 17:30 too_late"]
    assert len(world.verbs.done) == 1


async def test_a_clock_that_catches_up_is_believed_again(world: World) -> None:
    await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    world.clock.jump(-10 * MINUTE)
    await world.schedules.fire_due()
    await world.clock.advance(9 * MINUTE)
    await world.schedules.fire_due()
    assert world.trust == [False, True]


async def test_a_synchronised_clock_is_believed_whatever_was_written(world: World) -> None:
    await world.light("17:05", "on")
    world.clock.jump(10 * DAY)
    await world.schedules.fire_due()
    world.synchronised = True
    world.clock.jump(-10 * DAY)
    await world.schedules.fire_due()
    assert world.schedules.clock_trusted
    assert world.trust == []


async def test_after_network_time_set_the_clock_back_the_next_start_believes_it(
    world: World, database: Database
) -> None:
    async def beaten_at() -> datetime | None:
        async with database.reading() as connection:
            at: datetime | None = await connection.scalar(select(heartbeat.c.at))
            return at

    world.clock.jump(10 * DAY)
    running = asyncio.create_task(world.schedules.run())
    await until(beaten_at)
    world.synchronised = True
    world.clock.jump(-10 * DAY)
    await until_sleeping(world.clock)
    await world.clock.advance(5)

    async def is_now() -> bool:
        return await beaten_at() == world.clock.now()

    await until(is_now)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    world.synchronised = False
    await world.restart()
    assert world.schedules.clock_trusted


async def test_a_schedule_made_while_the_clock_was_wrong_makes_nothing_up(world: World) -> None:
    await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    world.clock.jump(-3 * DAY)
    await world.schedules.fire_due()
    await world.speech("16:00")
    world.clock.jump(3 * DAY)
    await world.schedules.fire_due()
    assert world.verbs.missed == []


async def test_the_newest_runs_of_each_schedule_are_kept(world: World, database: Database) -> None:
    schedule = await world.light("18:00", "on")
    for _ in range(RUNS_KEPT // 7 + 2):
        await world.clock.advance(7 * DAY)
        await world.schedules.fire_due()
    await world.restart()
    async with database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(runs)) == RUNS_KEPT
    assert world.ended(schedule) == "done late"
