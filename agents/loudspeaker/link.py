"""One device's connection to the broker: will, greeting, subscriptions, and back again for ever."""

import asyncio
import contextlib
import random
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiomqtt
import structlog

log = structlog.get_logger(__name__)

OUTBOX_LIMIT = 500
_FIRST_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One message to publish. `keep`: send it after a reconnect when it cannot go out now."""

    topic: str
    payload: bytes | str
    retain: bool = False
    qos: int = 1
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """What one device is at the broker; `greeting` is asked at each connection."""

    identifier: str
    will: Note
    subscriptions: Sequence[str]
    greeting: Callable[[], Sequence[Note]]
    received: Callable[[aiomqtt.Message], None]
    farewell: Note | None = None
    keepalive_s: int = 30


class Link:
    """A connection that is made again, with growing pauses, until `run` is cancelled."""

    def __init__(
        self, role: Role, broker: Callable[[], Broker], *, longest_pause_s: float = 5.0
    ) -> None:
        self._role = role
        self._broker = broker
        self._longest_pause_s = longest_pause_s
        self._outbox: deque[Note] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._socket: socket.socket | None = None
        self._dead = False

    @property
    def connected(self) -> bool:
        """Whether messages go out now."""
        return self._client is not None

    def send(self, note: Note) -> None:
        """Publish soon; without a connection only what is to be kept is kept."""
        if self._client is None and not note.keep:
            return
        if len(self._outbox) >= OUTBOX_LIMIT:
            self._outbox.popleft()
        self._outbox.append(note)
        self._emptied.clear()
        self._filled.set()

    async def run(self) -> None:
        """Keep connected. An address that cannot be read yet counts as a broker that is away."""
        pause_s, away = _FIRST_PAUSE_S, False
        self._dead = False
        while not self._dead:
            try:
                async with self._connection(self._address()) as client:
                    pause_s, away = _FIRST_PAUSE_S, False
                    log.info("broker found", device=self._role.identifier)
                    await self._serve(client)
            except* aiomqtt.MqttError as group:
                if not away:  # once for each time that it goes away, not for each attempt
                    why = str(group.exceptions[0])
                    log.info("broker away", device=self._role.identifier, why=why)
                away = True
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  only spreads load
            pause_s = min(pause_s * 2, self._longest_pause_s)
        await asyncio.get_running_loop().create_future()

    async def leave(self, timeout_s: float) -> None:
        """Send what waits and the farewell, as far as the time reaches."""
        if self._role.farewell is not None:
            self.send(self._role.farewell)
        if self._client is not None and self._outbox:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), timeout_s)

    def cut(self) -> None:
        """Lose the connection without a goodbye, as in a power cut: the broker sends the will.

        No connection is made again until the next `run`.
        """
        self._dead = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _address(self) -> Broker:
        try:
            return self._broker()
        except (OSError, ValueError, KeyError) as error:
            raise aiomqtt.MqttError(f"no address yet: {error}") from error

    def _connection(self, broker: Broker) -> aiomqtt.Client:
        will = self._role.will
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=self._role.identifier,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            keepalive=self._role.keepalive_s,
            clean_session=True,
            timeout=5,
            max_queued_incoming_messages=1000,
            # Nagle's algorithm would hold back the second of two answers for 40 ms.
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        # paho's own socket() is public; aiomqtt only hides the client that has it
        sock = client._client.socket()  # noqa: SLF001
        self._socket = sock if isinstance(sock, socket.socket) else None
        if self._dead:  # cut off while it connected
            self.cut()
        kept = [note for note in self._outbox if note.keep]
        self._outbox.clear()
        try:
            for topic in self._role.subscriptions:
                await client.subscribe(topic, qos=1)
            self._client = client
            for note in (*self._role.greeting(), *kept):
                self.send(note)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all(client), name="outbox")
                tasks.create_task(self._receive_all(client), name="inbox")
        finally:
            if self._client is None:
                self._outbox.extend(kept)
            self._client = None
            self._socket = None

    async def _send_all(self, client: aiomqtt.Client) -> None:
        while True:
            while self._outbox:
                note = self._outbox[0]
                await client.publish(note.topic, note.payload, qos=note.qos, retain=note.retain)
                if self._outbox and self._outbox[0] is note:
                    self._outbox.popleft()
            self._emptied.set()
            self._filled.clear()
            await self._filled.wait()

    async def _receive_all(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._role.received(message)
