"""How long the hub takes to start and to stop, and what it costs while nothing happens."""

import asyncio
import signal
import socket
import time
from dataclasses import dataclass

from benchmarks.processes import (
    MIB,
    child,
    cpu_s,
    mapped_libraries,
    memory_mib,
    written_bytes,
)
from benchmarks.report import Table, middle
from benchmarks.villages import folder, head_of, sample_village, until_online
from tests.villages import Hub, running, sample_config

_HOUR_S = 3600
_RETRY_S = 0.002
_START_WITHIN_S = 60.0
_REQUEST = b"GET /api/v1/health HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"
# Parts of file names of the libraries that only workers may load.
_NATIVE = {"PyAV": ("libavcodec", "libavformat"), "OpenCV": ("cv2",), "numpy": ("_multiarray",)}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    starts: int = 3
    settle_s: float = 10.0
    rest_s: float = 45.0


QUICK = Size(starts=1, settle_s=3.0, rest_s=6.0)


def measure(size: Size) -> list[Table]:
    """Starts and stops of the sample village's hub, then the same hub at rest."""
    return [_starts(size.starts), asyncio.run(_rest(size))]


def _starts(times: int) -> Table:
    empty: list[float] = []
    again: list[float] = []
    stops: list[float] = []
    watched: list[float] = []
    for _ in range(times):
        with folder() as place:
            file = sample_config(place)
            for kept in (empty, again):
                started = Hub(file)
                with running(started):
                    kept.append(_until_healthy(started))
                    started.wait_ready()
                    if kept is again:
                        asyncio.run(_stop_watched(started, watched))
                    else:
                        stops.append(_stop(started))
    table = Table("Start and stop of the sample village", ("", "s", "slowest"))
    table.add("first start (empty data), to the first answer", middle(empty), max(empty))
    table.add("second start, to the first answer", middle(again), max(again))
    table.add("SIGTERM to the end", middle(stops), max(stops))
    table.add("SIGTERM to the end, a phone follows the events", middle(watched), max(watched))
    return table


def _until_healthy(started: Hub) -> float:
    """Seconds from the start of the process to its first answer."""
    began = time.perf_counter()
    while time.perf_counter() < began + _START_WITHIN_S:
        try:
            with socket.create_connection(("127.0.0.1", started.port), _START_WITHIN_S) as hub:
                hub.sendall(_REQUEST)
                if hub.recv(64).startswith(b"HTTP/1.1 200"):
                    return time.perf_counter() - began
        except OSError:
            if started.process.poll() is not None:
                break
        time.sleep(_RETRY_S)
    raise RuntimeError(f"the hub does not answer: {started.said()[-2000:]}")


def _stop(started: Hub) -> float:
    began = time.perf_counter()
    code = started.stop(signal.SIGTERM)
    if code != 0:
        raise RuntimeError(f"the hub ended with {code}")
    return time.perf_counter() - began


async def _stop_watched(started: Hub, into: list[float]) -> None:
    # Nobody has signed in yet, so the second start prints a link too.
    phone = await head_of(started)
    async with phone.follow("/api/v1/events") as stream:
        await stream.wait_for("snapshot")
        into.append(await asyncio.to_thread(_stop, started))


async def _rest(size: Size) -> Table:
    with folder() as place, sample_village(place) as started:
        phone = await head_of(started)
        await until_online(phone)
        await asyncio.sleep(size.settle_s)
        hub, broker = started.process.pid, child(started.process.pid, "mosquitto.conf")
        rss, uss = memory_mib(hub)
        libraries = mapped_libraries(hub)
        wrote, used, began = written_bytes(hub), cpu_s(hub), time.monotonic()
        broker_wrote = written_bytes(broker) if broker else 0
        await asyncio.sleep(size.rest_s)
        hours = (time.monotonic() - began) / _HOUR_S
        table = Table("The hub at rest, with the sample village connected", ("", "value", "goal"))
        table.add("memory, resident (MiB)", rss, "<= 85.8 (90 MB)")
        table.add("memory, its own (MiB)", uss, None)
        for name, parts in _NATIVE.items():
            found = [each for each in libraries if any(part in each for part in parts)]
            table.add(f"{name} in the process", ", ".join(found) or "no", "no")
        table.add("CPU-s per hour", (cpu_s(hub) - used) / hours, None)
        table.add(
            "written by the hub, MiB per hour", (written_bytes(hub) - wrote) / hours / MIB, None
        )
        if broker:
            grown = written_bytes(broker) - broker_wrote
            table.add("written by the broker, MiB per hour", grown / hours / MIB, None)
            table.add("memory of the broker, resident (MiB)", memory_mib(broker)[0], None)
        return table
