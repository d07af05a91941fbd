from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from announcements import queue
from announcements.models import Class, Delivery, State
from announcements.queue import Heard, after_answer, after_silence, asked_to_stop, next_on_air

NOW = datetime.fromisoformat("2026-11-21T17:00:00+07:00")
_NUMBERS = count()


def delivery(class_: str = "normal", where: str = "loa-1") -> Delivery:
    number = f"{next(_NUMBERS):08d}"
    return Delivery(
        id=number,
        announcement_id=f"a{number}",
        loudspeaker_id=where,
        loudspeaker_name=where,
        class_=Class(class_),
        state=State.QUEUED,
        reason="",
        created_at=NOW,
        not_after=NOW + timedelta(minutes=5),
    )


def playing(class_: str = "normal", where: str = "loa-1") -> Delivery:
    return replace(queue.sent(delivery(class_, where), NOW), state=State.PLAYING)


def chosen(*deliveries: Delivery) -> list[tuple[str, str | None]]:
    steps = next_on_air(reversed(deliveries), {one.announcement_id for one in deliveries})
    return [(step.send.id, step.preempts.id if step.preempts else None) for step in steps]


def test_the_oldest_of_equals_goes_first() -> None:
    first, second = delivery(), delivery()
    assert chosen(first, second) == [(first.id, None)]


def test_the_most_urgent_goes_first() -> None:
    normal, priority, emergency = (delivery(class_) for class_ in Class)
    assert chosen(normal, priority, emergency) == [(emergency.id, None)]
    assert chosen(normal, priority) == [(priority.id, None)]


def test_each_loudspeaker_has_a_queue_of_its_own() -> None:
    here, there = delivery(), delivery(where="loa-2")
    assert chosen(here, there) == [(there.id, None), (here.id, None)] or chosen(here, there) == [
        (here.id, None),
        (there.id, None),
    ]


@pytest.mark.parametrize("on_air", list(Class))
@pytest.mark.parametrize("waiting", list(Class))
def test_only_a_higher_class_interrupts(on_air: Class, waiting: Class) -> None:
    now, later = playing(on_air), delivery(waiting)
    higher = list(Class).index(waiting) > list(Class).index(on_air)
    assert chosen(now, later) == ([(later.id, now.id)] if higher else [])


def test_what_was_sent_holds_the_loudspeaker_before_it_answers() -> None:
    assert chosen(queue.sent(delivery(), NOW), delivery()) == []


def test_what_has_ended_frees_the_loudspeaker() -> None:
    for state in (State.PLAYED, State.FAILED, State.STOPPED, State.UNANSWERED):
        waiting = delivery()
        assert chosen(queue.ended(playing(), state, "", NOW), waiting) == [(waiting.id, None)]


def test_without_its_sound_nothing_goes() -> None:
    assert next_on_air([delivery()], set()) == []


def test_a_waiting_delivery_expires_and_is_never_sent() -> None:
    waiting = delivery()
    assert after_silence(waiting, NOW + timedelta(seconds=299)) is None
    late = after_silence(waiting, NOW + timedelta(seconds=300))
    assert late is not None
    assert (late.state, late.reason, late.sent_at) == (State.FAILED, "expired", None)


def test_silence_after_sending_is_unanswered() -> None:
    sent = queue.sent(delivery(), NOW)
    assert after_silence(sent, NOW + timedelta(seconds=4.9)) is None
    silent = after_silence(sent, NOW + timedelta(seconds=5))
    assert silent is not None
    assert silent.state is State.UNANSWERED


@pytest.mark.parametrize("state", [State.PLAYED, State.FAILED, State.STOPPED, State.UNANSWERED])
def test_time_changes_nothing_that_has_ended(state: State) -> None:
    assert after_silence(queue.ended(playing(), state, "", NOW), NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", State.QUEUED),
        ("playing", State.PLAYING),
        ("done", State.PLAYED),
        ("stopped", State.STOPPED),
        ("preempted", State.STOPPED),
        ("rejected", State.FAILED),
        ("failed", State.FAILED),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_an_answer_is_believed_also_when_it_is_late(
    status: str, state: State, *, late: bool
) -> None:
    sent = queue.sent(delivery(), NOW)
    before = queue.ended(sent, State.UNANSWERED, queue.NO_ANSWER, NOW) if late else sent
    after = after_answer(before, Heard(status, "", NOW), 10)
    assert after is not None
    assert after.state is state
    assert after.reason != queue.NO_ANSWER


def test_what_was_interrupted_says_so() -> None:
    after = after_answer(playing(), Heard("preempted", "", NOW), 10)
    assert after is not None
    assert after.reason == "preempted"


@pytest.mark.parametrize("status", ["accepted", "playing", "stopped", "failed", "done", "?"])
def test_what_was_played_stays_played(status: str) -> None:
    played = queue.ended(playing(), State.PLAYED, "", NOW)
    assert after_answer(played, Heard(status, "", NOW), 10) is None


@pytest.mark.parametrize("status", ["accepted", "playing", "done", "stopped"])
def test_what_was_never_sent_cannot_be_answered(status: str) -> None:
    assert after_answer(delivery(), Heard(status, "", NOW), 10) is None


def test_done_corrects_what_was_believed_to_be_interrupted() -> None:
    interrupted = queue.ended(playing(), State.STOPPED, queue.PREEMPTED, NOW)
    assert after_answer(interrupted, Heard("stopped", "", NOW), 10) is None
    after = after_answer(interrupted, Heard("done", "", NOW), 10)
    assert after is not None
    assert after.state is State.PLAYED


def test_playing_may_last_as_long_as_the_sound_and_some_seconds() -> None:
    after = after_answer(queue.sent(delivery(), NOW), Heard("playing", "", NOW), 60)
    assert after is not None
    assert after.deadline_at == NOW + timedelta(seconds=60 + queue.FINISH_S)


def test_what_waits_stops_at_once_and_what_plays_when_it_says_so() -> None:
    assert asked_to_stop(delivery(), NOW).state is State.STOPPED
    stopping = asked_to_stop(playing(), NOW)
    assert stopping.state is State.PLAYING
    assert stopping.deadline_at == NOW + timedelta(seconds=queue.ANSWER_S)


def test_playing_heard_after_stop_does_not_lengthen_the_wait() -> None:
    stopping = asked_to_stop(queue.sent(delivery(), NOW), NOW)
    after = after_answer(stopping, Heard("playing", "", NOW), 600)
    assert after is not None
    assert after.deadline_at == stopping.deadline_at


def test_the_next_moment_is_the_nearest_deadline() -> None:
    waiting, sent = delivery(), queue.sent(delivery(), NOW)
    assert queue.next_moment([waiting, sent]) == sent.deadline_at
    assert queue.next_moment([waiting]) == waiting.not_after
    assert queue.next_moment([]) is None


def test_an_order_that_arrived_twice_is_refused_once_and_that_changes_nothing() -> None:
    assert after_answer(playing(), Heard("rejected", "repeated", NOW), 10) is None
