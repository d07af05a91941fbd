import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from hub.actors import HUB, Actor
from hub.database import Database
from hub.errors import BrokerDown, Conflict, Expired, NoAnswer
from scheduler import store
from tests.unit.scheduler.world import World, until, until_sleeping

MINUTE = 60
HOUR = 3_600


async def test_what_is_due_is_done_once(world: World) -> None:
    schedule = await world.light("17:05", "on", "lane-1", "lane-2")
    await world.schedules.fire_due()
    assert world.verbs.done == []
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 lane-2 on"]
    assert world.verbs.actors == [Actor("schedule", schedule.id, schedule.name)]
    assert world.ended(schedule) == "done"
    assert world.checkpoints == ["run:committed", "run:acted", "run:ended"]
    next_at = world.schedules.get_schedule(schedule.id).next_at
    assert next_at is not None
    assert next_at.isoformat() == "2026-11-22T17:05:00+07:00"


async def test_a_run_is_shown_as_running_and_then_as_done(world: World) -> None:
    await world.light("17:05", "on")
    world.changed.clear()
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    shown = [s.last_run.outcome if s.last_run else None for s in world.changed]
    assert shown[-2:] == ["running", "done"]


async def test_many_rings_at_once_do_it_once(world: World) -> None:
    await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await asyncio.gather(*(world.schedules.fire_due() for _ in range(20)))
    assert world.verbs.done == ["lights lane-1 on"]


async def test_the_table_refuses_a_second_run_for_the_same_due_time(
    world: World, database: Database
) -> None:
    schedule = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    run = world.last_run(schedule)
    assert run is not None
    with pytest.raises(IntegrityError):
        await database.commit(store.insert_run(replace(run, id="another"), run.due_at))


async def test_a_level_and_wifi_and_speech_reach_their_verbs(world: World) -> None:
    at = {"type": "weekly", "days": [6], "time": "17:05"}
    for action in (
        {"type": "light", "zones": ["all"], "turn": "on", "level": 40},
        {"type": "wifi", "devices": ["hall"], "turn": "off"},
        {
            "type": "announcement",
            "zones": ["lane-1"],
            "text": " xin chào ",
            "class": "priority",
            "repeat": 2,
        },
    ):
        await world.schedules.add_schedule("evening", at, action, HUB)
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    assert sorted(world.verbs.done) == [
        "lights all on 40%",
        "say xin chào lane-1 priority x2",
        "wifi hall off",
    ]
    assert [t.isoformat() for t in world.verbs.not_after] == ["2026-11-21T10:10:00+00:00"]


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (NoAnswer("no lamp"), "failed no_answer"),
        (Conflict("quiet hours"), "refused conflict"),
        (ZeroDivisionError(), "failed fault"),
    ],
)
async def test_a_step_that_fails_fails_alone(world: World, error: Exception, ended: str) -> None:
    lights = await world.light("17:05", "on")
    speech = await world.speech("17:05")
    world.verbs.failing["lights"] = error
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    assert world.ended(lights) == ended
    assert world.ended(speech) == "done"


async def test_speech_that_the_speaker_calls_expired_was_missed(world: World) -> None:
    speech = await world.speech("17:05")
    world.verbs.failing["say"] = Expired("too late")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    assert world.ended(speech) == "missed too_late"


async def test_lights_wait_for_the_broker_to_come_back(world: World) -> None:
    lights = await world.light("17:05", "on")
    world.verbs.failing["lights"] = BrokerDown("no broker")
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until_sleeping(world.clock)
    await world.clock.advance(10)
    assert not firing.done()
    del world.verbs.failing["lights"]
    await world.clock.advance(1)
    await firing
    assert world.verbs.done == ["lights lane-1 on"]
    assert world.ended(lights) == "done"


