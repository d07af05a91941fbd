"""The schedules in memory: what each does, and when it is due next. All times in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.errors import NotFound
from hub.events import Events
from hub.ids import new_id
from scheduler.actions import Action
from scheduler.models import Run, Schedule, ScheduleChanged
from scheduler.steps import Step
from scheduler.triggers import Place, Trigger, next_after

# Of a longer gap only the last week is written down: every weekly step is in it once.
LOOK_BACK: Final = timedelta(days=7)


@dataclass(slots=True)
class Entry:
    """A schedule with what its JSON says; due times up to `settled` are done with."""

    schedule: Schedule
    trigger: Trigger
    action: Action
    settled: datetime
    due: datetime | None = None


class Calendar:
    """All entries, in the order they were made."""

    def __init__(self, place: Place, events: Events) -> None:
        self._place = place
        self._events = events
        self._entries: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, schedule_id: str) -> Entry:
        """Raises NotFound."""
        entry = self._entries.get(schedule_id)
        if entry is None:
            raise NotFound("There is no such schedule: look at the list", schedule=schedule_id)
        return entry

    def find(self, schedule_id: str) -> Entry | None:
        """The entry of this schedule."""
        return self._entries.get(schedule_id)

    def put(self, entry: Entry) -> None:
        """Take an entry in, or in the place of the one with its id."""
        self._entries[entry.schedule.id] = entry
        self._reckon(entry)

    def remove(self, schedule_id: str) -> None:
        """Forget a schedule."""
        del self._entries[schedule_id]

    def due_steps(self, now: datetime) -> Iterator[Step]:
        """Every due time up to now that is not settled, of the last week."""
        for entry in self._entries.values():
            if now < entry.settled:
                # The clock was set back. Times pass again; the runs that are stored keep what
                # was done from being done twice.
                entry.settled = now
                self._reckon(entry)
            due = entry.due
            if due is not None and due < now - LOOK_BACK:
                due = self._next(entry, now - LOOK_BACK)
            while due is not None and due <= now:
                schedule = entry.schedule
                yield Step(new_id(), schedule.id, schedule.name, entry.action, due)
                due = self._next(entry, due)

    def settle(self, now: datetime) -> None:
        """Be done with every due time up to now."""
        for entry in self._entries.values():
            if entry.due is not None and entry.due <= now:
                entry.settled = now
                self._reckon(entry)
                self.show(entry)

    def ran(self, run: Run) -> None:
        """Take note of a run that began or ended, where it is the schedule's last."""
        entry = self._entries.get(run.schedule_id)
        if entry is None:
            return
        last = entry.schedule.last_run
        if last is None or run.due_at >= last.due_at or run.id == last.id:
            entry.schedule = replace(entry.schedule, last_run=run)
            self.show(entry)

    def next_times(self, now: datetime) -> dict[str, datetime]:
        """The next due time of each schedule that has one to come."""
        return {
            entry.schedule.id: entry.due
            for entry in self._entries.values()
            if entry.due is not None and entry.due > now
        }

    def show(self, entry: Entry) -> None:
        """Tell whoever listens how this schedule is now."""
        self._events.publish(ScheduleChanged(entry.schedule))

    def _reckon(self, entry: Entry) -> None:
        entry.due = self._next(entry, entry.settled) if entry.schedule.enabled else None
        shown = None if entry.due is None else entry.due.astimezone(self._place.zone)
        entry.schedule = replace(entry.schedule, next_at=shown)

    def _next(self, entry: Entry, after: datetime) -> datetime | None:
        due = next_after(entry.trigger, self._place, after)
        return None if due is None else due.astimezone(UTC)
