"""Cameras against a real RTSP server, with real worker processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
import structlog
import uvloop

from camera.feed import Viewer
from camera.models import Camera, CameraChanged
from camera.service import Cameras
from hub.actors import HUB
from hub.clock import SystemClock
from hub.config import CameraLimits
from hub.database import Database, metadata
from hub.errors import NoAnswer
from hub.events import Events
from tests.rtsp_origin import Clip, Login, RtspOrigin, read_frame_number

ROOT = Path(__file__).resolve().parents[3]
# The silence is short so that drills are; it still is ten times the distance of two pictures.
LIMITS = CameraLimits(silence_s=2, linger_s=1, probe_minutes=60)
PASSWORD = "p@ss:w/ö#1%?"


class Hub:
    """The cameras of a hub, and what it was told of them."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}")
        self.events = Events()
        clock = SystemClock(ZoneInfo("Asia/Ho_Chi_Minh"))
        self.cameras = Cameras(self.database, self.events, clock, LIMITS)
        self._told: asyncio.Queue[Camera] = asyncio.Queue()
        self.events.listen(CameraChanged, lambda event: self._told.put_nowait(event.camera))

    async def open(self) -> None:
        await self.database.open()
        async with self.database.transaction() as connection:
            await connection.run_sync(metadata.create_all)
        await self.cameras.open()

    async def close(self) -> None:
        await self.cameras.close()
        await self.database.close()

    async def add(self, url: str) -> str:
        return (await self.cameras.add_camera("Cổng bắc", url, None, HUB)).id

    async def told(self, availability: Literal["online", "offline"], within_s: float) -> Camera:
        """The next event that says so."""
        async with asyncio.timeout(within_s):
            while (camera := await self._told.get()).availability != availability:
                pass
        return camera


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = Hub(tmp_path)
    await hub.open()
    yield hub
    await hub.close()
    await until(lambda: not workers(), within_s=2)


