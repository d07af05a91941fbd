"""The feed, with a source that does what a test says and time that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from camera.feed import Feed
from camera.models import Fault
from camera.source import Picture, SourceFailed
from hub.config import CameraLimits
from hub.errors import NoAnswer
from tests.fakes import FakeClock, settle

LIMITS = CameraLimits(silence_s=6, linger_s=15)


class ScriptedCamera:
    """Counts its openings; a test shows pictures, breaks it, or makes the next openings fail."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.openings = 0
        self.closings = 0
        self.fails: Fault | None = None
        self._deliver: Callable[[Picture], None] | None = None
        self._broken = asyncio.Event()
        self._number = 0

    @property
    def open(self) -> bool:
        return self.openings > self.closings

    async def run(self, deliver: Callable[[Picture], None]) -> None:
        self.openings += 1
        self._broken.clear()
        try:
            if self.fails is not None:
                raise SourceFailed(self.fails)
            self._deliver = deliver
            await self._broken.wait()
            raise SourceFailed("no_picture")
        finally:
            self._deliver = None
            self.closings += 1

    def show(self) -> Picture:
        self._number += 1
        picture = Picture(b"jpeg %d" % self._number, self.clock.now(), self._number)
        assert self._deliver is not None
        self._deliver(picture)
        return picture

    async def break_off(self) -> None:
        self._broken.set()
        await settle()


class Stage:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.camera = ScriptedCamera(self.clock)
        self.seen: list[Fault | None] = []
        self.feed = Feed("gate", lambda: self.camera, LIMITS, self.clock, self.seen.append)

    async def play(self, seconds: int) -> None:
        """The camera shows a picture each second."""
        for _ in range(seconds):
            await self.clock.advance(1)
            self.camera.show()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.feed.close()
    assert not stage.camera.open


async def test_a_camera_that_nobody_wants_is_never_opened(stage: Stage) -> None:
    await stage.clock.advance(60)
    assert stage.camera.openings == 0


async def test_all_viewers_share_one_opening_and_the_same_bytes(stage: Stage) -> None:
    with stage.feed.view() as first, stage.feed.view() as second:
        await settle()
        shown = stage.camera.show()
        assert await anext(first) is shown
        assert await anext(second) is shown
        assert stage.camera.openings == 1


async def test_a_slow_viewer_gets_the_newest_picture_and_holds_no_other(stage: Stage) -> None:
    with stage.feed.view() as viewer:
        await settle()
        for _ in range(50):
            newest = stage.camera.show()
        assert await anext(viewer) is newest
        waiting = asyncio.ensure_future(anext(viewer))
        await settle()
        assert not waiting.done()
        waiting.cancel()


async def test_a_viewer_who_comes_later_gets_a_picture_at_once(stage: Stage) -> None:
    with stage.feed.view():
        await settle()
        shown = stage.camera.show()
        with stage.feed.view() as late:
            assert await anext(late) is shown


async def test_the_camera_stays_open_a_while_after_the_last_viewer(stage: Stage) -> None:
    with stage.feed.view():
        await stage.play(2)
    await stage.play(14)
    assert stage.camera.closings == 0
    await stage.clock.advance(2)
    assert not stage.camera.open
    assert not stage.feed.active


async def test_a_viewer_who_returns_in_time_finds_it_open(stage: Stage) -> None:
    with stage.feed.view():
        await stage.play(2)
    await stage.play(10)
    with stage.feed.view():
        await stage.play(20)
    assert stage.camera.openings == 1


async def test_silence_of_six_seconds_is_offline_and_opens_it_anew(stage: Stage) -> None:
    with stage.feed.view() as viewer:
        await stage.play(3)
        await stage.clock.advance(5.5)
        assert stage.seen == [None]
        await stage.clock.advance(1.5)
        assert stage.seen == [None, "no_picture"]
        assert not stage.camera.open
        await stage.clock.advance(2)
        assert stage.camera.openings == 2
        await anext(viewer)
        back = stage.camera.show()
        assert await anext(viewer) is back
        assert stage.seen == [None, "no_picture", None]


