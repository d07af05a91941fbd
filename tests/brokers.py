"""A real Mosquitto on a free loopback port, for tests; it can be killed and comes back whole.

And the hub's connection to a broker, with what happened to it.
"""

import asyncio
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from pathlib import Path
from typing import Any, TypeAlias

import aiomqtt

from hub.broker import Broker
from hub.clock import SystemClock
from hub.events import Events
from hub.mqtt import BrokerAddress, BrokerConnected, BrokerLost, Message, Mqtt
from tests.fakes import VILLAGE_ZONE

START_WITHIN_S = 10.0
SOON_S = 5.0


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One Mosquitto that lets anybody in; `kill()` and `start()` keep port and retained messages.

    What is retained survives `stop()` wholly, and `kill()` as far as it was saved: once a second.
    """

    def __init__(self, folder: Path, *, extra: str = "") -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self._conf = folder / f"mosquitto-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._conf.write_text(
            f"user root\nlistener {self.port} {self.host}\nallow_anonymous true\n"
            "set_tcp_nodelay true\nmax_queued_messages 20000\n"
            f"persistence true\npersistence_file {self.port}.db\npersistence_location {folder}/\n"
            f"autosave_interval 1\nlog_dest none\n{extra}\n"
        )

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(self.host, self.port)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it again; returns when it accepts connections."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen([program, "-c", str(self._conf)])
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "mosquitto did not start"
                assert time.monotonic() < deadline, "mosquitto accepts no connections"
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order: it saves what it retains."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Make it hang: connections stay open and nothing is answered."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause()`."""
        self._send(signal.SIGCONT)

    def _send(self, what: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(what)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def mosquitto(folder: Path, *, extra: str = "") -> Iterator[Mosquitto]:
    """A running Mosquitto; `extra` are further lines of its configuration."""
    broker = Mosquitto(folder, extra=extra)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@asynccontextmanager
async def running(part: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    task = asyncio.create_task(part)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Connection:
    """The hub's connection, and what happened to it."""

    def __init__(self, address: BrokerAddress | Callable[[], BrokerAddress]) -> None:
        self.events = Events()
        self.happened: asyncio.Queue[object] = asyncio.Queue()
        self.events.listen(BrokerConnected, self.happened.put_nowait)
        self.events.listen(BrokerLost, self.happened.put_nowait)
        self.mqtt = Mqtt(self.events, SystemClock(VILLAGE_ZONE), address)

    async def next_event(self) -> object:
        return await asyncio.wait_for(self.happened.get(), SOON_S)

    def hear(self, topic_filter: str) -> "asyncio.Queue[Message]":
        heard: asyncio.Queue[Message] = asyncio.Queue()
        self.mqtt.listen(topic_filter, heard.put_nowait)
        return heard


ConnectAs: TypeAlias = Callable[..., aiomqtt.Client]
ConnectHub: TypeAlias = Callable[..., AbstractAsyncContextManager[Connection]]
MakeBroker: TypeAlias = Callable[..., AbstractAsyncContextManager[Broker]]
