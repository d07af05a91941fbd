"""The alarm clock: it knows when something is due next, and nothing else."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger


class Alarm(Protocol):
    """Rings at the times it was set to."""

    def start(self, ring: Callable[[], None]) -> None:
        """Begin; `ring` is called on the event loop at each time."""
        ...

    def set(self, due: Mapping[str, datetime]) -> None:
        """Forget all times and take these: the next of each schedule, by its id.

        Does nothing before the start and after the stop.
        """
        ...

    def stop(self) -> None:
        """Ring no more."""
        ...


class APSchedulerAlarm:
    """APScheduler with its memory store; the truth stays in our own tables."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._scheduler = AsyncIOScheduler(timezone=zone, jobstores={"default": MemoryJobStore()})
        self._ring: Callable[[], None] = _nobody

    def start(self, ring: Callable[[], None]) -> None:
        """Begin to ring."""
        self._ring = ring
        self._scheduler.start()

    def set(self, due: Mapping[str, datetime]) -> None:
        """Keep one job for each schedule, at its next time."""
        if not self._scheduler.running:
            return
        standing = {job.id: job.trigger.run_date for job in self._scheduler.get_jobs()}
        for schedule_id in standing.keys() - due.keys():
            self._scheduler.remove_job(schedule_id)
        for schedule_id, at in due.items():
            if standing.get(schedule_id) != at:
                self._add(schedule_id, at)

    def stop(self) -> None:
        """Stop ringing."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _add(self, schedule_id: str, at: datetime) -> None:
        self._scheduler.add_job(
            self._on_time,
            DateTrigger(at),
            id=schedule_id,
            replace_existing=True,
            misfire_grace_time=None,  # however late it wakes, the schedules decide what is missed
        )

    async def _on_time(self) -> None:
        # A coroutine, because APScheduler would call a plain function in a thread.
        self._ring()


def _nobody() -> None:
    """Stands in until the alarm is started."""
