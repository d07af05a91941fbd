"""Small working stand-ins for the outermost edges, for tests within one process."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.errors import BrokerDown
from hub.mqtt import Message, Publish

VILLAGE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = datetime(2026, 11, 21, 17, 0, tzinfo=VILLAGE_ZONE)


class FakeClock:
    """Time that moves only when a test says so."""

    def __init__(self, start: datetime = EVENING) -> None:
        self._start = start
        self._now = start
        self._monotonic = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @property
    def timezone(self) -> ZoneInfo:
        return VILLAGE_ZONE

    def now(self) -> datetime:
        return self._now.astimezone(VILLAGE_ZONE)

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), waiting))
        await waiting

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking each sleeper at its own time."""
        end = self._monotonic + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waiting = heapq.heappop(self._sleepers)
            self._move_to(due)
            if not waiting.done():
                waiting.set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock by `seconds`, as NTP or a person would; nobody wakes."""
        self._now += timedelta(seconds=seconds)

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic


async def settle(turns: int = 20) -> None:
    """Let everything that can run now run."""
    for _ in range(turns):
        await asyncio.sleep(0)


class FakeMqtt:
    """The broker's client: keeps what was published, delivers what a test says arrived."""

    def __init__(self) -> None:
        self.connected = True
        self.session = 1
        self.published: list[Publish] = []
        self.acknowledge = True
        self._listeners: list[tuple[str, Callable[[Message], None]]] = []

    def listen(self, topic_filter: str, listener: Callable[[Message], None]) -> None:
        self._listeners.append((topic_filter, listener))

    def publish(self, message: Publish, acknowledged: Callable[[], None] | None = None) -> None:
        if not self.connected:
            detail = "The broker is not reachable"
            raise BrokerDown(detail)
        self.published.append(message)
        if acknowledged is not None and self.acknowledge:
            acknowledged()

    def deliver(self, topic: str, payload: bytes | str, *, retained: bool = False) -> None:
        """A message arrives from the broker."""
        body = payload.encode() if isinstance(payload, str) else payload
        for topic_filter, listener in self._listeners:
            if matches(topic_filter, topic):
                listener(Message(topic, body, retained))


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter takes a topic."""
    wanted, got = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(got) or level not in ("+", got[index]):
            return False
    return len(wanted) == len(got)