async def test_a_broker_that_stays_away_fails_the_lights_and_misses_the_speech(
    world: World,
) -> None:
    lights = await world.light("17:05", "on")
    speech = await world.speech("17:05")
    world.verbs.failing |= {kind: BrokerDown("no broker") for kind in ("lights", "say")}
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until_sleeping(world.clock, sleepers=2)
    await world.clock.advance(301)
    await firing
    assert world.ended(lights) == "failed broker_down"
    assert world.ended(speech) == "missed broker_down"
    assert world.verbs.missed == ["hello 21 17:05 broker_down"]
    assert world.verbs.done == []


async def test_a_slow_step_is_not_overtaken_by_the_next_of_its_kind(world: World) -> None:
    await world.light("17:05", "on")
    await world.light("17:06", "off")
    gate = world.verbs.gates["lights"] = asyncio.Event()
    await world.clock.advance(5 * MINUTE)
    first = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: "run:committed" in world.checkpoints)
    await world.clock.advance(MINUTE)
    second = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: world.checkpoints.count("run:committed") == 2)
    gate.set()
    await asyncio.gather(first, second)
    assert world.verbs.done == ["lights lane-1 on", "lights lane-1 off"]


async def test_a_silent_lane_does_not_keep_the_other_lanes_waiting(world: World) -> None:
    one = await world.light("17:05", "on", "lane-1")
    other = await world.light("17:05", "on", "lane-2")
    world.verbs.silent_zone = "lane-1"
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: world.ended(other) == "done" if world.last_run(other) else False)
    assert world.ended(one) == "running"
    world.verbs.heard.set()
    await firing
    assert world.ended(one) == "done"


async def test_slow_lights_hold_up_no_speech(world: World) -> None:
    await world.light("17:05", "on")
    await world.speech("17:05")
    gate = world.verbs.gates["lights"] = asyncio.Event()
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: world.verbs.done == ["say hello lane-1 normal x1"])
    gate.set()
    await firing


async def test_a_zone_that_is_gone_is_left_out_and_its_neighbours_are_switched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = await world.light("17:05", "on", "lane-1", "lane-2")
    alone = await world.light("17:05", "on", "lane-1")
    monkeypatch.setattr(
        "scheduler.steps.Site.cover",
        lambda _site, action: {z: {z} for z in action.zones if z != "lane-1"},
    )
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-2 on"]
    assert world.ended(both) == "done"
    assert world.ended(alone) == "failed nothing_left"


async def test_the_loop_fires_on_the_alarm_and_beats_its_heart(world: World) -> None:
    schedule = await world.light("17:05", "on")
    running = asyncio.create_task(world.schedules.run())
    await until(lambda: world.alarm.running and world.alarm.due != {})
    assert [at.isoformat() for at in world.alarm.due.values()] == ["2026-11-21T10:05:00+00:00"]
    world.clock.jump(5 * MINUTE)
    world.alarm.ring()
    await until(lambda: world.verbs.done == ["lights lane-1 on"])
    await until(lambda: world.ended(schedule) == "done")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not world.alarm.running


async def test_the_loop_finds_a_clock_that_jumped_without_any_alarm(world: World) -> None:
    await world.light("18:00", "on")
    running = asyncio.create_task(world.schedules.run())
    await until(lambda: world.alarm.running)
    world.clock.jump(2 * HOUR)
    await until_sleeping(world.clock)
    await world.clock.advance(5)
    await until(lambda: world.verbs.done == ["lights lane-1 on"])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_full_disk_delays_what_is_due_and_does_not_end_the_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.light("17:05", "on")
    failed = asyncio.Event()

    async def full(*_: object) -> None:
        failed.set()
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(store, "beat", full)
    await world.clock.advance(5 * MINUTE)
    running = asyncio.create_task(world.schedules.run())
    await asyncio.wait_for(failed.wait(), 5)
    assert world.verbs.done == []
    monkeypatch.undo()
    await until_sleeping(world.clock)
    await world.clock.advance(5)
    await until(lambda: world.verbs.done == ["lights lane-1 on"])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
