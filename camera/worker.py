"""The source that reads pictures from a worker process, in which OpenCV decodes."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import cast, get_args

import structlog

from camera.address import Address
from camera.models import Fault
from camera.source import Picture, SourceFailed
from camera.wire import FAULT, HEADER, LARGEST_BYTES
from hub.clock import Clock
from hub.config import CameraLimits

log = structlog.get_logger(__name__)

_PROGRAM = "camera.vision"
_ROOT = Path(__file__).resolve().parent.parent
_KILL_S = 0.4


class VisionSource:
    """Runs `camera.vision` for one opening of one camera."""

    def __init__(self, address: Address, limits: CameraLimits, clock: Clock) -> None:
        self._address = address
        self._limits = limits
        self._clock = clock

    async def run(self, deliver: Callable[[Picture], None]) -> None:
        """Deliver pictures until cancelled; raises SourceFailed."""
        process = await _start()
        try:
            await self._read(process, deliver)
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await _exit_code(process)
            log.warning("camera worker ended by itself", code=code)
            raise SourceFailed("worker_failed") from None
        finally:
            await _end(process)

    async def _read(self, process: Process, deliver: Callable[[Picture], None]) -> None:
        assert process.stdin is not None  # noqa: S101  both are pipes, see run()
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(self._order())
        number = 0
        while True:
            header = await process.stdout.readexactly(HEADER.size)
            kind, captured_ns, length = HEADER.unpack(header)
            if length > LARGEST_BYTES:
                raise SourceFailed("worker_failed")
            content = await process.stdout.readexactly(length)
            if kind == FAULT:
                raise SourceFailed(_fault(content))
            number += 1
            # The worker's clock only says how long the picture was on its way.
            age = timedelta(microseconds=max(0, time.monotonic_ns() - captured_ns) // 1000)
            deliver(Picture(content, self._clock.now() - age, number))

    def _order(self) -> bytes:
        order = {
            "url": self._address.url,
            "width": self._limits.width,
            "height": self._limits.height,
            "frames_per_second": self._limits.frames_per_second,
            # A little less than the feed's patience with an opening: the worker can say why.
            "timeout_s": max(1.0, 2 * self._limits.silence_s - 1),
        }
        return json.dumps(order).encode() + b"\n"


async def _start() -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _PROGRAM),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=_environment(),
            # Ctrl-C in the terminal is for the hub, which ends its workers itself.
            start_new_session=True,
        )
    except OSError as error:  # out of memory or of processes
        log.warning("camera worker cannot start", reason=error.strerror)
        raise SourceFailed("worker_failed") from None


def _environment() -> dict[str, str]:
    """Only what the worker needs: secrets of the hub may stand in its own environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "OPENCV_LOG_LEVEL": "SILENT",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _fault(content: bytes) -> Fault:
    word = content.decode("ascii", "replace")
    return cast("Fault", word) if word in get_args(Fault) else "no_picture"


async def _exit_code(process: Process) -> int | None:
    try:
        async with asyncio.timeout(_KILL_S):
            return await process.wait()
    except TimeoutError:
        return None


async def _end(process: Process) -> None:
    """Kill the worker, which may hang, and take its last words out of the pipe."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it may have ended by itself just now
            process.kill()
    try:
        async with asyncio.timeout(_KILL_S):
            await process.communicate()
    except TimeoutError:
        log.warning("camera worker is slow to die", pid=process.pid)
