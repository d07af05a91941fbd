import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from announcements.models import Class, State
from devices.models import SoundAcknowledged
from hub.actors import Actor
from hub.errors import (
    BrokerDown,
    Expired,
    InvalidInput,
    NotFound,
    NotPermitted,
    WorkerFailed,
)

HEAD = Actor("person", "p1", "Bà Lan")
World = Any


async def test_an_announcement_is_played_by_every_loudspeaker_of_its_zones(world: World) -> None:
    async with world.running() as part:
        made = await part.announce("Họp lúc 19h30", ["village"], "normal", 2, HEAD)
        await world.until(lambda: len(world.loudspeakers.plays) == 2)
        for where, order in world.loudspeakers.plays:
            assert order.url.startswith(f"http://hub.test:8080/sound/{made.id}.mp3?expires=")
            assert order.sha256 == "5" * 64
            assert order.not_after == made.not_after
            world.loudspeakers.say(where, order.id, "accepted")
            world.loudspeakers.say(where, order.id, "playing")
            world.loudspeakers.say(where, order.id, "done")
            await world.until(lambda order=order: world.latest(order.id) is State.PLAYED)
        kept = await part.get_announcement(made.id)
        assert [one.state for one in kept.deliveries] == [State.PLAYED, State.PLAYED]
        assert kept.spoken == "họp lúc mười chín giờ ba mươi phút.".capitalize()
        assert kept.seconds == 10.0
        assert world.workshop.made == [(kept.spoken, 2)]


async def test_announce_returns_before_the_sound_is_made(world: World) -> None:
    world.workshop.open.clear()
    async with world.running() as part:
        made = await part.announce("Mời họp", ["alley-1"], Class.NORMAL, 1, HEAD)
        assert await world.state(made.id) == {"loa-1": (State.QUEUED, "")}
        assert not world.loudspeakers.orders
        world.workshop.open.set()
        await world.until(lambda: world.loudspeakers.plays)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"text": ""}, "empty"),
        ({"text": " \n\x00\u200b "}, "empty"),
        ({"text": "!!! ..."}, "nothing that can be spoken"),
        ({"text": "a" * 2001}, "2000"),
        ({"text": "a" * 100_000}, "2000"),
        ({"zone_ids": []}, "at least one road"),
        ({"zone_ids": ["nowhere"]}, "does not exist"),
        ({"zone_ids": ["field"]}, "No loudspeaker"),
        ({"class_": "urgent"}, "normal, priority and emergency"),
        ({"repeat": 0}, "between 1 and 5"),
        ({"repeat": 6}, "between 1 and 5"),
    ],
)
async def test_what_cannot_be_announced_is_refused_in_a_clear_sentence(
    world: World, changed: dict[str, Any], why: str
) -> None:
    asked = {"text": "Mời họp", "zone_ids": ["village"], "class_": "normal", "repeat": 1}
    with pytest.raises(InvalidInput, match=why):
        await world.part.announce(**(asked | changed), by=HEAD)
    assert await world.part.list_announcements() == []


async def test_a_lone_surrogate_is_not_stored(world: World) -> None:
    made = await world.part.announce("Mời \ud800họp", ["alley-1"], "normal", 1, HEAD)
    assert (await world.part.get_announcement(made.id)).text == "Mời họp"


async def test_what_should_have_been_heard_in_the_past_is_refused(world: World) -> None:
    with pytest.raises(Expired):
        await world.part.announce("Họp", ["alley-1"], "normal", 1, HEAD, world.clock.now())


async def test_silence_becomes_unanswered_and_a_late_answer_corrects_it(world: World) -> None:
    async with world.running() as part:
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: world.loudspeakers.plays)
        delivery = made.deliveries[0].id
        await world.clock.advance(5.1)
        await world.until(lambda: world.latest(delivery) is State.UNANSWERED)
        world.loudspeakers.say("loa-1", delivery, "done")
        await world.until(lambda: world.latest(delivery) is State.PLAYED)
        assert await world.state(made.id) == {"loa-1": (State.PLAYED, "")}
        assert len(world.loudspeakers.plays) == 1


async def test_a_loudspeaker_that_never_says_it_finished_is_unanswered(world: World) -> None:
    async with world.running():
        delivery = await world.playing()
        await world.clock.advance(24)
        assert world.latest(delivery) is State.PLAYING
        await world.clock.advance(1.1)
        await world.until(lambda: world.latest(delivery) is State.UNANSWERED)


