import json
from datetime import UTC, datetime, timedelta

import pytest

from agents.loudspeaker.commands import (
    Command,
    Play,
    Rank,
    RefusedError,
    SayState,
    Stop,
    Volume,
    read_command,
)

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
SOON = (NOW + timedelta(minutes=5)).isoformat()
PLAY = {
    "id": "a1",
    "op": "play",
    "url": "http://192.168.1.10:8080/sound/a1.mp3?s=x",
    "sha256": "0" * 64,
    "class": "priority",
    "not_after": SOON,
}


def read(content: object, *, retained: bool = False) -> Command:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_command(payload, retained=retained, now=NOW)


def reason(content: object, *, retained: bool = False) -> tuple[str | None, str]:
    with pytest.raises(RefusedError) as refused:
        read(content, retained=retained)
    return refused.value.id, refused.value.reason


def test_a_play_is_read_with_what_it_leaves_out() -> None:
    play = read(PLAY)
    assert isinstance(play, Play)
    assert (play.rank, play.repeat, play.volume_percent) == (Rank.PRIORITY, 1, None)


def test_stop_volume_and_state_are_read() -> None:
    assert read({"id": "s", "op": "stop", "target": "a1"}) == Stop("s", "a1")
    assert read({"id": "s", "op": "stop", "target": None}) == Stop("s", None)
    volume = {"id": "v", "op": "volume", "percent": 60, "not_after": SOON}
    assert read(volume) == Volume("v", 60)
    assert read({"id": "q", "op": "state"}) == SayState("q")


def test_a_retained_command_is_refused_whatever_it_says() -> None:
    assert reason(PLAY, retained=True) == ("a1", "retained")


def test_a_command_past_its_time_is_refused() -> None:
    late = {**PLAY, "not_after": (NOW - timedelta(seconds=1)).isoformat()}
    assert reason(late) == ("a1", "expired")
    assert reason({"id": "s", "op": "stop", "not_after": late["not_after"]}) == ("s", "expired")


@pytest.mark.parametrize(
    "change",
    [
        {"url": "file:///etc/passwd"},
        {"url": "ftp://192.168.1.10/a.mp3"},
        {"url": "http:///a.mp3"},
        {"url": "http://host/a b"},
        {"url": "http://host/a\r\nX: y"},
        {"url": "http://host:99999/a"},
        {"url": 5},
        {"sha256": "zz"},
        {"sha256": None},
        {"class": "music"},
        {"class": 3},
        {"repeat": 0},
        {"repeat": 11},
        {"repeat": True},
        {"repeat": 1.5},
        {"volume": 101},
        {"volume": float("nan")},
        {"not_after": None},
        {"not_after": "2026-11-21T18:05:00"},
        {"not_after": "soon"},
        {"not_after": 5},
        {"op": "dance"},
        {"op": ["play"]},
        {"op": "volume", "percent": "60"},
        {"op": "volume"},
        {"op": "stop", "target": 5},
    ],
)
def test_a_command_with_a_wrong_value_is_refused_by_its_id(change: dict[str, object]) -> None:
    assert reason({**PLAY, **change}) == ("a1", "malformed")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"null",
        b"[]",
        b"[" * 5000,
        b"x" * 1_000_000,
        b"{}",
        b'{"id":5}',
        b'{"id":""}',
        b'{"id":"a b"}',
    ],
)
def test_what_has_no_id_is_refused_without_one(payload: bytes) -> None:
    assert reason(payload) == (None, "malformed")
