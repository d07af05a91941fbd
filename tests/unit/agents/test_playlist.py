import asyncio
import contextlib
import io
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from agents.loudspeaker.commands import Play, Rank
from agents.loudspeaker.fetch import FetchError
from agents.loudspeaker.outputs import OutputError, Position
from agents.loudspeaker.playlist import QUEUE_LIMIT, Outcome, Playlist, QueueFullError

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def beep() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(bytes(9600))
    return file.getvalue()


class HeldOutput:
    """Plays until the test lets it end."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def play(self, blocks: AsyncIterator[bytes], position: Position) -> None:
        async for _ in blocks:
            await position.wait_for_room(0.0, 0.0)
        await self.may_end.wait()
        if self.error:
            raise self.error


class Stage:
    def __init__(self) -> None:
        self.output = HeldOutput()
        self.now = NOW
        self.heard: list[tuple[str, str]] = []
        self.reasons: dict[str, str | None] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.failing: set[str] = set()
        self._news = asyncio.Event()
        self.playlist = Playlist(
            self.output, self.fetch, self.report, standing_percent=lambda: 100, now=lambda: self.now
        )

    async def fetch(self, url: str, sha256: str) -> bytes:
        await self.gates.setdefault(url, asyncio.Event()).wait()
        if url in self.failing:
            raise FetchError("not_found", url)
        return beep()

    def report(self, outcome: Outcome) -> None:
        self.heard.append((outcome.play.id, outcome.status))
        self.reasons[outcome.play.id] = outcome.reason
        self._news.set()

    def add(self, play_id: str, rank: Rank = Rank.NORMAL, *, fetched: bool = True) -> None:
        if fetched:
            self.arrive(play_id)
        not_after = NOW + timedelta(minutes=1)
        self.playlist.add(Play(play_id, play_id, "", rank, None, not_after, 1))

    def arrive(self, play_id: str) -> None:
        self.gates.setdefault(play_id, asyncio.Event()).set()

    async def until(self, play_id: str, status: str) -> None:
        async with asyncio.timeout(5):
            while (play_id, status) not in self.heard:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    running = asyncio.create_task(stage.playlist.run())
    await asyncio.sleep(0)
    yield stage
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_equal_classes_play_in_the_order_in_which_they_came(stage: Stage) -> None:
    stage.add("a", fetched=False)
    stage.add("b")
    stage.arrive("a")
    await stage.until("a", "playing")
    assert ("b", "playing") not in stage.heard
    stage.output.may_end.set()
    await stage.until("b", "done")
    assert stage.heard.index(("a", "done")) < stage.heard.index(("b", "playing"))


async def test_a_higher_class_goes_before_those_that_wait(stage: Stage) -> None:
    stage.add("a", Rank.EMERGENCY)
    await stage.until("a", "playing")
    stage.add("b", Rank.NORMAL)
    stage.add("c", Rank.PRIORITY)
    stage.output.may_end.set()
    await stage.until("b", "done")
    assert stage.heard.index(("c", "done")) < stage.heard.index(("b", "playing"))


async def test_a_lower_class_plays_until_the_higher_is_fetched(stage: Stage) -> None:
    stage.add("a")
    await stage.until("a", "playing")
    stage.add("b", Rank.EMERGENCY, fetched=False)
    assert stage.playlist.current is not None
    assert stage.playlist.current.id == "a"
    stage.arrive("b")
    await stage.until("b", "playing")
    assert ("a", "preempted") in stage.heard


async def test_a_failed_fetch_lets_the_next_one_play(stage: Stage) -> None:
    stage.failing.add("a")
    stage.add("a")
    stage.add("b")
    await stage.until("b", "playing")
    assert ("a", "failed") in stage.heard
    assert stage.reasons["a"] == "not_found"


async def test_stop_before_the_first_step_still_ends_it_once(stage: Stage) -> None:
    stage.add("a")
    for _ in range(20):
        await asyncio.sleep(0)
        if stage.playlist.current is not None:
            break
    assert stage.playlist.stop(None)
    await stage.until("a", "stopped")
    assert [status for play, status in stage.heard if play == "a"].count("stopped") == 1
    stage.add("b")
    await stage.until("b", "playing")


async def test_stop_of_what_is_not_there_says_so(stage: Stage) -> None:
    assert not stage.playlist.stop("nobody")
    assert not stage.playlist.stop(None)


async def test_what_expired_meanwhile_is_not_played(stage: Stage) -> None:
    stage.add("a")
    await stage.until("a", "playing")
    stage.add("b")
    stage.now = NOW + timedelta(hours=1)
    stage.output.may_end.set()
    await stage.until("b", "failed")
    assert stage.reasons["b"] == "expired"


async def test_a_broken_output_is_reported_and_the_next_is_tried(stage: Stage) -> None:
    stage.output.error = OutputError("no card")
    stage.output.may_end.set()
    stage.add("a")
    await stage.until("a", "failed")
    assert stage.reasons["a"] == "output"
    stage.output.error = None
    stage.add("b")
    await stage.until("b", "done")


async def test_the_queue_has_an_end(stage: Stage) -> None:
    for number in range(QUEUE_LIMIT):
        stage.add(f"n{number}", fetched=False)
    with pytest.raises(QueueFullError):
        stage.add("one more")


async def test_the_end_of_the_program_stops_all_and_says_so(stage: Stage) -> None:
    stage.add("a")
    await stage.until("a", "playing")
    stage.add("b", fetched=False)
    running = next(t for t in asyncio.all_tasks() if "Playlist.run" in repr(t))
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert ("a", "stopped") in stage.heard
    assert ("b", "stopped") in stage.heard
