"""One camera's pictures, opened once for everybody who looks."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from camera.models import Fault
from camera.source import Picture, Source, SourceFailed
from hub.clock import Clock
from hub.config import CameraLimits
from hub.errors import NoAnswer

log = structlog.get_logger(__name__)

T = TypeVar("T")

_LONGEST_PAUSE_S = 30.0
_FRESH_S = 2.0
# A still keeps the camera open only so long that one tap from the still to the live picture finds
# it open: a page full of stills must not keep every camera decoding.
_STILL_LINGER_S = 4.0


class Viewer:
    """One who looks: an endless iterator with one place, in which the newest picture wins.

    It waits while the camera is away, and ends when the camera is removed or the hub stops.
    """

    def __init__(self) -> None:
        self._newest: Picture | None = None
        self._ended = False
        self._changed = asyncio.Event()

    def put(self, picture: Picture) -> None:
        """Replace the picture that was not taken yet."""
        self._newest = picture
        self._changed.set()

    def end(self) -> None:
        """No more pictures."""
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> AsyncIterator[Picture]:
        """Itself."""
        return self

    async def __anext__(self) -> Picture:
        """The newest picture that this viewer has not had."""
        while not self._ended:
            if self._newest is not None:
                picture, self._newest = self._newest, None
                return picture
            self._changed.clear()
            await self._changed.wait()
        raise StopAsyncIteration


@dataclass(slots=True)
class _Attempt:
    """One opening of the source: when it was last heard (monotonic) and what it gave."""

    heard: float
    pictures: int = 0


class Feed:
    """Opens the source while somebody wants it, and again after each failure, ever more slowly.

    `seen` is told None at the first picture of each opening, and the fault when one ends badly.
    """

    def __init__(
        self,
        name: str,
        open_source: Callable[[], Source[Picture]],
        limits: CameraLimits,
        clock: Clock,
        seen: Callable[[Fault | None], None],
    ) -> None:
        self._name = name
        self._open_source = open_source
        self._limits = limits
        self._clock = clock
        self._seen = seen
        self._viewers: set[Viewer] = set()
        self._waiting: set[asyncio.Future[Picture]] = set()
        self._holds = 0
        self._wanted_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._newest_heard = 0.0
        self._closed = False
        self.newest: Picture | None = None

    @property
    def viewers(self) -> int:
        """How many look now."""
        return len(self._viewers)

    @property
    def active(self) -> bool:
        """Whether the camera is open, or about to be opened again."""
        return self._task is not None and not self._task.done()

    @contextmanager
    def view(self) -> Iterator[Viewer]:
        """Look until the context ends."""
        viewer = Viewer()
        if self._closed:
            viewer.end()
        elif (fresh := self._fresh()) is not None:
            viewer.put(fresh)
        self._viewers.add(viewer)
        try:
            with self._held(self._limits.linger_s):
                yield viewer
        finally:
            self._viewers.discard(viewer)

    async def still(self, wait_s: float) -> Picture:
        """A picture not older than 2 s; NoAnswer when the camera fails or `wait_s` are over."""
        fresh = self._fresh()
        if fresh is not None:
            return fresh
        with self._held(min(_STILL_LINGER_S, self._limits.linger_s)):
            return await self._outcome(wait_s)

    async def look(self) -> None:
        """Open the camera once to learn whether it is there, and close it again."""
        with self._held(0.0), suppress(NoAnswer):
            await self._outcome(3 * self._limits.silence_s)

    async def close(self) -> None:
        """End the worker, all viewers and all who wait for a still; for good."""
        self._closed = True
        for viewer in self._viewers:
            viewer.end()
        for outcome in self._waiting:
            _settle(outcome, _no_answer("no_picture"))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _fresh(self) -> Picture | None:
        too_old = self._clock.monotonic() - self._newest_heard > _FRESH_S
        return None if too_old else self.newest

    @contextmanager
    def _held(self, linger_s: float) -> Iterator[None]:
        self._holds += 1
        if not self.active and not self._closed:
            self._task = asyncio.create_task(self._run(), name=f"camera.{self._name}")
        try:
            yield
        finally:
            self._holds -= 1
            self._wanted_until = max(self._wanted_until, self._clock.monotonic() + linger_s)

    def _wanted(self) -> bool:
        return self._holds > 0 or self._clock.monotonic() < self._wanted_until

    async def _outcome(self, wait_s: float) -> Picture:
        outcome: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()
        self._waiting.add(outcome)
        try:
            if await _ended(self._clock, wait_s, outcome):
                return outcome.result()
        finally:
            self._waiting.discard(outcome)
        raise _no_answer("no_picture")

    async def _run(self) -> None:
        failures = 0
        while self._wanted():
            attempt = _Attempt(heard=self._clock.monotonic())
            fault = await self._open_once(attempt)
            if fault is None:
                continue
            self._fail(fault)
            failures = 1 if attempt.pictures else failures + 1
            await self._pause(min(_LONGEST_PAUSE_S, 2.0 ** (failures - 1)))

    async def _open_once(self, attempt: _Attempt) -> Fault | None:
        """Run the source until nobody wants it (None) or it fails (why)."""
        source = asyncio.create_task(
            self._open_source().run(partial(self._deliver, attempt)),
            name=f"camera.{self._name}.source",
        )
        try:
            await self._supervise(source, attempt)
        except SourceFailed as failure:
            return failure.says
        except Exception:  # a fault in one camera's source must not end the hub, nor stay unsaid
            log.exception("camera source broke", camera=self._name)
            return "worker_failed"
        finally:
            source.cancel()
            # It kills its worker now; what it says about that is of no interest any more.
            await asyncio.gather(source, return_exceptions=True)
        return None

    async def _supervise(self, source: asyncio.Task[None], attempt: _Attempt) -> None:
        """Return when nobody wants the camera any more; SourceFailed when it fails or is silent."""
        tick_s = min(1.0, self._limits.silence_s / 6)
        while self._wanted():
            if source.done():
                source.result()
                raise SourceFailed("no_picture")
            # Opening takes longer: a worker must start, and the next keyframe must come.
            patience = 1 if attempt.pictures else 2
            if self._clock.monotonic() - attempt.heard >= patience * self._limits.silence_s:
                raise SourceFailed("no_picture")
            await _ended(self._clock, tick_s, source)

    async def _pause(self, seconds: float) -> None:
        # Cameras that lost power together shall not all come back in the same second.
        end = self._clock.monotonic() + seconds * random.uniform(1.0, 1.2)  # noqa: S311  no secret
        while self._wanted() and (left_s := end - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left_s, 1.0))

    def _deliver(self, attempt: _Attempt, picture: Picture) -> None:
        self._newest_heard = attempt.heard = self._clock.monotonic()
        attempt.pictures += 1
        self.newest = picture
        for viewer in self._viewers:
            viewer.put(picture)
        for outcome in self._waiting:
            _settle(outcome, picture)
        if attempt.pictures == 1:
            self._seen(None)

    def _fail(self, fault: Fault) -> None:
        log.warning("camera gives no picture", camera=self._name, says=fault)
        for outcome in self._waiting:
            _settle(outcome, _no_answer(fault))
        self._seen(fault)


async def _ended(clock: Clock, seconds: float, waiting: asyncio.Future[T]) -> bool:
    """Whether `waiting` ends within `seconds` of the hub's clock."""
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((waiting, alarm), return_when=asyncio.FIRST_COMPLETED)
    finally:
        alarm.cancel()
    return waiting.done()


def _settle(outcome: asyncio.Future[Picture], result: Picture | NoAnswer) -> None:
    if outcome.done():
        return
    if isinstance(result, Picture):
        outcome.set_result(result)
    else:
        outcome.set_exception(result)


_ADVICE: dict[Fault, str] = {
    "refused": "The camera refuses connections: check its port, or wait till it is up",
    "unreachable": "Nothing answers at the camera's address: check its power, cable and address",
    "wrong_password": "The camera does not accept the username and password: correct its address",
    "not_found": "The camera has no stream of this name: correct the path of its address",
    "no_picture": "The camera sends no picture: check its power and cable, then try again",
    "worker_failed": "The program that opens the camera failed: try again, then restart the hub",
}


def _no_answer(fault: Fault) -> NoAnswer:
    return NoAnswer(_ADVICE[fault], says=fault)
