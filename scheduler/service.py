"""The calendar of the village: its schedules, kept and edited, and the loop that fires them.

The tables are the truth; the calendar in memory follows each commit.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from hub.actors import Actor
from hub.clock import Clock
from hub.database import Database
from hub.errors import InvalidInput
from hub.events import Events
from hub.ids import new_id
from scheduler import store
from scheduler.actions import Action, action_json, parse_action
from scheduler.alarm import Alarm
from scheduler.calendar import Calendar, Entry
from scheduler.firing import Firing
from scheduler.models import Run, Schedule, ScheduleRemoved
from scheduler.steps import Plan, Site
from scheduler.triggers import parse_trigger, trigger_json
from scheduler.verbs import Verbs

log = structlog.get_logger(__name__)

# The alarm rings at due times; this finds a clock that was set, and beats the heart.
TICK_S: Final = 5.0
MOST_SCHEDULES: Final = 200
_LONGEST_NAME: Final = 80


def _no_checkpoint(_name: str) -> None:
    """Nothing: only crash drills stop at the named points."""


class Schedules:
    """All schedules."""

    def __init__(
        self,
        database: Database,
        events: Events,
        clock: Clock,
        site: Site,
        verbs: Verbs,
        alarm: Alarm,
        checkpoint: Callable[[str], None] = _no_checkpoint,
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._site = site
        self._alarm = alarm
        self._calendar = Calendar(site.place, events)
        self._firing = Firing(database, events, clock, site, verbs, self._calendar, checkpoint)
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Read the schedules, their last runs, and what a crash left unfinished."""
        async with self._database.transaction() as connection:
            await store.prune_runs(connection)
            rows = await store.read_schedules(connection)
            last_runs = await store.read_last_runs(connection)
            interrupted = await store.read_interrupted(connection)
            beaten_at = await store.read_heartbeat(connection)
        for row in rows:
            self._calendar.put(_entry(row, last_runs.get(row["id"])))
        self._firing.resume(interrupted, beaten_at)

    async def run(self) -> None:
        """Do what is due, for ever: on the alarm, and every few seconds in case the clock was set.

        An act that takes long holds up no act of another kind.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(), name="schedules.tick")
            self._alarm.start(self._wake.set)
            try:
                while True:
                    self._wake.clear()
                    if plans := await self._look():
                        group.create_task(self._firing.carry_out(plans), name="schedules.acts")
                    self._set_alarm()
                    await self._wake.wait()
            finally:
                self._alarm.stop()

    async def fire_due(self) -> None:
        """Do all that is due now; returns when it has ended."""
        await self._firing.carry_out(await self._firing.take_due())
        self._set_alarm()

    @property
    def clock_trusted(self) -> bool:
        """Whether the clock is believed; while it is not, nothing is spoken or switched."""
        return self._firing.trusted

    def list_schedules(self) -> list[Schedule]:
        """All schedules, in the order they were made."""
        return [entry.schedule for entry in self._calendar]

    def get_schedule(self, schedule_id: str) -> Schedule:
        """Raises NotFound."""
        return self._calendar.get(schedule_id).schedule

    async def add_schedule(
        self,
        name: str,
        trigger: Mapping[str, object],
        action: Mapping[str, object],
        by: Actor,
        *,
        enabled: bool = True,
    ) -> Schedule:
        """Add a schedule; trigger and action in their JSON shapes. Raises InvalidInput."""
        if len(self._calendar) >= MOST_SCHEDULES:
            raise InvalidInput(f"There are {MOST_SCHEDULES} schedules already: remove one first")
        parsed, act = parse_trigger(trigger), self._parsed(action)
        now = self._clock.now()
        schedule = Schedule(
            id=new_id(),
            name=_checked_name(name),
            trigger=trigger_json(parsed),
            action=action_json(act),
            enabled=enabled,
            created_by=by,
            created_at=now,
            changed_at=now,
            next_at=None,
            last_run=None,
        )
        async with self._firing.deciding:
            entry = Entry(schedule, parsed, act, self._firing.latest())
            await self._database.commit(store.insert_schedule(schedule, entry.settled))
            self._take_in(entry)
        log.info("schedule added", schedule=schedule.id, by=by.id)
        return entry.schedule

    async def change_schedule(
        self,
        schedule_id: str,
        by: Actor,
        *,
        name: str | None = None,
        trigger: Mapping[str, object] | None = None,
        action: Mapping[str, object] | None = None,
        enabled: bool | None = None,
    ) -> Schedule:
        """Change what is given. Raises NotFound and InvalidInput.

        A new trigger, and switching it on, count from now: what was due before is not made up
        for. Any other change leaves the due time alone, also one that is just passing.
        """
        async with self._firing.deciding:
            old = self._calendar.get(schedule_id)
            parsed = old.trigger if trigger is None else parse_trigger(trigger)
            act = old.action if action is None else self._parsed(action)
            schedule = replace(
                old.schedule,
                name=old.schedule.name if name is None else _checked_name(name),
                trigger=trigger_json(parsed),
                action=action_json(act),
                enabled=old.schedule.enabled if enabled is None else enabled,
                changed_at=self._clock.now(),
            )
            counts_anew = parsed != old.trigger or (schedule.enabled and not old.schedule.enabled)
            settled = self._firing.latest() if counts_anew else old.settled
            await self._database.commit(store.update_schedule(schedule, settled))
            # An act may have ended while the commit waited: its run is the newer one.
            schedule = replace(schedule, last_run=old.schedule.last_run)
            entry = Entry(schedule, parsed, act, settled)
            self._take_in(entry)
        log.info("schedule changed", schedule=schedule_id, by=by.id)
        return entry.schedule

    async def remove_schedule(self, schedule_id: str, by: Actor) -> None:
        """Remove a schedule and its runs. Raises NotFound."""
        async with self._firing.deciding:
            self._calendar.get(schedule_id)
            await self._database.commit(*store.delete_schedule(schedule_id))
            self._calendar.remove(schedule_id)
            self._set_alarm()
        self._events.publish(ScheduleRemoved(schedule_id))
        log.info("schedule removed", schedule=schedule_id, by=by.id)

    def _take_in(self, entry: Entry) -> None:
        self._calendar.put(entry)
        self._calendar.show(entry)
        self._set_alarm()

    def _set_alarm(self) -> None:
        self._alarm.set(self._calendar.next_times(self._clock.now()))

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            self._wake.set()

    async def _look(self) -> list[Plan]:
        try:
            plans = await self._firing.take_due()
        except SQLAlchemyError:
            # A full disk may have room at the next tick; what is due stays due until then.
            log.exception("what is due could not be stored")
            return []
        try:
            await self._firing.beat()
        except SQLAlchemyError:
            log.exception("the heartbeat could not be stored")
        return plans

    def _parsed(self, action: Mapping[str, object]) -> Action:
        parsed = parse_action(action)
        self._site.check_targets(parsed)
        return parsed


def _entry(row: RowMapping, last_run: Run | None) -> Entry:
    schedule = Schedule(
        id=row["id"],
        name=row["name"],
        trigger=row["trigger"],
        action=row["action"],
        enabled=row["enabled"],
        created_by=Actor(row["created_by_kind"], row["created_by_id"], row["created_by_name"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        next_at=None,
        last_run=last_run,
    )
    settled = row["due_after"] if last_run is None else max(row["due_after"], last_run.due_at)
    return Entry(schedule, parse_trigger(row["trigger"]), parse_action(row["action"]), settled)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"A schedule needs a name of 1 to {_LONGEST_NAME} letters", field="name")
    return name
