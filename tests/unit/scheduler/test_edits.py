import asyncio

import pytest

from hub.actors import HUB, Actor
from hub.errors import InvalidInput, NotFound
from scheduler.service import MOST_SCHEDULES
from tests.unit.scheduler.world import World, until

MINUTE = 60
HOUR = 3_600
DAY = 24 * HOUR
AT_FIVE_PAST = {"type": "weekly", "days": [6], "time": "17:05"}
LIGHT = {"type": "light", "zones": ["lane-1"], "turn": "on"}
SPEECH = {"type": "announcement", "zones": ["lane-1"], "text": "xin chào"}
WIFI = {"type": "wifi", "devices": ["hall"], "turn": "on"}
HEAD = Actor("person", "p1", "Trưởng thôn")


async def test_a_schedule_is_kept_with_every_key_written_out(world: World) -> None:
    sunset = {"type": "sun", "event": "sunset", "offset_minutes": -10}
    made = await world.schedules.add_schedule("  Loa   chiều ", sunset, SPEECH, HEAD)
    assert made.name == "Loa chiều"
    assert made.trigger == sunset | {"days": [1, 2, 3, 4, 5, 6, 7]}
    assert made.action == SPEECH | {"class": "normal", "repeat": 1}
    assert made.created_by == HEAD
    assert made.next_at is not None
    assert made.next_at.isoformat() == "2026-11-21T17:05:00+07:00"
    assert world.changed == [made]
    await world.restart()
    assert world.schedules.list_schedules() == [made]
    assert world.schedules.get_schedule(made.id) == made


async def test_schedules_keep_their_order(world: World) -> None:
    made = [await world.light(f"{hour}:00", "on") for hour in range(18, 22)]
    await world.restart()
    assert [s.id for s in world.schedules.list_schedules()] == [s.id for s in made]


async def test_only_what_is_given_changes(world: World) -> None:
    made = await world.light("17:05", "on")
    named = await world.schedules.change_schedule(made.id, HEAD, name="đèn")
    assert (named.name, named.trigger, named.action) == ("đèn", made.trigger, made.action)
    moved = await world.schedules.change_schedule(made.id, HEAD, trigger=AT_FIVE_PAST)
    assert (moved.name, moved.trigger) == ("đèn", AT_FIVE_PAST)
    wifi = await world.schedules.change_schedule(made.id, HEAD, action=WIFI)
    assert wifi.action == WIFI
    off = await world.schedules.change_schedule(made.id, HEAD, enabled=False)
    assert not off.enabled
    assert off.next_at is None
    assert world.alarm.due == {}
    await world.restart()
    assert world.schedules.get_schedule(made.id) == off


async def test_the_alarm_follows_each_edit(world: World) -> None:
    made = await world.light("18:00", "on")
    assert [at.hour for at in world.alarm.due.values()] == [11]
    await world.schedules.change_schedule(
        made.id, HEAD, trigger={"type": "weekly", "days": [6], "time": "19:00"}
    )
    assert [at.hour for at in world.alarm.due.values()] == [12]
    await world.schedules.remove_schedule(made.id, HEAD)
    assert world.alarm.due == {}


async def test_a_new_action_holds_for_a_step_that_is_just_due(world: World) -> None:
    made = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.change_schedule(made.id, HEAD, action=LIGHT | {"turn": "off"})
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 off"]


async def test_a_new_trigger_counts_from_now(world: World) -> None:
    made = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    changed = await world.schedules.change_schedule(
        made.id, HEAD, trigger={"type": "weekly", "days": [6], "time": "17:04"}
    )
    await world.schedules.fire_due()
    assert world.verbs.done == []
    assert changed.next_at is not None
    assert changed.next_at.day == 28


async def test_the_same_trigger_sent_again_leaves_a_due_step_alone(world: World) -> None:
    made = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.change_schedule(made.id, HEAD, trigger=made.trigger, enabled=True)
    await world.schedules.fire_due()
    assert world.verbs.done == ["lights lane-1 on"]


async def test_what_ran_does_not_run_again_after_an_edit(world: World) -> None:
    made = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await world.schedules.fire_due()
    await world.schedules.change_schedule(made.id, HEAD, enabled=False)
    await world.schedules.change_schedule(made.id, HEAD, enabled=True, name="đèn")
    await world.restart()
    await world.schedules.fire_due()
    assert len(world.verbs.done) == 1
    assert world.ended(made) == "done"


async def test_an_edit_while_the_step_is_being_done_keeps_its_outcome(world: World) -> None:
    made = await world.light("17:05", "on")
    gate = world.verbs.gates["lights"] = asyncio.Event()
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: "run:committed" in world.checkpoints)
    await world.schedules.change_schedule(made.id, HEAD, name="đèn")
    gate.set()
    await firing
    schedule = world.schedules.get_schedule(made.id)
    assert schedule.name == "đèn"
    assert world.ended(schedule) == "done"


async def test_a_schedule_removed_while_its_step_is_being_done_stays_removed(
    world: World,
) -> None:
    made = await world.light("17:05", "on")
    gate = world.verbs.gates["lights"] = asyncio.Event()
    await world.clock.advance(5 * MINUTE)
    firing = asyncio.create_task(world.schedules.fire_due())
    await until(lambda: "run:committed" in world.checkpoints)
    await world.schedules.remove_schedule(made.id, HEAD)
    gate.set()
    await firing
    assert world.removed == [made.id]
    assert await world.stored_runs() == []
    await world.restart()
    assert world.schedules.list_schedules() == []


async def test_firing_and_edits_at_once_leave_one_run(world: World) -> None:
    made = await world.light("17:05", "on")
    await world.clock.advance(5 * MINUTE)
    await asyncio.gather(
        *(world.schedules.fire_due() for _ in range(5)),
        *(world.schedules.change_schedule(made.id, HEAD, name=f"đèn {n}") for n in range(5)),
        *(world.schedules.fire_due() for _ in range(5)),
    )
    assert world.verbs.done == ["lights lane-1 on"]
    assert len(await world.stored_runs()) == 1


async def test_what_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.schedules.get_schedule("none")
    with pytest.raises(NotFound):
        await world.schedules.change_schedule("none", HEAD, name="x")
    with pytest.raises(NotFound):
        await world.schedules.remove_schedule("none", HEAD)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
async def test_a_name_has_one_to_eighty_letters(world: World, name: str) -> None:
    with pytest.raises(InvalidInput):
        await world.schedules.add_schedule(name, AT_FIVE_PAST, LIGHT, HUB)


async def test_the_number_of_schedules_has_an_end(world: World) -> None:
    for _ in range(MOST_SCHEDULES):
        await world.light("18:00", "on")
    with pytest.raises(InvalidInput):
        await world.light("18:00", "on")


async def test_a_zone_or_device_that_does_not_exist_is_refused(world: World) -> None:
    for action in (
        LIGHT | {"zones": ["lane-1", "moon"]},
        SPEECH | {"zones": ["moon"]},
        WIFI | {"devices": ["lane-1"]},
    ):
        with pytest.raises(InvalidInput) as refused:
            await world.schedules.add_schedule("x", AT_FIVE_PAST, action, HUB)
        assert refused.value.context["field"] in {"action.zones", "action.devices"}
    assert world.schedules.list_schedules() == []


async def test_a_refused_edit_changes_nothing(world: World) -> None:
    made = await world.light("17:05", "on")
    with pytest.raises(InvalidInput):
        await world.schedules.change_schedule(made.id, HEAD, name="x", action={"type": "siren"})
    assert world.schedules.get_schedule(made.id) == made
    await world.restart()
    assert world.schedules.get_schedule(made.id) == made
