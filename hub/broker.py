"""The MQTT broker of the village: a child of the hub, or one that runs elsewhere.

Mosquitto where the program is on the PATH; else the iotcore wheel (rumqttd), which knows no rights
and therefore listens on loopback only; else an address from the configuration.
"""

import asyncio
import errno
import os
import shutil
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Final, Literal, Never, TypeAlias

import structlog

from hub import broker_child, broker_files
from hub.clock import Clock
from hub.config import BrokerSettings
from hub.errors import ConfigError
from hub.mqtt import BrokerAddress

log = structlog.get_logger(__name__)

Kind: TypeAlias = Literal["mosquitto", "embedded", "external"]

READY_WITHIN_S: Final = 5.0
# A broker of a hub that was killed a moment ago still saves what it retains.
PORT_FREE_WITHIN_S: Final = 3.0
STOP_WITHIN_S: Final = 0.5
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 2.0
STEADY_AFTER_S: Final = 10.0
_POLL_S: Final = 0.02
_LOOPBACK: Final = "127.0.0.1"
# Where a program connects to reach a listener on all addresses.
_REACHED_AT: Final = {"": _LOOPBACK, "0.0.0.0": _LOOPBACK, "::": "::1"}  # noqa: S104


class Broker:
    """Runs the broker, and starts it again when it dies; or only knows where it is."""

    def __init__(
        self,
        settings: BrokerSettings,
        data: Path,
        clock: Clock,
        *,
        config_file: str = "config.yaml",
    ) -> None:
        """Store what is needed; `config_file` is the name that errors of configuration give."""
        self._settings = settings
        self._folder = data.absolute() / "broker"
        self._clock = clock
        self._config_file = config_file
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._command: list[str] = []
        self._kind: Kind = "external"
        self._address: BrokerAddress | None = None

    @property
    def kind(self) -> Kind:
        """Which broker it is; known after `start()`."""
        return self._kind

    @property
    def pid(self) -> int | None:
        """The child's process, while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def address(self) -> BrokerAddress:
        """Where the hub itself connects; known after `start()`."""
        if self._address is None:
            msg = "the address of the broker is known after start()"
            raise RuntimeError(msg)
        return self._address

    async def start(self) -> None:
        """Choose the broker, write its files and return when it accepts connections.

        Raises ConfigError when it cannot be as the configuration says.
        """
        program = shutil.which("mosquitto")
        self._kind = self._choose(program)
        if self._kind == "external":
            self._address = await asyncio.to_thread(self._external)
            return
        host = self._settings.host
        if self._kind == "embedded" and host not in {_LOOPBACK, "localhost", "::1"}:
            log.warning(
                "the embedded broker listens on loopback only; install mosquitto", host=host
            )
            host = _LOOPBACK
        self._address, self._command = await asyncio.to_thread(self._prepare, host, program)
        await self._until_port_is_free(host)
        await self._spawn()
        if not await self._until_ready():
            await self.stop()
            raise self._mistake(
                "mode", self._kind, "a broker that starts (its own words are above)"
            )

    async def run(self) -> Never:
        """Start the child again whenever it dies, until cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            process = self._process
            if process is None:  # none of ours, or stopped
                await asyncio.Event().wait()
                continue
            began = self._clock.monotonic()
            code = await process.wait()
            if self._clock.monotonic() - began > STEADY_AFTER_S:
                wait_s = FIRST_WAIT_S
            if self._process is process:
                log.error("broker ended", code=code, again_in_s=wait_s)
                await self._clock.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            if self._process is process:
                await self._spawn_again()

    async def stop(self) -> None:
        """End the child: asked first, forced after half a second."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_WITHIN_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reader is not None:
            await self._reader

    def _choose(self, program: str | None) -> Kind:
        mode = self._settings.mode
        if mode == "mosquitto" and program is None:
            raise self._mistake("mode", mode, "the program mosquitto on the PATH (install it)")
        if mode == "auto":
            return "embedded" if program is None else "mosquitto"
        return mode

    def _external(self) -> BrokerAddress:
        settings = self._settings
        password = None
        if settings.password_file is not None:
            try:
                password = settings.password_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                name = str(settings.password_file)
                raise self._mistake("password_file", name, "a readable text file") from None
        return BrokerAddress(
            settings.host, settings.port, settings.username, password, tls=settings.tls
        )

    def _prepare(self, host: str, program: str | None) -> tuple[BrokerAddress, list[str]]:
        port = self._settings.port
        reached_at = _REACHED_AT.get(host, host)
        kept = broker_files.keep_credentials(self._folder, reached_at, port)
        if self._kind == "mosquitto":
            conf = broker_files.write_mosquitto(self._folder, host, port, kept.users)
            # -S: what becomes another program needs no site-packages, and starts sooner.
            python, becomes = ["-I", "-S"], ["mosquitto", str(program), str(conf)]
        else:
            conf = broker_files.write_embedded(self._folder, host, port, kept.users)
            python, becomes = ["-I"], ["embedded", str(conf)]
        command = [sys.executable, *python, broker_child.__file__, str(os.getpid()), *becomes]
        return BrokerAddress(reached_at, port, kept.hub.name, kept.hub.password), command

    async def _until_port_is_free(self, host: str) -> None:
        deadline = self._clock.monotonic() + PORT_FREE_WITHIN_S
        while True:
            try:
                return _try_port(host, self._settings.port)
            except OSError as error:
                if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                    raise self._mistake("host", host, "an address of this computer") from None
                if self._clock.monotonic() > deadline:
                    expected = f"a free port ({error.strerror}; is another broker running?)"
                    raise self._mistake("port", self._settings.port, expected) from None
            await self._clock.sleep(_POLL_S)

    async def _spawn(self) -> None:
        # In a session of its own, so that Ctrl-C reaches the hub alone, which then ends the broker.
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
        self._process = process
        self._reader = asyncio.create_task(_pass_on(process), name="broker: its log")

    async def _spawn_again(self) -> None:
        try:
            await self._spawn()
        except OSError as error:  # no memory or no process left: tried again after a pause
            log.error("broker not started", reason=error.strerror)  # noqa: TRY400  says it all

    async def _until_ready(self) -> bool:
        address = self.address()
        deadline = self._clock.monotonic() + READY_WITHIN_S
        while self.pid is not None and self._clock.monotonic() < deadline:
            try:
                _, writer = await asyncio.open_connection(address.host, address.port)
            except OSError:
                await self._clock.sleep(_POLL_S)
            else:
                writer.close()
                log.info("broker runs", kind=self._kind, port=address.port)
                return True
        return False

    def _mistake(self, key: str, value: object, expected: str) -> ConfigError:
        return ConfigError(self._config_file, f"broker.{key}", value, expected)


def _try_port(host: str, port: int) -> None:
    """Raise OSError if nobody could listen there now."""
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)


async def _pass_on(process: Process) -> None:
    """Put what the broker says into the hub's log, and keep its pipe from filling up."""
    if process.stderr is None:
        return
    rest = b""
    while chunk := await process.stderr.read(4096):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            log.warning("broker says", line=line[:300].decode(errors="replace"))
        rest = rest[-4096:]
