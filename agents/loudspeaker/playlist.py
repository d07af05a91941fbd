"""What plays now and what plays next: the higher class first, equal classes in order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agents.loudspeaker.commands import Play, Rank, Reason
from agents.loudspeaker.fetch import FetchError
from agents.loudspeaker.outputs import Output, OutputError, Position
from agents.loudspeaker.sound import UndecodableError, blocks

QUEUE_LIMIT = 20
FETCHED_AHEAD = 2
"""Sounds held in memory for each class."""

Status = Literal["accepted", "playing", "done", "stopped", "preempted", "rejected", "failed"]
Fetch = Callable[[str, str], Awaitable[bytes]]
Ending = tuple[Status, Reason | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one play; the last of them is its end."""

    play: Play
    status: Status
    reason: Reason | None = None
    position_s: float | None = None


class QueueFullError(Exception):
    """More plays wait than the loudspeaker keeps."""


@dataclass(slots=True, eq=False)
class _Entry:
    play: Play
    order: int
    position: Position
    sound: bytes | None = None
    task: asyncio.Task[None] | None = None
    holds_slot: bool = False
    ending: Ending | None = None
    cut_at_s: float | None = None


class Playlist:
    """Plays one sound at a time; `run` must be running. `report` hears of every outcome."""

    def __init__(
        self,
        output: Output,
        fetch: Fetch,
        report: Callable[[Outcome], None],
        *,
        standing_percent: Callable[[], int],
        now: Callable[[], datetime],
    ) -> None:
        self._output = output
        self._fetch = fetch
        self._report = report
        self._standing_percent = standing_percent
        self._now = now
        self._slots = {rank: asyncio.Semaphore(FETCHED_AHEAD) for rank in Rank}
        self._waiting: list[_Entry] = []
        self._current: _Entry | None = None
        self._count = 0
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def current(self) -> Play | None:
        """What is heard now."""
        return self._current.play if self._current else None

    @property
    def waiting(self) -> int:
        """How many wait, fetched or not."""
        return len(self._waiting)

    async def run(self) -> None:
        """Hold the tasks of fetching and playing until cancelled; ends in silence."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    self._tasks = None  # nothing new begins while the group ends
        finally:
            for entry in self._waiting:
                self._end(entry, ("stopped", None), 0.0)
            self._waiting.clear()

    def check_room(self) -> None:
        """Raise QueueFullError when `add` would have no room."""
        if len(self._waiting) >= QUEUE_LIMIT:
            raise QueueFullError

    def add(self, play: Play) -> None:
        """Fetch it, and play it when its turn comes."""
        self.check_room()
        self._count += 1
        position = Position(lambda: self._report(Outcome(play, "playing")))
        entry = _Entry(play, self._count, position)
        self._waiting.append(entry)
        entry.task = self._start(self._bring(entry), f"fetch {play.id}")

    def stop(self, target: str | None) -> bool:
        """Silence the play with this id, or everything. False: there was no such play."""
        current = [self._current] if self._current else []
        hit = [entry for entry in (*current, *self._waiting) if target in {None, entry.play.id}]
        for entry in hit:
            self._cut(entry, ("stopped", None))
        self._turn()
        return bool(hit)

    def _start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        if self._tasks is None:
            raise RuntimeError("the playlist does not run")
        return self._tasks.create_task(work, name=name)

    async def _bring(self, entry: _Entry) -> None:
        await self._slots[entry.play.rank].acquire()
        entry.holds_slot = True
        try:
            entry.sound = await self._fetch(entry.play.url, entry.play.sha256)
        except FetchError as error:
            self._waiting.remove(entry)
            self._end(entry, ("failed", error.reason), None)
        self._turn()

    def _turn(self) -> None:
        if not self._waiting or self._tasks is None:
            return
        head = min(self._waiting, key=lambda entry: (-entry.play.rank, entry.order))
        if head.sound is None:
            return
        if self._current is None:
            self._begin(head, head.sound)
        elif head.play.rank > self._current.play.rank:
            self._cut(self._current, ("preempted", None))

    def _begin(self, entry: _Entry, sound: bytes) -> None:
        self._waiting.remove(entry)
        self._current = entry
        task = self._start(self._play(entry, sound), f"play {entry.play.id}")
        # A callback, not a `finally`: a task cancelled before its first step runs no `finally`.
        task.add_done_callback(lambda _: self._played(entry))
        entry.task = task

    async def _play(self, entry: _Entry, sound: bytes) -> None:
        try:
            await self._sound(entry, sound)
        except _LateError:
            entry.ending = ("failed", "expired")
        except UndecodableError:
            entry.ending = ("failed", "undecodable")
        except OutputError:
            entry.ending = ("failed", "output")
        else:
            entry.ending = ("done", None)

    async def _sound(self, entry: _Entry, sound: bytes) -> None:
        play = entry.play
        if self._now() > play.not_after:
            raise _LateError

        def percent() -> int:
            own = play.volume_percent
            return self._standing_percent() if own is None else own

        async with contextlib.aclosing(blocks(sound, play.repeat, percent)) as pieces:
            await self._output.play(pieces, entry.position)

    def _played(self, entry: _Entry) -> None:
        heard_s = entry.position.heard_s if entry.cut_at_s is None else entry.cut_at_s
        self._current = None
        # Nothing set the ending: the program itself is ending.
        self._end(entry, entry.ending or ("stopped", None), heard_s)
        self._turn()

    def _cut(self, entry: _Entry, ending: Ending) -> None:
        if entry.ending is not None or entry.task is None:
            return
        entry.ending = ending
        entry.task.cancel()
        if entry in self._waiting:
            self._waiting.remove(entry)
            self._end(entry, ending, 0.0)
        else:
            entry.cut_at_s = entry.position.heard_s

    def _end(self, entry: _Entry, ending: Ending, heard_s: float | None) -> None:
        if entry.holds_slot:
            self._slots[entry.play.rank].release()
            entry.holds_slot = False
        entry.sound = None
        status, reason = ending
        self._report(Outcome(entry.play, status, reason, heard_s))


class _LateError(Exception):
    pass
