"""What was announced is what was heard: the hub, the real agent, and the sound that it left."""

import contextlib
import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.villages import Hub, Program, running, wait_until, write_config

RATE = 48_000
TEXT = "Mời bà con họp lúc 19h30 ngày 15/8 tại nhà văn hóa."
OTHER_TEXT = "Ngày mai cúp điện từ 7h đến 11h30, bà con chuẩn bị nước sinh hoạt."
LONG_TEXT = "Đề nghị bà con quét dọn đường làng ngõ xóm sạch sẽ. " * 8

Samples = NDArray[Any]


@dataclass(frozen=True)
class Village:
    """A hub, one loudspeaker agent that writes what it plays, and the head's phone."""

    hub: Hub
    heard: Path
    phone: httpx.Client
    zone: str
    loudspeaker: str

    def announce(self, text: str) -> str:
        sent = {"text": text, "zones": [self.zone]}
        answer = self.phone.post("/api/v1/announcements", json=sent)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def state(self, announcement: str) -> str:
        body = self.phone.get(f"/api/v1/announcements/{announcement}").json()
        return str(body["deliveries"][0]["state"])

    def until(self, announcement: str, state: str) -> None:
        wait_until(lambda: self.state(announcement) == state, f"the announcement is {state}", 60)

    def samples_heard(self) -> int:
        return max(0, (self.heard.stat().st_size - 44) // 2) if self.heard.exists() else 0


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    folder = tmp_path_factory.mktemp("heard")
    hub = Hub(write_config(folder))
    with running(hub):
        hub.wait_ready()
        login = hub.broker_login()
        password = folder / "password"
        password.write_text(login["password"], encoding="utf-8")
        heard = folder / "heard.wav"
        agent = Program(
            [
                *(sys.executable, "-m", "agents.loudspeaker", "--id", "loa-1", "--name", "Loa 1"),
                *("--broker", f"{login['host']}:{login['port']}"),
                *("--username", login["username"], "--password-file", str(password)),
                *("--output", f"wav:{heard}", "--data", str(folder / "agent"), "--volume", "100"),
            ],
            folder / "agent.log",
        )
        with running(agent), contextlib.closing(hub.phone()) as phone:
            yield adopted(hub, heard, phone)


def adopted(hub: Hub, heard: Path, phone: httpx.Client) -> Village:
    """The loudspeaker introduces itself, waits in the inbox, and gets a name and a road."""
    zone = phone.post("/api/v1/zones", json={"name": "Ngõ 1"}).json()["id"]

    def found() -> list[dict[str, Any]]:
        return [
            each
            for each in phone.get("/api/v1/devices/found").json()["items"]
            if each["kind"] == "loudspeaker"
        ]

    introduced = wait_until(found, "the loudspeaker waits in the inbox")[0]
    assert introduced["address"] == "loa-1"
    named = {key: introduced[key] for key in ("driver", "address", "kind")}
    answer = phone.post("/api/v1/devices", json={**named, "name": "Cụm loa 1", "zone": zone})
    assert answer.status_code == 201, answer.text
    return Village(hub, heard, phone, zone, answer.json()["id"])


def decoded(mp3: bytes) -> Samples:
    """An MP3 as mono samples, by ffmpeg, which is no part of the hub."""
    done = subprocess.run(
        [
            *["ffmpeg", "-loglevel", "error", "-i", "-", "-f", "f32le", "-ac", "1", "-ar"],
            str(RATE),
            "-",
        ],
        input=mp3,
        stdout=subprocess.PIPE,
        check=True,
    )
    return np.frombuffer(done.stdout, np.float32)


def written(village: Village, begin: int) -> Samples:
    """What the loudspeaker has played since `begin`."""
    with wave.open(str(village.heard)) as file:
        assert file.getframerate() == RATE
        assert file.getnchannels() == 1
    raw = village.heard.read_bytes()[44:]
    return np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)[begin:].astype(np.float32) / 32768


def envelope(samples: Samples) -> Samples:
    """Loudness by 20 ms."""
    step = RATE // 50
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    loud: Samples = np.sqrt((whole**2).mean(axis=1))
    return loud


def likeness(one: Samples, other: Samples) -> float:
    """The best correlation of two envelopes, with up to half a second between them."""
    a, b = envelope(one), envelope(other)
    best = -1.0
    for shift in range(-25, 26):
        x, y = (a[shift:], b) if shift >= 0 else (a, b[-shift:])
        n = min(len(x), len(y))
        best = max(best, float(np.corrcoef(x[:n], y[:n])[0, 1]))
    return best


