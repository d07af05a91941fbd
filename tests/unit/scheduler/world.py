import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from hub.actors import HUB, Actor
from hub.database import Database
from hub.errors import NotFound
from hub.events import Events
from scheduler.models import (
    ClockTrustChanged,
    Run,
    Schedule,
    ScheduleChanged,
    ScheduleRemoved,
    runs,
)
from scheduler.service import Schedules
from scheduler.steps import Site
from scheduler.triggers import Place
from tests.fakes import VILLAGE_ZONE, FakeClock

ZONES = {"all": {"all", "lane-1", "lane-2"}, "lane-1": {"lane-1"}, "lane-2": {"lane-2"}}
ACCESS_POINTS = {"hall"}
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


class FakeVerbs:
    """Notes what was asked for, as one short sentence each; fails where a test says so."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.missed: list[str] = []
        self.actors: list[Actor] = []
        self.not_after: list[datetime] = []
        self.failing: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.silent_zone = ""
        self.heard = asyncio.Event()

    async def switch_lights(
        self, *, zone_ids: Sequence[str], turn: str, level: int | None, by: Actor, reason: str
    ) -> None:
        assert reason == by.name
        if self.silent_zone in zone_ids:
            await self.heard.wait()
        shown = "" if level is None else f" {level}%"
        await self._do(f"lights {' '.join(zone_ids)} {turn}{shown}", by)

    async def switch_wifi(
        self, *, device_ids: Sequence[str], turn: str, by: Actor, reason: str
    ) -> None:
        assert reason == by.name
        await self._do(f"wifi {' '.join(device_ids)} {turn}", by)

    async def announce(
        self,
        *,
        text: str,
        zone_ids: Sequence[str],
        class_: str,
        repeat: int,
        by: Actor,
        not_after: datetime,
    ) -> None:
        await self._do(f"say {text} {' '.join(zone_ids)} {class_} x{repeat}", by)
        self.not_after.append(not_after)

    async def has_announced(self, by: Actor, since: datetime) -> bool:
        del since
        return self.done != [] and by.kind == "schedule"

    async def record_missed_announcement(
        self,
        *,
        text: str,
        zone_ids: Sequence[str],
        class_: str,
        repeat: int,
        by: Actor,
        due_at: datetime,
        reason: str,
    ) -> None:
        assert (class_, repeat) == ("normal", 1)
        assert zone_ids
        assert by.kind == "schedule"
        self.missed.append(f"{text} {due_at.astimezone(VILLAGE_ZONE):%d %H:%M} {reason}")

    async def _do(self, what: str, by: Actor) -> None:
        kind, _, _ = what.partition(" ")
        if kind in self.gates:
            await self.gates[kind].wait()
        if kind in self.failing:
            raise self.failing[kind]
        self.done.append(what)
        self.actors.append(by)


class FakeAlarm:
    """Holds what it was set to; rings when a test says so."""

    def __init__(self) -> None:
        self.due: dict[str, datetime] = {}
        self.running = False
        self.ring: Callable[[], None] = lambda: None

    def start(self, ring: Callable[[], None]) -> None:
        self.running, self.ring = True, ring

    def set(self, due: Mapping[str, datetime]) -> None:
        self.due = dict(due)

    def stop(self) -> None:
        self.running = False


def members(zone_id: str) -> set[str]:
    if zone_id not in ZONES:
        raise NotFound("no such zone")
    return ZONES[zone_id]


def check_access_point(device_id: str) -> None:
    if device_id not in ACCESS_POINTS:
        raise NotFound("no such device")


@dataclass
class World:
    """One hub's calendar, with everything around it; `restart` is the hub's next life."""

    database: Database
    clock: FakeClock = field(default_factory=FakeClock)
    events: Events = field(default_factory=Events)
    verbs: FakeVerbs = field(default_factory=FakeVerbs)
    alarm: FakeAlarm = field(default_factory=FakeAlarm)
    synchronised: bool = False
    checkpoints: list[str] = field(default_factory=list)
    dies_at: str | None = None
    changed: list[Schedule] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    trust: list[bool] = field(default_factory=list)
    schedules: Schedules = field(init=False)

    async def start(self) -> None:
        self.events.listen(ScheduleChanged, lambda e: self.changed.append(e.schedule))
        self.events.listen(ScheduleRemoved, lambda e: self.removed.append(e.id))
        self.events.listen(ClockTrustChanged, lambda e: self.trust.append(e.trusted))
        await self.restart()

    async def restart(self) -> None:
        self.dies_at = None
        site = Site(
            Place(21.30, 105.40, VILLAGE_ZONE),
            members,
            check_access_point,
            synchronised=lambda: self.synchronised,
        )
        self.schedules = Schedules(
            self.database, self.events, self.clock, site, self.verbs, self.alarm, self._checkpoint
        )
        await self.schedules.open()

    async def down_for(self, seconds: float) -> None:
        """The power is cut, comes back, and the hub looks at what is due."""
        await self.clock.advance(seconds)
        await self.restart()
        await self.schedules.fire_due()

    async def light(
        self, at: str, turn: str, *zones: str, days: list[int] | None = None
    ) -> Schedule:
        return await self.schedules.add_schedule(
            f"lights {turn} at {at}",
            {"type": "weekly", "days": days or EVERY_DAY, "time": at},
            {"type": "light", "zones": list(zones or ("lane-1",)), "turn": turn},
            HUB,
        )

    async def speech(self, at: str, text: str = "hello", *zones: str) -> Schedule:
        return await self.schedules.add_schedule(
            f"say {text} at {at}",
            {"type": "weekly", "days": EVERY_DAY, "time": at},
            {"type": "announcement", "zones": list(zones or ("lane-1",)), "text": text},
            HUB,
        )

    def last_run(self, schedule: Schedule) -> Run | None:
        return self.schedules.get_schedule(schedule.id).last_run

    def ended(self, schedule: Schedule) -> str:
        run = self.last_run(schedule)
        assert run is not None
        return f"{run.outcome} {run.reason or ''}".strip()

    async def stored_runs(self) -> list[str]:
        async with self.database.reading() as connection:
            rows = await connection.execute(select(runs).order_by(runs.c.due_at, runs.c.id))
            return [
                f"{row.due_at.astimezone(VILLAGE_ZONE):%d %H:%M} {row.outcome} {row.reason or ''}"
                for row in rows
            ]

    def _checkpoint(self, name: str) -> None:
        self.checkpoints.append(name)
        if name == self.dies_at:
            raise SystemError(name)


async def until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], timeout_s: float = 10
) -> None:
    """Wait for something that is done in another task or thread, such as the database's."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.001)


async def until_sleeping(clock: FakeClock, sleepers: int = 1) -> None:
    await until(lambda: len(clock._sleepers) >= sleepers)