async def test_the_first_picture_may_take_twice_as_long(stage: Stage) -> None:
    with stage.feed.view():
        await stage.clock.advance(11)
        assert stage.camera.open
        assert stage.seen == []
        await stage.clock.advance(2)
        assert stage.seen == ["no_picture"]


async def test_openings_that_fail_are_repeated_ever_more_slowly(stage: Stage) -> None:
    stage.camera.fails = "refused"
    openings = []
    with stage.feed.view():
        for _ in range(240):
            await stage.clock.advance(0.5)
            openings.append(stage.camera.openings)
    by_time = {seconds: openings[seconds * 2 - 1] for seconds in (1, 3, 8, 20, 40, 120)}
    assert by_time[1] <= 2
    assert 2 <= by_time[3] <= 3
    assert 3 <= by_time[8] <= 4
    assert by_time[20] <= 5
    assert 7 <= by_time[120] <= 9
    assert set(stage.seen) == {"refused"}


async def test_a_camera_that_appears_later_is_found(stage: Stage) -> None:
    stage.camera.fails = "refused"
    with stage.feed.view() as viewer:
        await stage.clock.advance(10)
        stage.camera.fails = None
        await stage.clock.advance(12)
        shown = stage.camera.show()
        assert await anext(viewer) is shown
        assert stage.seen[-1] is None


async def test_a_camera_that_breaks_off_is_opened_again_after_a_second(stage: Stage) -> None:
    with stage.feed.view():
        await stage.play(2)
        await stage.camera.break_off()
        await stage.clock.advance(3)
        assert stage.camera.openings == 2


async def test_a_failed_camera_is_left_alone_when_nobody_wants_it(stage: Stage) -> None:
    stage.camera.fails = "not_found"
    with pytest.raises(NoAnswer) as answer:
        await stage.feed.still(wait_s=8)
    assert answer.value.context["says"] == "not_found"
    await stage.clock.advance(60)
    openings = stage.camera.openings
    await stage.clock.advance(600)
    assert stage.camera.openings == openings
    assert not stage.feed.active


async def test_stills_asked_for_together_share_one_opening(stage: Stage) -> None:
    stills = [asyncio.ensure_future(stage.feed.still(wait_s=8)) for _ in range(20)]
    await settle()
    shown = stage.camera.show()
    assert all(picture is shown for picture in await asyncio.gather(*stills))
    assert stage.camera.openings == 1


async def test_a_still_is_never_older_than_two_seconds(stage: Stage) -> None:
    with stage.feed.view():
        await settle()
        old = stage.camera.show()
        await stage.clock.advance(1.9)
        assert await stage.feed.still(wait_s=8) is old
        await stage.clock.advance(0.2)
        waiting = asyncio.ensure_future(stage.feed.still(wait_s=8))
        await settle()
        assert not waiting.done()
        new = stage.camera.show()
        assert await waiting is new


async def test_a_still_that_does_not_come_in_time_is_no_answer(stage: Stage) -> None:
    waiting = asyncio.ensure_future(stage.feed.still(wait_s=8))
    await stage.clock.advance(8.1)
    with pytest.raises(NoAnswer):
        await waiting


async def test_a_look_opens_once_and_closes_at_the_first_picture(stage: Stage) -> None:
    look = asyncio.ensure_future(stage.feed.look())
    await settle()
    stage.camera.show()
    await look
    await stage.clock.advance(1.1)
    assert stage.seen == [None]
    assert not stage.camera.open


async def test_closing_ends_viewers_and_those_who_wait(stage: Stage) -> None:
    with stage.feed.view() as viewer:
        waiting = asyncio.ensure_future(stage.feed.still(wait_s=8))
        await settle()
        await stage.feed.close()
        assert [picture async for picture in viewer] == []
        with pytest.raises(NoAnswer):
            await waiting
    with stage.feed.view() as late:
        assert [picture async for picture in late] == []
    assert stage.camera.openings == 1


async def test_a_fault_of_ours_in_the_source_is_survived(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_deliver: Callable[[Picture], None]) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(stage.camera, "run", broken)
        with pytest.raises(NoAnswer):
            await stage.feed.still(wait_s=8)
    assert stage.seen == ["worker_failed"]
    with stage.feed.view():
        await stage.clock.advance(3)
        assert stage.camera.open