async def test_a_loudspeaker_that_refuses_says_why(world: World) -> None:
    async with world.running() as part:
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: world.loudspeakers.plays)
        world.loudspeakers.say("loa-1", made.deliveries[0].id, "rejected", "wrong checksum")
        await world.until(lambda: world.latest(made.deliveries[0].id) is State.FAILED)
        assert await world.state(made.id) == {"loa-1": (State.FAILED, "wrong checksum")}


async def test_unknown_repeated_and_foreign_answers_are_ignored(world: World) -> None:
    async with world.running():
        delivery = await world.playing()
        before = len(world.changes)
        world.loudspeakers.say("loa-1", "nobody", "done")
        world.loudspeakers.say("loa-2", delivery, "done")
        world.loudspeakers.say("loa-1", delivery, "playing")
        world.loudspeakers.say("loa-1", delivery, "accepted")
        world.loudspeakers.say("loa-1", delivery, "nonsense")
        world.loudspeakers.say("loa-1", delivery, "done")
        await world.until(lambda: world.latest(delivery) is State.PLAYED)
        world.loudspeakers.say("loa-1", delivery, "done")
        world.loudspeakers.say("loa-1", delivery, "stopped")
        await world.clock.advance(120)
        assert len(world.changes) == before + 1


async def test_one_sound_at_a_time_and_the_next_after_it(world: World) -> None:
    async with world.running() as part:
        first = await world.playing("Một")
        second = await part.announce("Hai", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: len(world.workshop.made) == 2 and len(world.announced) == 4)
        assert len(world.loudspeakers.plays) == 1
        world.loudspeakers.say("loa-1", first, "done")
        await world.until(lambda: len(world.loudspeakers.plays) == 2)
        assert world.loudspeakers.plays[1][1].id == second.deliveries[0].id


async def test_an_emergency_interrupts_and_what_it_interrupted_says_so(world: World) -> None:
    async with world.running() as part:
        first = await world.playing("Một")
        urgent = await part.announce("Cháy", ["alley-1"], "emergency", 1, HEAD)
        await world.until(lambda: len(world.loudspeakers.plays) == 2)
        assert world.latest(first) is State.PLAYING  # it has not said otherwise yet
        world.loudspeakers.say("loa-1", first, "stopped")
        await world.until(lambda: world.latest(first) is State.STOPPED)
        orders = [order for _, order in world.loudspeakers.orders]
        assert [getattr(order, "target", order.id) for order in orders] == [
            first,
            first,
            urgent.deliveries[0].id,
        ]
        interrupted = next(one for one in reversed(world.changes) if one.id == first)
        assert interrupted.reason == "preempted"


async def test_stop_reaches_every_loudspeaker_before_anything_is_written(world: World) -> None:
    async with world.running() as part:
        delivery = await world.playing()
        waiting = await part.announce("Hai", ["alley-1"], "normal", 1, HEAD)
        async with world.database.transaction():  # nothing can be written now
            stopping = asyncio.create_task(part.stop_all(HEAD))
            await world.until(lambda: len(world.loudspeakers.stops) == 2)
            assert {(where, one.target) for where, one in world.loudspeakers.stops} == {
                ("loa-1", None),
                ("loa-2", None),
            }
        assert await stopping == 2
        assert await world.state(waiting.id) == {
            "loa-1": (State.STOPPED, "stopped before it was sent")
        }
        world.loudspeakers.say("loa-1", delivery, "stopped")
        await world.until(lambda: world.latest(delivery) is State.STOPPED)
        assert len(world.loudspeakers.plays) == 1


async def test_stop_that_comes_while_the_order_is_written_keeps_it_from_going(
    world: World,
) -> None:
    async with world.running() as part:
        tasks: list[asyncio.Task[int]] = []

        def stop_now(name: str) -> None:
            if name == "delivery:committed":
                tasks.append(asyncio.create_task(part.stop_all(HEAD)))

        world.checkpoint = stop_now
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: tasks)
        assert await tasks[0] == 2
        await world.until(lambda: world.loudspeakers.stops)
        last = world.loudspeakers.orders[-1][1]
        assert last in [one for _, one in world.loudspeakers.stops]
        assert made.id


async def test_a_loudspeaker_that_does_not_say_that_it_stopped_is_unanswered(
    world: World,
) -> None:
    async with world.running() as part:
        delivery = await world.playing()
        await part.stop(world.announced[0].announcement.id, HEAD)
        assert [one.target for _, one in world.loudspeakers.stops] == [delivery]
        assert world.latest(delivery) is State.PLAYING
        await world.clock.advance(5.1)
        await world.until(lambda: world.latest(delivery) is State.UNANSWERED)


