"""A phone as light as can be: HTTP/1.1 over raw sockets, so that measuring costs little.

A general HTTP client costs several times what the hub does for the same request, and on two cores
it would be the client that is measured.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

COOKIE = "village_session"
_HEAD_END = b"\r\n\r\n"
_ANSWER_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and how many bytes of head and body it took on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes
    wire_bytes: int

    def json(self) -> Any:  # noqa: ANN401  JSON is anything
        """The body as JSON."""
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection that is kept open; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a TCP socket
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0 or self._answer is None:
            return
        status, headers = _head(bytes(self._received[:end]))
        size = end + len(_HEAD_END) + int(headers.get("content-length", "0"))
        if len(self._received) < size:
            return
        body = bytes(self._received[end + len(_HEAD_END) : size])
        del self._received[:size]
        answer, self._answer = self._answer, None
        answer.set_result(Answer(status, headers, body, size))

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the hub closed the connection"))

    async def ask(self, request: bytes) -> Answer:
        """Send one whole request and wait for its answer."""
        assert self._transport is not None  # noqa: S101  made before it is handed out
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


@dataclass(slots=True)
class Phone:
    """A phone at the hub's port; after `sign_in` its requests carry the session."""

    port: int
    host: str = "127.0.0.1"
    cookie: str = ""

    def request(
        self, method: str, path: str, body: object = None, headers: str = "", *, key: bool = True
    ) -> bytes:
        """The bytes of a request; a POST carries a new Idempotency-Key, as the page sends it."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{headers}"
        if self.cookie:
            lines += f"Cookie: {COOKIE}={self.cookie}\r\n"
        if body is not None:
            lines += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        if key and method == "POST":
            lines += f"Idempotency-Key: {secrets.token_hex(16)}\r\n"
        return f"{lines}\r\n".encode() + content

    async def connect(self) -> Connection:
        """A connection to the hub. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, self.host, self.port)
        return connection

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  JSON
        """One request on a connection of its own; the JSON answer. Raises RuntimeError."""
        connection = await self.connect()
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                answer = await connection.ask(self.request(method, path, body))
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        cookie = answer.headers.get("set-cookie", "")
        if cookie.startswith(f"{COOKIE}="):
            self.cookie = cookie.partition(";")[0].partition("=")[2]
        return answer.json() if answer.body else None

    async def sign_in(self, code: str) -> None:
        """Use up the code of a one-time link."""
        await self.ask("POST", "/api/v1/session", {"code": code})

    @asynccontextmanager
    async def follow(self, path: str) -> AsyncIterator["Stream"]:
        """Open an endless answer (events or pictures) and collect what comes."""
        loop = asyncio.get_running_loop()
        transport, stream = await loop.create_connection(Stream, self.host, self.port)
        transport.write(self.request("GET", path))
        try:
            yield stream
        finally:
            transport.close()


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event and when (time.perf_counter) it was here."""

    at: float
    name: str
    content: dict[str, Any]


@dataclass(eq=False, slots=True)
class Stream(asyncio.Protocol):
    """An endless answer: bytes are only kept, with their times, and read after the measurement."""

    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    received: int = 0
    keep: bool = True
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _rest: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self.received += len(data)
        if self.keep:
            self.chunks.append((time.perf_counter(), data))
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""

    def take(self) -> list[Event]:
        """The whole events that have come since the last time."""
        taken, self.chunks = self.chunks, []
        found: list[Event] = []
        for at, data in taken:
            self._rest += data
            *blocks, self._rest = self._rest.split(b"\n\n")
            found += [event for block in blocks for event in _event(at, block)]
        return found

    async def wait_for(self, name: str, **content: object) -> Event:
        """The first event of this name with this content, from now on."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            while True:
                for event in self.take():
                    same = all(event.content.get(key) == value for key, value in content.items())
                    if event.name == name and same:
                        return event
                self.changed.clear()
                await self.changed.wait()


def _event(at: float, block: bytes) -> Iterator[Event]:
    # The lines of HTTP's chunked coding stand between; none of them looks like a field.
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
    if b"event" in fields and b"data" in fields:
        yield Event(at, fields[b"event"].decode(), json.loads(fields[b"data"]))


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}
