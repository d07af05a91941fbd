"""The way of each announcement to each loudspeaker: sent at most once, believed when it answers."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy import Update, select, update

from announcements import queue
from announcements.models import OPEN, Delivery, DeliveryChanged, State, deliveries, read_delivery
from devices.driver import PlaySound, StopSound
from devices.models import Device, SoundAcknowledged
from hub.clock import Clock
from hub.database import Database
from hub.errors import BrokerDown, HubError
from hub.events import Events
from hub.ids import new_id
from hub.mqtt import BrokerConnected, BrokerLost

log = structlog.get_logger(__name__)

# The broker's own news normally wakes the queue; this only bounds how long a lost piece may cost.
_RETRY_S: Final = 60.0
# A timer may fire a little early; a deadline that is not quite reached would be asked for again.
_SLACK_S: Final = 0.001
_STOP_VALID: Final = timedelta(seconds=30)


class Loudspeakers(Protocol):
    """What announcements need of the devices."""

    def list_devices(self, kind: str | None = None, zones: set[str] | None = None) -> list[Device]:
        """The devices of a kind in these zones; all zones when None."""
        ...

    def send(self, device_id: str, order: PlaySound | StopSound) -> None:
        """Publish an order now. Raises BrokerDown or NotFound, and then nothing was sent."""
        ...


@dataclass(frozen=True, slots=True)
class Playable:
    """What an order to play needs of a finished sound."""

    sha256: str
    seconds: float


class Deliveries:
    """Holds the open deliveries in memory, and on the disk before anybody is told of them.

    A change is made in memory at once, so that STOP and the answers of loudspeakers never wait for
    the disk; `flush()` writes what has changed in one commit and then publishes it.
    """

    def __init__(
        self,
        database: Database,
        loudspeakers: Loudspeakers,
        events: Events,
        clock: Clock,
        address: Callable[[str], str],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._database = database
        self._loudspeakers = loudspeakers
        self._events = events
        self._clock = clock
        self._address = address
        self._checkpoint = checkpoint
        self._known: dict[str, Delivery] = {}
        self._playable: dict[str, Playable] = {}
        self._unwritten: dict[str, Delivery] = {}
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._broker_is_up = True

    async def open(self) -> None:
        """Read what was open when the hub ended, and what a late answer may still correct."""
        since = self._clock.now() - queue.REMEMBERED
        still_open = deliveries.c.state.in_([state.value for state in OPEN])
        correctable = (
            deliveries.c.sent_at.is_not(None)
            & (deliveries.c.state != State.PLAYED.value)
            & (deliveries.c.created_at > since)
        )
        wanted = select(deliveries).where(still_open | correctable)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        # What came in while this was read is newer.
        self._known = {row["id"]: read_delivery(row) for row in rows} | self._known

    def listen(self) -> Callable[[], None]:
        """Hear loudspeakers and broker from now on; the result ends that."""
        ends = (
            self._events.listen(SoundAcknowledged, self._hear),
            self._events.listen(BrokerConnected, lambda _: self._note_broker(is_up=True)),
            self._events.listen(BrokerLost, lambda _: self._note_broker(is_up=False)),
        )

        def end_all() -> None:
            for end in ends:
                end()

        return end_all

    async def run(self) -> None:
        """Send what is due and note what is not answered, for ever."""
        while True:
            self._news.clear()
            self._note_silence()
            if self._broker_is_up:
                await self._send_next()
            await self.flush()
            self._forget()
            await self._wait()

    def add(self, new: Iterable[Delivery]) -> None:
        """Take committed deliveries into the queue."""
        self._known.update({delivery.id: delivery for delivery in new})
        self._news.set()

    def make_ready(self, announcement_id: str, sound: Playable) -> None:
        """The sound is there: its deliveries may go."""
        self._playable[announcement_id] = sound
        self._news.set()

    def waiting(self) -> set[str]:
        """The announcements that a loudspeaker has yet to be sent."""
        return {one.announcement_id for one in self._known.values() if one.waiting}

    def announcements(self) -> set[str]:
        """All announcements with a delivery that is open or may still be corrected."""
        return {one.announcement_id for one in self._known.values()}

    def fail(self, announcement_id: str, reason: str) -> None:
        """What was not sent of this announcement will not be."""
        for delivery in self._open(announcement_id):
            if delivery.waiting:
                now = self._clock.now()
                self._change(queue.ended(delivery, State.FAILED, reason, now))

    async def stop(self, announcement_id: str) -> None:
        """Stop one announcement everywhere. Raises BrokerDown when that could not be said."""
        told = [
            self._say_stop(one.loudspeaker_id, target=one.id)
            for one in self._known.values()
            # One that did not answer may be playing all the same.
            if one.announcement_id == announcement_id
            and (one.on_air or one.state is State.UNANSWERED)
        ]
        await self._note_stop(self._open(announcement_id), reached=all(told))

    async def stop_all(self) -> int:
        """Tell every loudspeaker to be silent, at once, then write it down; how many were told.

        Raises BrokerDown when one could not be told; what was waiting is stopped in any case.
        """
        everywhere = self._loudspeakers.list_devices(kind="loudspeaker")
        told = [self._say_stop(one.id, target=None) for one in everywhere]
        await self._note_stop(self._open(None), reached=all(told))
        return sum(told)

    def _say_stop(self, loudspeaker_id: str, target: str | None) -> bool:
        order = StopSound(new_id(), target, self._clock.now() + _STOP_VALID)
        try:
            self._loudspeakers.send(loudspeaker_id, order)
        except HubError as error:
            log.warning("stop not sent", loudspeaker=loudspeaker_id, code=error.code)
            return False
        return True

    async def _note_stop(self, stopped: Collection[Delivery], *, reached: bool) -> None:
        for delivery in stopped:
            self._change(queue.asked_to_stop(delivery, self._clock.now()))
        await self.flush()
        if not reached:
            detail = "A loudspeaker could not be told to stop: switch it off by hand or try again"
            raise BrokerDown(detail)

    def _open(self, announcement_id: str | None) -> list[Delivery]:
        return [
            one
            for one in self._known.values()
            if one.state in OPEN and announcement_id in {None, one.announcement_id}
        ]

    def _hear(self, said: SoundAcknowledged) -> None:
        delivery = self._known.get(said.order_id)
        # One loudspeaker cannot answer for another.
        if delivery is None or delivery.loudspeaker_id != said.device_id:
            return
        heard = queue.Heard(said.status, said.reason, self._clock.now())
        sound = self._playable.get(delivery.announcement_id)
        changed = queue.after_answer(delivery, heard, sound.seconds if sound else 0.0)
        if changed is not None:
            self._change(changed)
            self._checkpoint("delivery:acknowledged")

    def _note_broker(self, *, is_up: bool) -> None:
        self._broker_is_up = is_up
        self._news.set()

    def _note_silence(self) -> None:
        now = self._clock.now()
        for delivery in tuple(self._known.values()):
            changed = queue.after_silence(delivery, now)
            if changed is not None:
                self._change(changed)

    async def _send_next(self) -> None:
        steps = queue.next_on_air(self._known.values(), set(self._playable))
        if not steps:
            return
        for step in steps:
            self._change(queue.sent(step.send, self._clock.now()))
        await self.flush()
        self._checkpoint("delivery:committed")
        for step in steps:
            self._publish(step)
        self._checkpoint("delivery:published")

    def _publish(self, step: queue.Next) -> None:
        delivery = self._known[step.send.id]
        if delivery.stop_asked_at is not None:  # STOP came while the disk was written
            reason = queue.STOPPED_BEFORE
            self._change(queue.ended(delivery, State.STOPPED, reason, self._clock.now()))
            return
        try:
            self._play(delivery, step.preempts)
        except BrokerDown:
            self._broker_is_up = False
            self._change(queue.not_sent(delivery))
        except HubError as error:
            now = self._clock.now()
            self._change(queue.ended(delivery, State.FAILED, error.detail, now))

    def _play(self, delivery: Delivery, preempted: Delivery | None) -> None:
        sound = self._playable[delivery.announcement_id]
        where = delivery.loudspeaker_id
        if preempted is not None:
            stop = StopSound(new_id(), preempted.id, self._clock.now() + _STOP_VALID)
            self._loudspeakers.send(where, stop)
        order = PlaySound(
            id=delivery.id,
            url=self._address(delivery.announcement_id),
            sha256=sound.sha256,
            class_=delivery.class_.value,
            not_after=delivery.not_after,
        )
        self._loudspeakers.send(where, order)
        interrupted = self._known.get(preempted.id) if preempted is not None else None
        if interrupted is not None and interrupted.state in OPEN:
            now = self._clock.now()
            self._change(queue.asked_to_give_way(interrupted, now))

    def _change(self, delivery: Delivery) -> None:
        self._known[delivery.id] = delivery
        self._unwritten[delivery.id] = delivery
        self._news.set()

    async def flush(self) -> None:
        """Write all changes in one commit, then publish them."""
        async with self._writing:
            batch, self._unwritten = self._unwritten, {}
            if not batch:
                return
            try:
                await self._database.commit(*(_written(delivery) for delivery in batch.values()))
            except BaseException:
                self._unwritten = batch | self._unwritten
                raise
        for delivery in batch.values():
            self._events.publish(DeliveryChanged(delivery))

    def _forget(self) -> None:
        """Keep what is open or may be corrected, and the sounds of those."""
        since = self._clock.now() - queue.REMEMBERED
        for delivery in tuple(self._known.values()):
            final = delivery.state is State.PLAYED or delivery.sent_at is None
            if delivery.state not in OPEN and (final or delivery.created_at < since):
                del self._known[delivery.id]
        wanted = self.announcements()
        self._playable = {key: one for key, one in self._playable.items() if key in wanted}

    async def _wait(self) -> None:
        """Until something is said, or time alone changes something."""
        moment = queue.next_moment(self._open(None))
        seconds = _RETRY_S
        if moment is not None:
            until = (moment - self._clock.now()).total_seconds()
            if until <= 0:
                return
            seconds = min(until + _SLACK_S, _RETRY_S)
        sleeping = asyncio.create_task(self._clock.sleep(seconds), name="deliveries.sleep")
        hearing = asyncio.create_task(self._news.wait(), name="deliveries.news")
        try:
            await asyncio.wait({sleeping, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                self._broker_is_up = True  # try again, in case a piece of news was lost
        finally:
            sleeping.cancel()
            hearing.cancel()
            await asyncio.gather(sleeping, hearing, return_exceptions=True)


def _written(delivery: Delivery) -> Update:
    return update(deliveries).where(deliveries.c.id == delivery.id).values(delivery.row())
