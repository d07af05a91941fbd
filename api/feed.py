"""The event stream: one snapshot, then every change, encoded once for each role.

Changes are coalesced: of several to the same thing within one flush, phones get the last. The
first after a pause goes out at once, further ones every 50 ms, so that a road of a thousand lamps
is a few messages and not thousands. Encoding for each phone was measured at 200 ms of the loop for
one event to 1,000 phones, encoding once at 25.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from pydantic_core import to_json

from api.bodies import Body
from people.permissions import Role

FLUSH_EVERY_S = 0.05
KEEPALIVE_S = 15.0
MOST_WAITING = 64
_SLICE = 100  # phones served before the loop is given back
_KEEPALIVE = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Change:
    """News of one thing: `bodies` says what each role sees; a role that is absent sees nothing."""

    noun: str
    id: str
    bodies: dict[Role, Callable[[], Body]]


@dataclass(eq=False, slots=True)
class Phone:
    """One open event stream."""

    role: Role
    session_id: str
    waiting: deque[bytes] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, chunk: bytes) -> None:
        """Hand over a chunk; a phone that does not read is ended and comes back by itself."""
        if len(self.waiting) >= MOST_WAITING:
            self.ended.set()
            return
        self.waiting.append(chunk)
        self.news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is to be sent, without end: `ended` says when to stop asking."""
        while True:
            await self.news.wait()
            self.news.clear()
            while self.waiting:
                yield self.waiting.popleft()


class Feed:
    """All open event streams."""

    def __init__(self, snapshot: Callable[[Role], Body]) -> None:
        self._snapshot = snapshot
        self._snapshots: dict[Role, bytes] = {}
        self._phones: set[Phone] = set()
        self._pending: dict[tuple[str, str], Change] = {}
        self._wake = asyncio.Event()
        self._closed = False

    def open(self, role: Role, session_id: str) -> Phone:
        """A new stream: listening already, with the snapshot as its first chunk."""
        phone = Phone(role, session_id)
        if self._closed:
            phone.ended.set()
        self._phones.add(phone)
        if role not in self._snapshots:
            self._snapshots[role] = encode("snapshot", self._snapshot(role))
        # Changes that still wait stand in it already: hearing one twice does no harm.
        phone.push(self._snapshots[role])
        return phone

    def leave(self, phone: Phone) -> None:
        """The phone has gone."""
        self._phones.discard(phone)

    def tell(self, change: Change) -> None:
        """Something has changed. Never waits."""
        self._snapshots.clear()
        if self._phones:
            self._pending[change.noun, change.id] = change
            self._wake.set()

    def end_session(self, session_id: str) -> None:
        """End the streams of a phone that was signed out."""
        for phone in self._phones:
            if phone.session_id == session_id:
                phone.ended.set()

    def close(self) -> None:
        """End all streams: the hub stops."""
        self._closed = True
        for phone in self._phones:
            phone.ended.set()

    @property
    def count(self) -> int:
        """How many phones are listening."""
        return len(self._phones)

    async def run(self) -> None:
        """Send changes as they come, and a sign of life in between."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_alive(), name="feed.keep_alive")
            while True:
                await self._wake.wait()
                await self._flush()
                await asyncio.sleep(FLUSH_EVERY_S)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_S)
            await self._send(dict.fromkeys(Role, _KEEPALIVE))

    async def _flush(self) -> None:
        self._wake.clear()
        changes, self._pending = self._pending, {}
        present = {phone.role for phone in self._phones}
        await self._send(
            {
                role: b"".join(
                    encode(change.noun, change.bodies[role]())
                    for change in changes.values()
                    if role in change.bodies
                )
                for role in present
            }
        )

    async def _send(self, chunks: dict[Role, bytes]) -> None:
        for number, phone in enumerate(tuple(self._phones), start=1):
            chunk = chunks.get(phone.role)
            if chunk:
                phone.push(chunk)
            if number % _SLICE == 0:
                await asyncio.sleep(0)


def encode(noun: str, body: Body) -> bytes:
    """One server-sent event (HTML standard, section 9.2)."""
    return b"event: " + noun.encode() + b"\ndata: " + to_json(body) + b"\n\n"
