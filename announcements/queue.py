"""The rules of order: who speaks next on a loudspeaker, and what its answers mean.

Pure: values in, values out. One sound at a time per loudspeaker; emergency before priority before
normal, the older first among equals; a higher class pre-empts a lower one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from announcements.models import OPEN, Delivery, State

ANSWER_S: Final = 5.0
"""How long a loudspeaker may take to say that it has the order, or to say that it stopped."""
START_S: Final = 30.0
"""From accepting the order to playing: it fetches the sound meanwhile."""
FINISH_S: Final = 15.0
"""How much longer than the sound itself playing it may take."""
REMEMBERED: Final = timedelta(hours=24)
"""How long an answer that comes too late still corrects what is recorded."""

PREEMPTED: Final = "preempted"
EXPIRED: Final = "expired"
NO_ANSWER: Final = "the loudspeaker did not answer"
NO_END: Final = "the loudspeaker did not say that it finished"
NO_STOP: Final = "the loudspeaker did not say that it stopped"
STOPPED_BEFORE: Final = "stopped before it was sent"


@dataclass(frozen=True, slots=True)
class Next:
    """The delivery to send now, and the one that gives way to it."""

    send: Delivery
    preempts: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a loudspeaker said about a delivery, and when it arrived here."""

    status: str
    reason: str
    at: datetime


def next_on_air(deliveries: Iterable[Delivery], ready: set[str]) -> list[Next]:
    """What to send now, at most one for each loudspeaker.

    `ready` holds the ids of the announcements whose sound is made.
    """
    found = []
    for queue in _by_loudspeaker(deliveries).values():
        waiting = [one for one in queue if one.waiting and one.announcement_id in ready]
        playing = max((one for one in queue if one.on_air), key=_urgency, default=None)
        if not waiting:
            continue
        first = max(waiting, key=_urgency)
        if playing is None or first.class_.rank > playing.class_.rank:
            found.append(Next(first, playing))
    return found


def _by_loudspeaker(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    queues: defaultdict[str, list[Delivery]] = defaultdict(list)
    # Ids are ordered in time; max() keeps the first of equals, so the oldest must come first.
    for delivery in sorted(deliveries, key=lambda one: one.id):
        queues[delivery.loudspeaker_id].append(delivery)
    return queues


def _urgency(delivery: Delivery) -> int:
    return delivery.class_.rank


def sent(delivery: Delivery, now: datetime) -> Delivery:
    """About to be published: from here on it is never sent again."""
    return replace(delivery, sent_at=now, deadline_at=now + timedelta(seconds=ANSWER_S))


def not_sent(delivery: Delivery) -> Delivery:
    """Certainly not published: it waits again."""
    return replace(delivery, sent_at=None, deadline_at=None)


def ended(delivery: Delivery, state: State, reason: str, now: datetime) -> Delivery:
    """Over, as far as is known."""
    return replace(delivery, state=state, reason=reason[:200], ended_at=now, deadline_at=None)


def asked_to_stop(delivery: Delivery, now: datetime) -> Delivery:
    """Stopped at once where it was not sent; else it waits for the loudspeaker's own word."""
    if delivery.waiting:
        return ended(delivery, State.STOPPED, STOPPED_BEFORE, now)
    return replace(delivery, stop_asked_at=now, deadline_at=now + timedelta(seconds=ANSWER_S))


def asked_to_give_way(delivery: Delivery, now: datetime) -> Delivery:
    """A higher class was sent after it: it waits for the loudspeaker's word that it ended."""
    return replace(asked_to_stop(delivery, now), reason=PREEMPTED)


def after_silence(delivery: Delivery, now: datetime) -> Delivery | None:
    """What passing time makes of an open delivery; None when nothing is due."""
    if delivery.waiting:
        expired = now >= delivery.not_after
        return ended(delivery, State.FAILED, EXPIRED, now) if expired else None
    if delivery.state not in OPEN or delivery.deadline_at is None or now < delivery.deadline_at:
        return None
    if delivery.stop_asked_at is not None:
        return ended(delivery, State.UNANSWERED, NO_STOP, now)
    reason = NO_END if delivery.state is State.PLAYING else NO_ANSWER
    return ended(delivery, State.UNANSWERED, reason, now)


def next_moment(deliveries: Iterable[Delivery]) -> datetime | None:
    """When time alone next changes one of them."""
    moments = (one.not_after if one.waiting else one.deadline_at for one in deliveries)
    return min((moment for moment in moments if moment is not None), default=None)


def after_answer(delivery: Delivery, heard: Heard, seconds: float) -> Delivery | None:
    """What an answer makes of a delivery; None when it says nothing new.

    `seconds` is the length of the sound. An answer that comes late corrects what silence had
    made of the delivery, and "done" is the truth in any case but one: what was never sent.
    """
    if delivery.sent_at is None or delivery.state is State.PLAYED:
        return None
    if heard.status == "done":
        return ended(delivery, State.PLAYED, "", heard.at)
    if delivery.state in {State.STOPPED, State.FAILED}:
        return None
    return _news(delivery, heard, seconds)


def _news(delivery: Delivery, heard: Heard, seconds: float) -> Delivery | None:
    if heard.status == "accepted":
        return _accepted(delivery, heard.at)
    if heard.status == "playing":
        return _playing(delivery, heard.at, seconds)
    if heard.status in {"stopped", "preempted"}:
        gave_way = PREEMPTED in {heard.status, delivery.reason}
        reason = PREEMPTED if gave_way else heard.reason
        return ended(delivery, State.STOPPED, reason, heard.at)
    if heard.reason == "repeated":
        return None  # QoS 1 brought the order twice; what became of the first is told by itself
    if heard.status in {"rejected", "failed"}:
        return ended(delivery, State.FAILED, heard.reason or heard.status, heard.at)
    return None


def _accepted(delivery: Delivery, now: datetime) -> Delivery | None:
    if delivery.state is State.PLAYING or delivery.stop_asked_at is not None:
        return None
    return _revived(delivery, State.QUEUED, now + timedelta(seconds=START_S))


def _playing(delivery: Delivery, now: datetime, seconds: float) -> Delivery | None:
    if delivery.state is State.PLAYING:
        return None
    until = now + timedelta(seconds=seconds + FINISH_S)
    if delivery.stop_asked_at is not None and delivery.state in OPEN:
        until = delivery.deadline_at or until
    return replace(_revived(delivery, State.PLAYING, until), started_at=now)


def _revived(delivery: Delivery, state: State, deadline_at: datetime) -> Delivery:
    reason = PREEMPTED if delivery.reason == PREEMPTED else ""
    return replace(delivery, state=state, reason=reason, ended_at=None, deadline_at=deadline_at)
