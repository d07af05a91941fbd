"""Firing: a run is stored for everything that is due, then it is done, then how it ended.

A run is unique by schedule and due time and is committed before anything is done, so nothing is
done twice; what a crash interrupted is decided anew at the next start.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.clock import Clock
from hub.database import Database
from hub.events import Events
from scheduler import store
from scheduler.acts import Acts
from scheduler.calendar import Calendar
from scheduler.models import ClockTrustChanged, Outcome, Run
from scheduler.steps import Plan, Site, Step, plan
from scheduler.trust import ClockTrust
from scheduler.verbs import Verbs

log = structlog.get_logger(__name__)

HEARTBEAT: Final = timedelta(minutes=1)


class Firing:
    """Takes what is due from the calendar and has it done."""

    def __init__(
        self,
        database: Database,
        events: Events,
        clock: Clock,
        site: Site,
        verbs: Verbs,
        calendar: Calendar,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._site = site
        self._calendar = calendar
        self._checkpoint = checkpoint
        self._acts = Acts(verbs, clock, site.grace_s, self._ended)
        self._trust = ClockTrust(clock, site.synchronised)
        self._interrupted: list[Run] = []
        self._beaten_at: datetime | None = None
        self.trusted = True
        # Held while the calendar is edited, so that an edit and a firing never mix.
        self.deciding = asyncio.Lock()

    def resume(self, interrupted: list[Run], beaten_at: datetime | None) -> None:
        """Take up what the last life of the hub left: unfinished runs and its last heartbeat."""
        self._interrupted = interrupted
        self._trust.saw(beaten_at)
        self.trusted = self._trust.judge()
        if not self.trusted:
            log.warning("the clock is not believed", last_heartbeat=beaten_at)

    def latest(self) -> datetime:
        """Now in UTC, or the last heartbeat while the clock stands before it."""
        return self._trust.latest()

    async def take_due(self) -> list[Plan]:
        """Store a run for everything that is due, and decide what is to be done about it."""
        async with self.deciding:
            if not self._judge_clock():
                return []
            now = self._now()
            fresh = list(self._calendar.due_steps(now))
            if not fresh and not self._interrupted:
                return []
            plans, begun = await self._store(fresh, now)
            self._interrupted = []
            self._calendar.settle(now)
            for run in begun:
                self._calendar.ran(run)
        self._checkpoint("run:committed")
        return plans

    async def carry_out(self, plans: Iterable[Plan]) -> None:
        """Do what was decided; returns when each step has ended."""
        await self._acts.carry_out(plans)

    async def beat(self) -> None:
        """Write down once a minute that the hub is alive, while its clock is believed."""
        now = self._now()
        if self.trusted and (self._beaten_at is None or abs(now - self._beaten_at) >= HEARTBEAT):
            async with self._database.transaction() as connection:
                await store.beat(connection, now)
            self._beat_at(now)

    async def _store(self, fresh: list[Step], now: datetime) -> tuple[list[Plan], list[Run]]:
        left_over = [step for run in self._interrupted if (step := self._step_of(run))]
        async with self._database.transaction() as connection:
            known = await store.known_dues(connection, fresh)
            new = [step for step in fresh if (step.schedule_id, step.due_at) not in known]
            plans = plan(left_over + new, now, self._site)
            begun = [_run(each, now) for each in plans]
            for each, run in zip(plans, begun, strict=True):
                if not each.step.interrupted:
                    await connection.execute(store.insert_run(run, now))
                elif run.ended_at is not None:
                    await connection.execute(store.end_run(run))
            # With the runs, so that no stored run is ever later than the last heartbeat.
            await store.beat(connection, now)
        self._beat_at(now)
        return plans, begun

    async def _ended(self, done: Plan, outcome: Outcome, reason: str | None) -> None:
        self._checkpoint("run:acted")
        now = self._now()
        run = replace(_run(done, now), outcome=outcome, reason=reason, ended_at=now)
        try:
            await self._database.commit(store.end_run(run))
        except SQLAlchemyError:
            # It stays "running" in the table, and the next start decides what is left to do.
            log.exception("the end of a run could not be stored", schedule=run.schedule_id)
        self._calendar.ran(run)
        self._checkpoint("run:ended")

    def _step_of(self, run: Run) -> Step | None:
        entry = self._calendar.find(run.schedule_id)
        if entry is None:  # removed before its unfinished run came up again
            return None
        name, action = entry.schedule.name, entry.action
        return Step(run.id, run.schedule_id, name, action, run.due_at, interrupted=True)

    def _judge_clock(self) -> bool:
        trusted = self._trust.judge()
        if trusted is not self.trusted:
            self.trusted = trusted
            log.warning("the clock is believed again" if trusted else "the clock is not believed")
            self._events.publish(ClockTrustChanged(trusted))
        return trusted

    def _beat_at(self, now: datetime) -> None:
        self._beaten_at = now
        self._trust.saw(now)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC)


def _run(plan: Plan, now: datetime) -> Run:
    """The run of a plan: ended already where there is nothing to do."""
    step, over = plan.step, plan.deed == "none"
    return Run(
        id=step.run_id,
        schedule_id=step.schedule_id,
        due_at=step.due_at,
        outcome=plan.outcome,
        reason=plan.reason if over else None,
        ended_at=now if over else None,
    )