def workers(parent: int | None = None) -> list[int]:
    """The worker processes of this process, or of another."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"\nPPid:\t{parent or os.getpid()}\n" in status and b"camera.vision" in command:
            found.append(int(folder.name))
    return found


async def until(condition: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  the kernel tells of no process but one's own child
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def public_of(pid: int) -> str:
    """What others on the machine may read of a process."""
    folder = Path(f"/proc/{pid}")
    return ((folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()).decode()


async def numbers(pictures: Viewer, count: int, within_s: float = 15) -> list[int]:
    """The frame numbers of the next pictures."""
    found: list[int] = []
    async with asyncio.timeout(within_s):
        async for picture in pictures:
            number = read_frame_number(picture.jpeg)
            assert number is not None
            found.append(number)
            if len(found) == count:
                break
    return found


def steps(found: list[int], clip: Clip) -> list[int]:
    """How many frames of the clip lie between one picture and the next."""
    return [(after - before) % clip.frames for before, after in pairwise(found)]


async def test_pictures_of_a_live_camera_follow_each_other(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            found = await numbers(pictures, 12)
            picture = await anext(pictures)
        # 15 frames a second come, 5 pictures a second go on: every third, or fewer under load.
        distances = steps(found, origin.clip)
        assert all(1 <= distance < origin.clip.frames // 2 for distance in distances)
        assert sum(distances) / len(distances) >= 2
        assert 1000 < len(picture.jpeg) <= 40_000
        assert hub.cameras.get_camera(camera_id).availability == "online"
        late_s = (SystemClock(ZoneInfo("UTC")).now() - picture.at).total_seconds()
        assert late_s >= 0


async def test_all_viewers_share_one_worker_and_the_same_bytes(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with AsyncExitStack() as crowd:
            viewers = [await crowd.enter_async_context(hub.cameras.watch(camera_id)) for _ in "abc"]
            await asyncio.gather(*(numbers(viewer, 3) for viewer in viewers))
            assert len(workers()) == 1
            first, second, third = await asyncio.gather(*(anext(viewer) for viewer in viewers))
            assert first.jpeg is second.jpeg is third.jpeg
            await hub.cameras.snapshot(camera_id)
            assert len(workers()) == 1
        await until(lambda: not workers(), within_s=4)


async def test_a_still_of_a_camera_with_another_aspect_has_the_asked_size(hub: Hub) -> None:
    with RtspOrigin(Clip(width=640, height=480, seconds=4)) as origin:
        still = await hub.cameras.snapshot(await hub.add(origin.url))
        picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (360, 640, 3)
        assert read_frame_number(picture[:, 80:560]) is not None


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_the_right_password_gives_pictures_and_a_wrong_one_says_so(
    hub: Hub, scheme: str
) -> None:
    with RtspOrigin(login=Login("admin", PASSWORD, scheme)) as origin:
        camera_id = await hub.add(origin.url)
        assert read_frame_number((await hub.cameras.snapshot(camera_id)).jpeg) is not None
        for url in (origin.url_for("admin", "wrong"), origin.address):
            with pytest.raises(NoAnswer) as answer:
                await hub.cameras.snapshot(await hub.add(url))
            assert answer.value.context["says"] == "wrong_password"


async def test_a_wrong_path_and_a_closed_port_are_told_apart(hub: Hub) -> None:
    with RtspOrigin() as origin:
        with pytest.raises(NoAnswer) as answer:
            await hub.cameras.snapshot(await hub.add(origin.address + "/none"))
        assert answer.value.context["says"] == "not_found"
        closed = await hub.add(origin.address)
    with pytest.raises(NoAnswer) as answer:
        await hub.cameras.snapshot(closed)
    assert answer.value.context["says"] == "refused"
    assert hub.cameras.get_camera(closed).says == "refused"


async def test_passwords_are_not_to_be_seen_on_the_machine_or_in_the_log(
    hub: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        structlog.testing.capture_logs() as lines,
        RtspOrigin(login=Login("admin", "plain-secret")) as origin,
    ):
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            await numbers(pictures, 1)
            (worker,) = workers()
            seen = public_of(worker)
        with pytest.raises(NoAnswer):
            await hub.cameras.snapshot(await hub.add(origin.url_for("admin", "plain-secret-2")))
    printed = capfd.readouterr()
    for place in (repr(lines), printed.out, printed.err, seen):
        assert "plain-secret" not in place
        assert "rtsp://" not in place


async def test_a_camera_that_hangs_is_offline_and_comes_back_with_a_new_worker(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            await numbers(pictures, 3)
            await hub.told("online", within_s=1)
            (first,) = workers()
            origin.hang()
            began = time.monotonic()
            offline = await hub.told("offline", within_s=6)
            assert LIMITS.silence_s - 0.5 < time.monotonic() - began < LIMITS.silence_s + 2
            assert offline.says == "no_picture"
            assert not alive(first)
            origin.resume()
            await hub.told("online", within_s=15)
            assert first not in workers()
            assert len(workers()) == 1
            await numbers(pictures, 3)


async def test_a_camera_that_lost_its_power_comes_back(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            await numbers(pictures, 3)
            origin.kill()
            await hub.told("offline", within_s=6)
            origin.start()
            await hub.told("online", within_s=20)
            await numbers(pictures, 3)


async def test_a_camera_that_was_never_there_is_found_when_it_appears(hub: Hub) -> None:
    with RtspOrigin() as origin:
        origin.kill()
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            assert (await hub.told("offline", within_s=6)).says == "refused"
            origin.start()
            await numbers(pictures, 3, within_s=20)


async def test_a_worker_that_is_killed_is_replaced(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            await numbers(pictures, 2)
            os.kill(workers()[0], signal.SIGKILL)
            assert (await hub.told("offline", within_s=5)).says == "worker_failed"
            await hub.told("online", within_s=15)
            await numbers(pictures, 2)


async def test_cameras_stop_well_within_a_second_though_worker_and_camera_hang(hub: Hub) -> None:
    with RtspOrigin() as origin:
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id) as pictures:
            await numbers(pictures, 2)
            (worker,) = workers()
            origin.hang()
            os.kill(worker, signal.SIGSTOP)
            began = time.monotonic()
            await hub.cameras.close()
            assert time.monotonic() - began < 10
            assert not alive(worker)
            # What came before may still be taken; then the iteration ends.
            async with asyncio.timeout(10):
                assert len([picture async for picture in pictures]) <= 1
        origin.resume()


async def test_cameras_stop_at_once_while_one_is_being_opened(hub: Hub) -> None:
    with RtspOrigin() as origin:
        origin.hang()
        camera_id = await hub.add(origin.url)
        async with hub.cameras.watch(camera_id):
            await until(lambda: bool(workers()), within_s=5)
            began = time.monotonic()
            await hub.cameras.close()
            assert time.monotonic() - began < 10
            assert not workers()
        origin.resume()


def test_pictures_come_under_uvloop_too(tmp_path: Path) -> None:
    async def watch_and_stop(url: str) -> list[int]:
        hub = Hub(tmp_path)
        await hub.open()
        try:
            async with hub.cameras.watch(await hub.add(url)) as pictures:
                return await numbers(pictures, 3)
        finally:
            await hub.close()

    with RtspOrigin() as origin, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert len(runner.run(watch_and_stop(origin.url))) == 3
    assert not workers()


HUB_PROGRAM = """
import asyncio, sys
from zoneinfo import ZoneInfo
from camera.address import parse_address
from camera.worker import VisionSource
from hub.clock import SystemClock
from hub.config import CameraLimits

source = VisionSource(parse_address(sys.argv[1]), CameraLimits(), SystemClock(ZoneInfo("UTC")))
asyncio.run(source.run(lambda picture: print(picture.number, flush=True)))
"""


@pytest.mark.parametrize("camera", ["that shows pictures", "that hangs"])
async def test_a_worker_does_not_outlive_a_killed_hub(camera: str) -> None:
    with RtspOrigin() as origin:
        if camera == "that hangs":
            origin.hang()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HUB_PROGRAM, origin.url),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            if camera == "that shows pictures":
                async with asyncio.timeout(15):
                    assert await process.stdout.readline() == b"1\n"
            await until(lambda: bool(workers(process.pid)), within_s=10)
            (worker,) = workers(process.pid)
        finally:
            process.kill()
            await process.communicate()
        await until(lambda: not alive(worker), within_s=5)
