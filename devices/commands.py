"""Commands: stored and committed, then sent, then confirmed by the devices themselves or not."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NoReturn

from devices.confirmation import (
    BROKER_LOST,
    NEVER_HEARD,
    REMOVED,
    SILENT,
    SUPERSEDED,
    Batch,
    Wait,
)
from devices.entry import Entry
from devices.ledger import Ledger, target_row
from devices.models import Command, CommandChanged, Target, Wish, ZoneOutcome
from devices.pacing import TARGET_GAP_S, TARGET_GROUP
from devices.sending import Sender
from devices.state import StateStore
from devices.targets import after_step, over, wished
from hub.actors import Actor
from hub.clock import Clock
from hub.errors import BrokerDown, Conflict, HubError, InvalidInput, NoAnswer, NotFound
from hub.events import Events
from hub.ids import new_id

ANSWER_WITHIN_S: Final = 3.0
# So many are handled before the loop is given back: STOP and other phones must not wait.
SLICE: Final = 50
_LONGEST_REASON: Final = 200

Checkpoint = Callable[[str], None]
Targets = tuple[Target | None, Target | None]


class Commands:
    """Carries out wishes; who may wish is decided before."""

    def __init__(
        self,
        store: StateStore,
        ledger: Ledger,
        sender: Sender,
        events: Events,
        clock: Clock,
        checkpoint: Checkpoint,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sender = sender
        self._events = events
        self._clock = clock
        self._checkpoint = checkpoint

    async def one(self, entry: Entry, wish: Wish, by: Actor) -> Command:
        """One device; see Devices.command."""
        self._check(wish)
        dims = _dims(entry)
        if wish.level is not None and not dims and wish.turn == "on":
            detail = "This device cannot be dimmed: send the command without a level"
            raise InvalidInput(detail, device=entry.id)
        batch = Batch(wish, by, self._clock.now(), None)
        batch.add(entry, wished(wish, "override", by.name, dims=dims))
        await self._carry_out(batch, _override, SLICE, 0)
        wait = batch.waits[0]
        if wait.outcome != "confirmed":
            _raise(wait)
        return batch.command(wait, self._clock.now())

    async def many(self, entries: Sequence[Entry], wish: Wish, by: Actor) -> ZoneOutcome:
        """All lights of a road at once."""
        self._check(wish)
        batch = Batch(wish, by, self._clock.now(), new_id())
        self._fill(batch, entries, wish, "override")
        await self._carry_out(batch, _override, SLICE, 0)
        lost = [wait for wait in batch.waits if wait.note == BROKER_LOST]
        if lost and not any(wait.outcome == "confirmed" for wait in batch.waits):
            _raise(lost[0])
        return _outcome(batch, ())

    async def step(
        self, entries: Sequence[Entry], wish: Wish, by: Actor, *, connected: bool
    ) -> ZoneOutcome:
        """A step of the programme; see Devices.apply_programme."""
        self._check(wish)
        now = self._clock.now()
        batch = Batch(wish, by, now, new_id())
        held = [entry for entry in entries if after_step(entry.latest[0], now) is not None]
        free = [entry for entry in entries if after_step(entry.latest[0], now) is None]
        await self._hold(held, wish, by)
        self._fill(batch, free, wish, "programme")
        if connected:
            await self._carry_out(batch, _programme, TARGET_GROUP, TARGET_GAP_S)
        else:
            for wait in batch.waits:
                wait.settle("unconfirmed", BROKER_LOST)
            await self._commit(batch, _programme)
            self._tell(wait.entry for wait in batch.waits)
        return _outcome(batch, held)

    async def end_overrides(self) -> list[Entry]:
        """Drop the overrides whose end has passed; gives back the devices concerned."""
        now = self._clock.now()
        ended = [
            entry
            for entry in self._store
            if entry.override is not None and entry.submitted is None and over(entry.override, now)
        ]
        if ended:
            await self._set_targets([(entry, (None, entry.programme)) for entry in ended])
        return ended

    async def _hold(self, held: Sequence[Entry], wish: Wish, by: Actor) -> None:
        """The programme goes on beneath an override with an end."""
        if not held:
            return
        pairs: list[tuple[Entry, Targets]] = []
        for entry in held:
            target = wished(wish, "programme", by.name, dims=_dims(entry))
            pairs.append((entry, (entry.latest[0], target)))
        await self._set_targets(pairs)

    async def _set_targets(self, pairs: Sequence[tuple[Entry, Targets]]) -> None:
        undo = _submit(pairs)
        try:
            await self._ledger.save_targets([target_row(entry) for entry, _ in pairs])
        except BaseException:
            undo()
            raise
        self._take_effect(pairs)
        self._tell(entry for entry, _ in pairs)

    def _fill(self, batch: Batch, entries: Iterable[Entry], wish: Wish, source: str) -> None:
        # Two targets at most, shared by the whole road.
        kind: Final = "override" if source == "override" else "programme"
        targets = {dims: wished(wish, kind, batch.by.name, dims=dims) for dims in (False, True)}
        for entry in entries:
            batch.add(entry, targets[_dims(entry)])

    async def _carry_out(
        self,
        batch: Batch,
        place: Callable[[Entry, Target], Targets],
        group: int,
        gap_s: float,
    ) -> None:
        try:
            await self._commit(batch, place)
            self._checkpoint("command:committed")
            await self._publish(batch, group, gap_s)
            self._checkpoint("command:published")
            await self._until_settled(batch)
        finally:
            self._close(batch)
        settled_at = self._clock.now()
        for wait in batch.waits:
            if wait.outcome == "confirmed":  # its state is written with its command
                self._store.dirty.pop(wait.entry.id, None)
        await self._ledger.settle(batch, settled_at)
        self._checkpoint("command:confirmed")
        for wait in batch.waits:
            if batch.zone_command_id is None or wait.outcome != "confirmed":
                self._events.publish(CommandChanged(batch.command(wait, settled_at)))

    async def _commit(self, batch: Batch, place: Callable[[Entry, Target], Targets]) -> None:
        pairs = [(wait.entry, place(wait.entry, wait.target)) for wait in batch.waits]
        undo = _submit(pairs)
        try:
            await self._ledger.open(batch, [target_row(entry) for entry, _ in pairs])
        except BaseException:
            undo()
            raise
        self._take_effect(pairs)

    def _take_effect(self, pairs: Iterable[tuple[Entry, Targets]]) -> None:
        for entry, targets in pairs:
            if entry.submitted is targets:
                entry.submitted = None
            if self._store.holds(entry):
                self._store.set_target(entry, *targets, reached=False)

    def _tell(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if self._store.holds(entry):
                self._store.tell(entry)

    async def _publish(self, batch: Batch, group: int, gap_s: float) -> None:
        if batch.zone_command_id is None:
            self._events.publish(CommandChanged(batch.command(batch.waits[0])))
        for start in range(0, len(batch.waits), group):
            if start:
                await self._pause(gap_s)
            waits = batch.waits[start : start + group]
            for wait in waits:
                self._send(wait)
            for wait in waits:
                self._store.tell(wait.entry)

    async def _pause(self, gap_s: float) -> None:
        await (self._clock.sleep(gap_s) if gap_s else asyncio.sleep(0))

    def _send(self, wait: Wait) -> None:
        entry = wait.entry
        if not self._store.holds(entry):
            wait.settle("failed", REMOVED)
            return
        before, entry.wait = entry.wait, wait
        if before is not None:
            before.settle("unconfirmed", SUPERSEDED)
        self._store.touch(entry)
        try:
            self._sender.send_target(entry, wait.target, wait.command_id, wait.acknowledged)
        except NoAnswer:
            wait.settle("unconfirmed", NEVER_HEARD)
        except BrokerDown:
            wait.settle("unconfirmed", BROKER_LOST)

    async def _until_settled(self, batch: Batch) -> None:
        if not batch.waits:
            return
        timer = asyncio.ensure_future(self._clock.sleep(ANSWER_WITHIN_S))
        try:
            await asyncio.wait((batch.done, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    def _close(self, batch: Batch) -> None:
        """Whoever has not answered by now is silent."""
        for wait in batch.waits:
            if wait.outcome == "open":
                wait.settle("unconfirmed", SILENT)
            if wait.outcome != "confirmed" and self._store.holds(wait.entry):
                self._store.touch(wait.entry)
                self._store.tell(wait.entry)

    def _check(self, wish: Wish) -> None:
        level = wish.level
        if level is not None and not 0 <= level <= 100:  # noqa: PLR2004  percent
            detail = "A level is a number from 0 to 100: send one of these"
            raise InvalidInput(detail, level=level)
        if level == 0 and wish.turn == "on":
            detail = "A light that is on has a level of 1 or more: turn it off instead"
            raise InvalidInput(detail)
        if len(wish.reason) > _LONGEST_REASON:
            detail = f"A reason has at most {_LONGEST_REASON} letters: write a shorter one"
            raise InvalidInput(detail)
        self._check_until(wish.until)

    def _check_until(self, until: datetime | None) -> None:
        if until is None:
            return
        if until.tzinfo is None:
            detail = "The end needs a time with its offset, such as 2026-11-21T22:00:00+07:00"
            raise InvalidInput(detail)
        if until <= self._clock.now():
            detail = "The end has already passed: choose a later time"
            raise InvalidInput(detail)


def _override(entry: Entry, target: Target) -> Targets:
    return target, entry.latest[1]


def _programme(entry: Entry, target: Target) -> Targets:
    del entry
    return None, target


def _submit(pairs: Iterable[tuple[Entry, Targets]]) -> Callable[[], None]:
    """Let later acts build on these targets, also before they are on the disk."""
    pairs = list(pairs)
    for entry, targets in pairs:
        entry.submitted = targets

    def undo() -> None:
        for entry, targets in pairs:
            if entry.submitted is targets:
                entry.submitted = None

    return undo


def _dims(entry: Entry) -> bool:
    return entry.box is not None and entry.box.dims(entry.channel)


def _outcome(batch: Batch, held: Iterable[Entry]) -> ZoneOutcome:
    confirmed = [wait.entry.view() for wait in batch.waits if wait.outcome == "confirmed"]
    others = [wait.entry.view() for wait in batch.waits if wait.outcome != "confirmed"]
    held_views = [entry.view() for entry in held]
    return ZoneOutcome(batch.zone_command_id or "", confirmed, others, held_views)


_WHY: Final[dict[str | None, tuple[type[HubError], str]]] = {
    SILENT: (NoAnswer, "The device did not answer within 3 s: look at it, then try again"),
    NEVER_HEARD: (NoAnswer, "This device was never heard: switch it on, look at its connection"),
    BROKER_LOST: (
        BrokerDown,
        "The broker was lost before the device answered: it may or may not have changed",
    ),
    SUPERSEDED: (Conflict, "A later command took its place: look at the present state"),
    REMOVED: (NotFound, "The device was removed meanwhile: look at the list of devices"),
}


def _raise(wait: Wait) -> NoReturn:
    kind, detail = _WHY[wait.note]
    raise kind(detail, device=wait.entry.id, command=wait.command_id, outcome=wait.outcome)