async def test_stop_without_broker_says_so_and_still_keeps_back_what_waits(world: World) -> None:
    async with world.running() as part:
        world.lose_broker()
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        with pytest.raises(BrokerDown):
            await part.stop_all(HEAD)
        world.find_broker()
        await world.clock.advance(120)
        assert await world.state(made.id) == {
            "loa-1": (State.STOPPED, "stopped before it was sent")
        }
        assert not world.loudspeakers.orders


async def test_stopping_what_never_was_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.part.stop("nothing", HEAD)


async def test_what_waits_for_the_broker_goes_when_it_is_back(world: World) -> None:
    async with world.running() as part:
        world.loudspeakers.down = True  # not yet noticed by anybody
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: world.changes and world.changes[-1].sent_at is None)
        assert await world.state(made.id) == {"loa-1": (State.QUEUED, "")}
        world.find_broker()
        await world.until(lambda: len(world.loudspeakers.plays) == 1)


async def test_what_waits_too_long_for_the_broker_has_expired(world: World) -> None:
    async with world.running() as part:
        world.lose_broker()
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: len(world.announced) == 2)
        await world.clock.advance(301)
        await world.until(lambda: world.latest(made.deliveries[0].id) is State.FAILED)
        world.find_broker()
        await world.clock.advance(1)
        assert await world.state(made.id) == {"loa-1": (State.FAILED, "expired")}
        assert not world.loudspeakers.orders


async def test_a_removed_loudspeaker_fails_alone(world: World) -> None:
    world.loudspeakers.gone.add("loa-1")
    async with world.running() as part:
        made = await part.announce("Mời họp", ["village"], "normal", 1, HEAD)
        await world.until(lambda: world.loudspeakers.plays)
        await world.until(lambda: world.latest(made.deliveries[0].id) is State.FAILED)
        assert (await world.state(made.id))["loa-2"][0] is State.QUEUED


async def test_a_sound_that_cannot_be_made_fails_with_its_sentence(world: World) -> None:
    world.workshop.fails = WorkerFailed("Making the sound took longer than 90 seconds")
    async with world.running() as part:
        made = await part.announce("Mời họp", ["village"], "normal", 1, HEAD)
        await world.until(lambda: len(world.changes) == 2)
        assert set((await world.state(made.id)).values()) == {
            (State.FAILED, "Making the sound took longer than 90 seconds")
        }
        assert not world.loudspeakers.orders


async def test_an_urgent_sound_is_made_before_those_that_wait(world: World) -> None:
    world.workshop.open.clear()
    async with world.running() as part:
        for text, class_ in (("Một", "normal"), ("Hai", "normal"), ("Cháy", "emergency")):
            await part.announce(text, ["alley-1"], class_, 1, HEAD)
        world.workshop.open.set()
        await world.until(lambda: len(world.workshop.made) == 3)
        assert world.workshop.made[1][0] == "Cháy."


async def test_what_was_sent_before_a_restart_is_never_sent_again(world: World) -> None:
    async with world.running() as part:
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: world.loudspeakers.plays)
    async with world.running():
        await world.clock.advance(5.1)
        await world.until(lambda: world.latest(made.deliveries[0].id) is State.UNANSWERED)
        assert len(world.loudspeakers.plays) == 1
    async with world.running():
        world.part._deliveries._news.set()
        await world.clock.advance(61)
        await _answered(world, made.deliveries[0].id)
        assert len(world.loudspeakers.plays) == 1


async def _answered(world: World, delivery: str) -> None:
    """A late answer is heard by the hub that was started again."""
    async with asyncio.timeout(5):
        while world.latest(delivery) is not State.PLAYED:
            world.loudspeakers.say("loa-1", delivery, "done")
            await asyncio.sleep(0)


async def test_what_was_not_sent_before_a_restart_goes_while_it_is_fresh(world: World) -> None:
    fresh = await world.part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
    async with world.running():
        await world.until(lambda: len(world.loudspeakers.plays) == 1)
        assert world.loudspeakers.plays[0][1].id == fresh.deliveries[0].id


async def test_what_was_not_sent_before_a_restart_is_too_late_after_its_time(
    world: World,
) -> None:
    stale = await world.part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
    world.clock.jump(301)
    async with world.running():
        await world.until(lambda: world.latest(stale.deliveries[0].id) is State.FAILED)
        assert await world.state(stale.id) == {"loa-1": (State.FAILED, "expired")}
        assert not world.loudspeakers.orders


