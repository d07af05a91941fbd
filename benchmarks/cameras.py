"""One camera with 1, 10 and 50 viewers, beside OpenCV alone making the same pictures.

The hub's process and its worker are counted separately. ffmpeg that only takes the stream from the
network and decodes nothing is shown too: the floor of any way that does not decode.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from benchmarks.clips import MAIN, SUB, Clip, camera
from benchmarks.phone import Phone, Stream
from benchmarks.processes import child, spending
from benchmarks.report import Table, ratio
from benchmarks.villages import ROOT, folder, head_of, hub
from tests.villages import Hub, write_config

_WORKER = "camera.vision"
_SETTLE_S = 2.5


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    clips: tuple[tuple[Clip, tuple[int, ...]], ...] = ((SUB, (1, 10, 50)), (MAIN, (1, 50)))
    seconds: float = 12.0


QUICK = Size(clips=((SUB, (1, 10)),), seconds=4.0)


@dataclass(frozen=True, slots=True)
class Watched:
    """What viewers cost, in CPU-seconds per minute, and what they got."""

    viewers: int
    hub: float
    worker: float
    pictures_per_s: float
    mbit_per_s: float


def measure(size: Size) -> list[Table]:
    """One table for each clip."""
    return [_measure_clip(clip, viewers, size.seconds) for clip, viewers in size.clips]


def _measure_clip(clip: Clip, viewers: tuple[int, ...], seconds: float) -> Table:
    with camera(clip) as url:
        bare, rate = _bare(url, seconds)
        copied = _copied(url, seconds)
        with folder() as place:
            first = {"name": "Cổng", "url": url}
            with hub(write_config(place, begin={"cameras": [first]})) as started:
                found = asyncio.run(_measure_hub(started, viewers, seconds))
    table = Table(
        f"One camera ({clip.name})",
        (
            *("CPU-seconds per minute", "hub", "worker", "together", "times bare OpenCV"),
            *("pictures/s each", "Mbit/s each"),
        ),
    )
    for each in found:
        total = each.hub + each.worker
        cells = (each.hub, each.worker, total, ratio(total, bare))
        table.add(f"{each.viewers} viewers", *cells, each.pictures_per_s, each.mbit_per_s)
    table.add("bare OpenCV, nobody watches", None, None, bare, 1, rate, None)
    table.add("ffmpeg -c copy, decodes nothing", None, None, copied, ratio(copied, bare), 0, None)
    return table


async def _measure_hub(started: Hub, viewers: tuple[int, ...], seconds: float) -> list[Watched]:
    phone = await head_of(started)
    items = (await phone.ask("GET", "/api/v1/cameras"))["items"]
    return [await _watch(started, phone, items[0]["stream"], n, seconds) for n in viewers]


async def _watch(started: Hub, phone: Phone, path: str, viewers: int, seconds: float) -> Watched:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(phone.follow(path)) for _ in range(viewers)]
        for stream in streams:
            await _showing(stream)
        await asyncio.sleep(_SETTLE_S)
        worker = child(started.process.pid, _WORKER)
        if worker is None:
            raise RuntimeError("the camera has no worker")
        first = streams[0]
        first.chunks, first.keep = [], True
        before = sum(stream.received for stream in streams)
        with spending(hub=started.process.pid, worker=worker) as spent:
            await asyncio.sleep(seconds)
        received = sum(stream.received for stream in streams) - before
        pictures = b"".join(data for _, data in first.chunks).count(b"Content-Length: ")
    minutes = spent.seconds / 60
    return Watched(
        viewers,
        spent.cpu_s["hub"] / minutes,
        spent.cpu_s["worker"] / minutes,
        pictures / spent.seconds,
        received * 8 / viewers / spent.seconds / 1e6,
    )


async def _showing(stream: Stream) -> None:
    """Until pictures come; from then on their bytes are only counted."""
    async with asyncio.timeout(30):
        while stream.received < 10_000:
            stream.changed.clear()
            await stream.changed.wait()
    stream.keep = False
    stream.chunks = []


def _bare(url: str, seconds: float) -> tuple[float, float]:
    """CPU-seconds per minute of OpenCV alone, and its pictures per second."""
    command = [sys.executable, "-m", "benchmarks.bare_camera", url, str(seconds)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    figures = json.loads(said)
    lasted = figures["seconds"]
    return figures["cpu_s"] / lasted * 60, figures["pictures"] / lasted


def _copied(url: str, seconds: float) -> float:
    """CPU-seconds per minute of ffmpeg that takes the stream and drops it."""
    ffmpeg = shutil.which("ffmpeg") or "ffmpeg"
    command = [ffmpeg, "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"]
    process = subprocess.Popen([*command, "-f", "null", "-"], stdin=subprocess.DEVNULL)
    try:
        time.sleep(_SETTLE_S)  # opening is not counted here, nor for the others
        with spending(ffmpeg=process.pid) as spent:
            time.sleep(seconds)
    finally:
        process.terminate()
        process.wait()
    return spent.cpu_s["ffmpeg"] / spent.seconds * 60
