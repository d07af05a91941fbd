"""Where the sound goes: a sound card, a WAV file that grows as it is heard, or nowhere."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from agents.loudspeaker.sound import RATE_HZ

CARD_LEAD_S = 0.5
"""How far the agent writes ahead of what is heard; enough for a slow moment of the board."""

_STALL_S = 0.5
_CARD_TIMEOUT_S = 5.0
_WAV_HEADER_BYTES = 44


class OutputError(Exception):
    """The sound could not be played: no player, no card, or it stopped taking sound."""


class Position:
    """How much of one sound has been heard; `began` is called when its first block goes out."""

    def __init__(self, began: Callable[[], None] = lambda: None) -> None:
        self._began = began
        self._began_s: float | None = None
        self._written_s = 0.0

    @property
    def heard_s(self) -> float:
        """Seconds heard so far."""
        if self._began_s is None:
            return 0.0
        return min(self._written_s, max(0.0, asyncio.get_running_loop().time() - self._began_s))

    async def wait_for_room(self, length_s: float, lead_s: float) -> None:
        """Wait until a block of `length_s` ends no more than `lead_s` ahead of what is heard."""
        now_s = asyncio.get_running_loop().time()
        if self._began_s is None:
            self._began_s = now_s
            self._began()
        delay_s = self._began_s + self._written_s + length_s - lead_s - now_s
        if delay_s < -_STALL_S - lead_s:
            # The board slept: what was not played in time is played later, not all at once.
            self._began_s = now_s - self._written_s
        await asyncio.sleep(max(0.0, delay_s))
        self._written_s += length_s


class Output(Protocol):
    """One way to be heard. Cancelling `play` silences it at once."""

    async def play(self, blocks: AsyncIterator[bytes], position: Position) -> None:
        """Play s16le 48 kHz mono at the pace of the clock; return when all of it was heard.

        Raises OutputError.
        """


def _length_s(block: bytes) -> float:
    return len(block) / (2 * RATE_HZ)


class NullOutput:
    """Nobody hears it, but it takes as long."""

    async def play(self, blocks: AsyncIterator[bytes], position: Position) -> None:
        """Take each block at the moment it would have been heard."""
        async for block in blocks:
            await position.wait_for_room(_length_s(block), 0.0)


class WavOutput:
    """A WAV file that holds exactly what was heard, one sound after another.

    Between sounds nothing is written, so the file stands still while there is silence. The header
    is right after every block: it never promises more than the file holds. An existing file of
    ours is continued.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def play(self, blocks: AsyncIterator[bytes], position: Position) -> None:
        """Append each block when its time has passed."""
        try:
            with contextlib.closing(_WavFile(self._path)) as file:
                async for block in blocks:
                    await position.wait_for_room(_length_s(block), 0.0)
                    file.append(block)
        except OSError as error:
            raise OutputError(str(error)) from error


class _WavFile:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        header = os.pread(self._file, _WAV_HEADER_BYTES, 0)
        self._bytes = 0
        if len(header) == _WAV_HEADER_BYTES and header[:4] == b"RIFF":
            self._bytes = struct.unpack("<I", header[40:])[0]
        os.ftruncate(self._file, _WAV_HEADER_BYTES + self._bytes)
        self._write_header()

    def append(self, block: bytes) -> None:
        os.pwrite(self._file, block, _WAV_HEADER_BYTES + self._bytes)
        self._bytes += len(block)
        self._write_header()

    def close(self) -> None:
        os.close(self._file)

    def _write_header(self) -> None:
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE_HZ, RATE_HZ * 2, 2, 16)
        riff = struct.pack("<4sI4s", b"RIFF", 36 + self._bytes, b"WAVE")
        os.pwrite(self._file, riff + form + struct.pack("<4sI", b"data", self._bytes), 0)


class AlsaOutput:
    """The sound card, through `aplay` of alsa-utils: one short-lived process per sound.

    Killing it empties the card's buffer at once, and it ends by itself when the agent dies.
    """

    def __init__(self, device: str | None = None, program: str = "aplay") -> None:
        self._device = device
        self._program = program

    async def play(self, blocks: AsyncIterator[bytes], position: Position) -> None:
        """Write half a second ahead; return when aplay has drained the card."""
        try:
            player = await self._start()
        except OSError as error:
            raise OutputError(f"{self._program} cannot be started") from error
        try:
            await self._feed(player, blocks, position)
        except (OSError, TimeoutError) as error:
            raise OutputError(f"{self._program} takes no sound") from error
        finally:
            if player.returncode is None:
                player.kill()
                await player.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        device = ["-D", self._device] if self._device else []
        form = ["-t", "raw", "-f", "S16_LE", "-r", str(RATE_HZ), "-c", "1"]
        return await asyncio.create_subprocess_exec(
            self._program,
            "-q",
            *device,
            *form,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def _feed(
        self,
        player: asyncio.subprocess.Process,
        blocks: AsyncIterator[bytes],
        position: Position,
    ) -> None:
        pipe = player.stdin
        if pipe is None:  # cannot be: stdin=PIPE above
            raise OutputError("no pipe")
        async for block in blocks:
            await position.wait_for_room(_length_s(block), CARD_LEAD_S)
            pipe.write(block)
            async with asyncio.timeout(_CARD_TIMEOUT_S):
                await pipe.drain()
        pipe.close()
        async with asyncio.timeout(CARD_LEAD_S + _CARD_TIMEOUT_S):
            code = await player.wait()
        if code:
            raise OutputError(f"{self._program} ended with code {code}")


def output_named(name: str) -> Output:
    """`alsa`, `alsa:DEVICE`, `wav:PATH` or `null`. Raises ValueError."""
    kind, _, rest = name.partition(":")
    match kind, rest:
        case "alsa", device:
            return AlsaOutput(device or None)
        case "wav", path if path:
            return WavOutput(Path(path))
        case "null", "":
            return NullOutput()
        case _:
            raise ValueError(f"{name!r}: expected alsa, alsa:DEVICE, wav:PATH or null")