def loudness_lufs(sound: bytes) -> float:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", "-", "-nostats", "-af", "ebur128", "-f", "null", "-"],
        input=sound,
        stderr=subprocess.PIPE,
        check=True,
    )
    summary = done.stderr.decode().rsplit("Summary:", 1)[1]
    return float(summary.split("I:")[1].split("LUFS")[0])


def played(village: Village, text: str) -> tuple[Samples, bytes]:
    """Announce, wait until it was played, and give what was heard and the sound that was sent."""
    begin = village.samples_heard()
    announcement = village.announce(text)
    village.until(announcement, "played")
    mp3 = village.phone.get(f"/api/v1/announcements/{announcement}/audio.mp3").content
    return written(village, begin), mp3


@pytest.fixture(scope="module")
def first(village: Village) -> tuple[Samples, bytes]:
    return played(village, TEXT)


def test_what_was_heard_is_what_was_made(first: tuple[Samples, bytes]) -> None:
    heard, mp3 = first
    sound = decoded(mp3)
    assert likeness(heard, sound) >= 0.9
    assert abs(len(heard) - len(sound)) / RATE < 0.3


def test_it_is_as_loud_as_a_village_needs_and_not_clipped(first: tuple[Samples, bytes]) -> None:
    heard, mp3 = first
    assert abs(loudness_lufs(mp3) + 16) <= 1
    assert np.abs(heard).max() < 10 ** (-1 / 20)


def test_it_is_a_chime_and_then_speech_of_fitting_length(first: tuple[Samples, bytes]) -> None:
    heard, _ = first
    words = 17  # mời bà con họp lúc mười chín giờ ba mươi phút ngày mười lăm tháng tám ...
    seconds = len(heard) / RATE
    assert 1.5 + words / 4 < seconds < 4 + words
    assert envelope(heard[: RATE // 2]).max() > 0.02


def test_two_texts_give_different_sounds(village: Village, first: tuple[Samples, bytes]) -> None:
    heard, mp3 = played(village, OTHER_TEXT)
    assert mp3 != first[1]
    speech = RATE * 2  # behind the chime, which is the same
    assert likeness(heard[speech:], first[0][speech:]) < 0.8


def test_after_stop_there_is_silence(village: Village) -> None:
    begin = village.samples_heard()
    announcement = village.announce(LONG_TEXT)
    wait_until(lambda: village.samples_heard() > begin + RATE, "a second of it is heard")
    assert village.phone.post("/api/v1/loudspeakers/stop").status_code == 200
    village.until(announcement, "stopped")
    silent_from = village.samples_heard()
    whole = decoded(village.phone.get(f"/api/v1/announcements/{announcement}/audio.mp3").content)
    assert silent_from - begin < len(whole) - RATE * 5
    # The next sound follows directly on what was heard before STOP: nothing came in between.
    heard, mp3 = played(village, TEXT)
    assert village.samples_heard() - silent_from == len(heard)
    assert likeness(heard, decoded(mp3)) >= 0.9


def test_it_can_be_heard_again_by_a_resident(
    village: Village, first: tuple[Samples, bytes]
) -> None:
    with contextlib.closing(village.hub.phone("resident")) as resident:
        newest = resident.get("/api/v1/announcements").json()["items"]
        again = next(each for each in newest if each["text"] == TEXT)
        assert "deliveries" not in again
        assert resident.get(again["audio"]).content == first[1]
        part = resident.get(again["audio"], headers={"Range": "bytes=0-99"})
        assert part.status_code == 206
        assert part.content == first[1][:100]


def test_volume_is_confirmed_by_the_loudspeaker_itself(village: Village) -> None:
    path = f"/api/v1/devices/{village.loudspeaker}/volume"
    answer = village.phone.post(path, json={"percent": 60})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"]["volume"] == 60
    assert village.phone.post(path, json={"percent": 100}).status_code == 200


def test_a_sound_is_given_only_to_the_address_that_was_signed(village: Village) -> None:
    newest = village.phone.get("/api/v1/announcements").json()["items"][0]["id"]
    for query in (
        "",
        "?expires=99999999999&signature=",
        f"?expires=99999999999&signature={'0' * 64}",
    ):
        answer = httpx.get(f"{village.hub.url}/sound/{newest}.mp3{query}")
        assert answer.status_code in (403, 410, 422), (query, answer.status_code)
        assert json.loads(answer.content)["code"] in ("not_permitted", "expired", "invalid_input")