@pytest.mark.parametrize(
    ("point", "stored", "heard_at_most"),
    [
        ("announcement:before-commit", False, 0),
        ("announcement:committed", True, 1),
        ("delivery:committed", True, 0),
        ("delivery:published", True, 1),
        ("delivery:acknowledged", True, 1),
    ],
)
async def test_a_hub_that_dies_at_a_named_point_plays_nothing_twice(
    world: World, point: str, *, stored: bool, heard_at_most: int
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    world.checkpoint = die
    with pytest.raises((Killed, BaseExceptionGroup)):
        await _announce_and_answer(world)
    world.checkpoint = lambda _name: None
    world.clock.jump(1)
    async with world.running() as part:
        kept = await part.list_announcements()
        assert bool(kept) is stored
        if point == "announcement:committed":
            await world.until(lambda: world.loudspeakers.plays)
        await world.clock.advance(400)
        assert len(world.loudspeakers.plays) == heard_at_most


async def _announce_and_answer(world: World) -> None:
    async with asyncio.timeout(5), world.running() as part:
        run = next(task for task in asyncio.all_tasks() if task.get_name() == "announcements")
        await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        while not run.done() and not world.loudspeakers.plays:
            await asyncio.wait({run}, timeout=0.01)
        if not run.done():
            where, order = world.loudspeakers.plays[0]
            # Events would catch what the listener raises, so it is called directly.
            part._deliveries._hear(_said(where, order.id))
        await run


def _said(where: str, order_id: str) -> SoundAcknowledged:
    at = datetime.fromisoformat("2026-11-21T17:00:00+07:00")
    return SoundAcknowledged(where, order_id, "done", "", at, None)


async def test_what_a_schedule_missed_is_recorded_and_not_heard(world: World) -> None:
    due = world.clock.now() - timedelta(hours=2)
    by = Actor("schedule", "s1", "Bản tin sáng")
    async with world.running() as part:
        missed = await part.record_missed("Tin", ["village"], "normal", 1, by, due, "hub was off")
        kept = await part.get_announcement(missed.id)
        assert (kept.missed, kept.due_at, kept.deliveries) == ("hub was off", due, ())
        assert kept.by == by
        await world.clock.advance(120)
        assert not world.loudspeakers.orders
        with pytest.raises(NotFound):
            await part.sound_file(missed.id)


async def test_the_list_is_newest_first_and_goes_on_from_the_last_one_seen(world: World) -> None:
    made = [
        (await world.part.announce(f"Tin {n}", ["alley-1"], "normal", 1, HEAD)).id for n in range(5)
    ]
    first = await world.part.list_announcements(limit=3)
    rest = await world.part.list_announcements(before=first[-1].id, limit=3)
    assert [one.id for one in [*first, *rest]] == made[::-1]
    assert all(len(one.deliveries) == 1 for one in first)


async def test_a_sound_that_was_cleared_away_is_made_again(world: World) -> None:
    async with world.running() as part:
        made = await part.announce("Mời họp", ["alley-1"], "normal", 1, HEAD)
        await world.until(lambda: world.loudspeakers.plays)
        path = await part.sound_file(made.id)
        path.unlink()
        assert (await part.sound_file(made.id)).read_bytes() == b"mp3"
        with pytest.raises(NotFound):
            await part.sound_file("../../etc/passwd")


async def test_only_what_the_hub_signed_opens_a_sound(world: World) -> None:
    path = world.part.sign("abc")
    expires, signature = path.split("expires=")[1].split("&signature=")
    world.part.check_signature("abc", int(expires), signature)
    for wrong in (("abd", int(expires), signature), ("abc", int(expires) + 1, signature)):
        with pytest.raises(NotPermitted):
            world.part.check_signature(*wrong)
    for signed in ("", "é", signature[:-1], signature.upper() + "0"):
        with pytest.raises(NotPermitted):
            world.part.check_signature("abc", int(expires), signed)
    world.clock.jump(3601)
    with pytest.raises(Expired):
        world.part.check_signature("abc", int(expires), signature)


async def test_it_is_known_whether_a_schedule_has_announced(world: World) -> None:
    lunch = Actor("schedule", "lunch", "Trưa")
    async with world.running() as part:
        before = world.clock.now()
        assert not await part.has_announced(lunch, before)
        await part.record_missed("Mời họp", ["alley-1"], "normal", 1, lunch, before, "too_late")
        assert not await part.has_announced(lunch, before)
        await part.announce("Mời họp", ["alley-1"], "normal", 1, lunch)
        assert await part.has_announced(lunch, before)
        assert not await part.has_announced(lunch, before + timedelta(seconds=1))
        assert not await part.has_announced(HEAD, before)
