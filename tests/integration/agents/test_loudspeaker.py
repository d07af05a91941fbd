import asyncio
import json
import os
import subprocess
import time
import wave
from pathlib import Path

import aiomqtt
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.brokers import Mosquitto
from tests.integration.agents.wire import Hub, MakeMp3, SendPlay, Sounds, StartAgent, in_seconds

RATE = 48_000


def samples_of(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def decoded(encoded: bytes) -> NDArray[np.float64]:
    form = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-"]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "-", *form], input=encoded, capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.int16).astype(float)


def envelope(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    step = RATE // 50
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    loudness: NDArray[np.float64] = np.sqrt((whole**2).mean(axis=1))
    return loudness


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    first, second = envelope(one), envelope(other)
    length = min(len(first), len(second))
    return float(np.corrcoef(first[:length], second[:length])[0, 1])


async def test_introduces_itself_with_a_retained_status_and_state(
    hub: Hub, start_agent: StartAgent
) -> None:
    start_agent()
    await hub.online()
    state = await hub.said("state", bool)
    assert state["name"] == "Loa ngõ 1"
    assert state["now"] is None
    assert (state["volume"], state["queue"]) == (100, 0)


async def test_the_wav_holds_what_was_announced(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    agent = start_agent(f"wav:{wav}")
    await hub.online()
    sound = mp3(2.0)
    began = time.monotonic()
    await play("one", sound)
    await hub.ack("one", "playing")
    state = await hub.said("state", lambda value: value["now"] is not None)
    assert state["now"] == {"id": "one", "class": "normal"}
    done = await hub.ack("one", "done", "failed")
    assert done["status"] == "done"
    assert time.monotonic() - began >= 1.9
    assert done["position_s"] == pytest.approx(2.0, abs=0.15)
    assert hub.statuses("one") == ["accepted", "playing", "done"]
    heard = samples_of(wav)
    assert len(heard) / RATE == pytest.approx(2.0, abs=0.15)
    assert likeness(heard, decoded(sound)) >= 0.98
    assert agent.end() == 0
    await hub.said("status", lambda value: value == "offline")


async def test_two_sounds_give_two_different_wavs_one_after_the_other(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(1.0, 0.7))
    await play("two", mp3(1.0, 0.3))
    await hub.ack("two", "done")
    heard = samples_of(wav)
    assert hub.statuses("one") == ["accepted", "playing", "done"]
    half = len(heard) // 2
    assert likeness(heard[:half], decoded(mp3(1.0, 0.7))) >= 0.95
    assert likeness(heard[half:], decoded(mp3(1.0, 0.3))) >= 0.95
    assert likeness(heard[:half], heard[half:]) < 0.9


async def test_stop_leaves_silence_and_empties_the_queue(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(6.0))
    await play("two", mp3(2.0))
    await hub.ack("one", "playing")
    began = time.monotonic()
    await hub.send(id="halt", op="stop", target=None, not_after=in_seconds(10))
    stopped = await hub.ack("one", "stopped")
    assert time.monotonic() - began < 10
    assert stopped["position_s"] < 3
    assert (await hub.ack("two", "stopped"))["position_s"] == 0
    await hub.ack("halt", "done")
    size = size_of(wav)
    await hub.said("state", lambda value: value["now"] is None and value["queue"] == 0)
    await play("three", mp3(1.0))
    await hub.ack("three", "playing")
    assert size_of(wav) - size < RATE  # nothing of the stopped ones was added
    assert samples_of(wav).size == (size_of(wav) - 44) // 2


async def test_stop_of_one_leaves_the_others(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(6.0))
    await play("two", mp3(1.0))
    await hub.ack("one", "playing")
    await hub.send(id="halt", op="stop", target="one")
    await hub.ack("one", "stopped")
    await hub.ack("two", "done")
    await hub.send(id="again", op="stop", target="one")
    assert (await hub.ack("again", "rejected"))["reason"] == "not_found"


async def test_stop_gives_up_a_fetch_under_way(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, sounds: Sounds
) -> None:
    start_agent()
    await hub.online()
    sounds.gate.clear()
    await play("one", mp3(1.0))
    await hub.ack("one", "accepted")
    await hub.send(id="halt", op="stop", target=None)
    assert (await hub.ack("one", "stopped"))["position_s"] == 0


async def test_a_higher_class_interrupts_a_lower_one(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(6.0))
    await hub.ack("one", "playing")
    await play("flood", mp3(1.0), **{"class": "emergency"})
    await hub.ack("one", "preempted")
    await hub.ack("flood", "done")
    assert hub.statuses("one") == ["accepted", "playing", "preempted"]


async def test_a_higher_class_that_cannot_be_fetched_interrupts_nothing(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3
) -> None:
    start_agent()
    await hub.online()
    await play("one", mp3(2.0))
    await hub.ack("one", "playing")
    await play("flood", mp3(1.0), **{"class": "emergency", "sha256": "0" * 64})
    assert (await hub.ack("flood", "failed"))["reason"] == "bad_hash"
    await hub.ack("one", "done")


async def test_refuses_what_is_retained_expired_or_malformed(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3
) -> None:
    command = {"id": "old", "op": "play", "url": "http://127.0.0.1:1/x", "sha256": "0" * 64}
    await hub.send_retained(**command, not_after=in_seconds(60))
    start_agent()
    await hub.online()
    assert (await hub.ack("old", "rejected"))["reason"] == "retained"
    await play("late", mp3(1.0), not_after=in_seconds(-1))
    assert (await hub.ack("late", "rejected"))["reason"] == "expired"
    await play("file", mp3(1.0), url="file:///etc/passwd")
    assert (await hub.ack("file", "rejected"))["reason"] == "malformed"


async def test_what_expires_while_it_waits_is_not_played(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3
) -> None:
    start_agent()
    await hub.online()
    await play("one", mp3(2.0))
    await hub.ack("one", "playing")
    await play("late", mp3(1.0), not_after=in_seconds(0.5))
    assert (await hub.ack("late", "failed"))["reason"] == "expired"
    assert hub.statuses("late") == ["accepted", "failed"]


@pytest.mark.parametrize("moment", ["accepted", "playing", "done"])
async def test_nothing_is_played_twice_after_a_power_cut(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path, moment: str
) -> None:
    agent = start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(1.0))
    await hub.ack("one", moment)
    agent.kill()
    await hub.said("status", lambda value: value == "offline")
    size = size_of(wav)
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(1.0))
    assert (await hub.ack("one", "rejected"))["reason"] == "repeated"
    await play("two", mp3(1.0))
    await hub.ack("two", "done")
    assert abs(size_of(wav) - max(size, 44) - RATE * 2) < RATE // 5
    samples_of(wav)


async def test_says_why_a_sound_could_not_be_had(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, sounds: Sounds
) -> None:
    start_agent()
    await hub.online()
    await play("gone", mp3(1.0), url=sounds.url("nothing.mp3"))
    assert (await hub.ack("gone", "failed"))["reason"] == "not_found"
    noise = os.urandom(5000)
    await play("noise", noise)
    assert (await hub.ack("noise", "failed"))["reason"] == "undecodable"
    playlist = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n"
    await play("list", playlist)
    assert (await hub.ack("list", "failed"))["reason"] == "undecodable"
    big = bytes(20 * 1024 * 1024 + 1)
    await play("big", big)
    assert (await hub.ack("big", "failed"))["reason"] == "too_large"
    sounds.redirect_to = sounds.url("gone.mp3")
    await play("moved", mp3(1.0))
    assert (await hub.ack("moved", "failed"))["reason"] == "not_found"


async def test_the_volume_is_heard_kept_and_can_differ_for_one_sound(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    agent = start_agent(f"wav:{wav}")
    await hub.online()
    await hub.send(id="soft", op="volume", percent=50, not_after=in_seconds(10))
    await hub.ack("soft", "done")
    await play("one", mp3(1.0))
    await hub.ack("one", "done")
    await play("loud", mp3(1.0), volume=100)
    await hub.ack("loud", "done")
    heard = samples_of(wav)
    half = len(heard) // 2
    ratio = np.abs(heard[:half]).mean() / np.abs(heard[half:]).mean()
    assert ratio == pytest.approx(0.5, abs=0.02)
    agent.kill()
    await hub.said("status", lambda value: value == "offline")
    start_agent(f"wav:{wav}")
    await hub.online()
    assert (await hub.said("state", bool))["volume"] == 50


async def test_plays_on_without_the_broker_and_reports_when_it_is_back(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path, mosquitto: Mosquitto
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(2.0))
    await hub.ack("one", "playing")
    mosquitto.kill()
    await asyncio.to_thread(_wait_for_size, wav, int(1.9 * RATE * 2))
    mosquitto.start()
    from_now_on = await _hub_again(mosquitto.port)
    assert "done" in from_now_on
    assert likeness(samples_of(wav), decoded(mp3(2.0))) >= 0.98


async def test_repeats_with_a_pause(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, wav: Path
) -> None:
    start_agent(f"wav:{wav}")
    await hub.online()
    await play("one", mp3(1.0), repeat=2)
    await hub.ack("one", "done")
    once = RATE
    heard = samples_of(wav)
    assert len(heard) == pytest.approx(2 * once + RATE, abs=RATE // 10)
    assert np.abs(heard[once + 200 : once + RATE - 200]).max() == 0


async def test_the_sound_card_is_fed_drained_and_cut(
    hub: Hub, start_agent: StartAgent, play: SendPlay, mp3: MakeMp3, tmp_path: Path
) -> None:
    card = tmp_path / "bin" / "aplay"
    card.parent.mkdir()
    raw = tmp_path / "card.raw"
    card.write_text(f'#!/bin/sh\necho "$@" > {raw}.arguments\nexec cat >> {raw}\n')
    card.chmod(0o755)
    start_agent("alsa", path=f"{card.parent}:{os.environ['PATH']}")
    await hub.online()
    sound = mp3(1.0)
    await play("one", sound)
    await hub.ack("one", "done")
    assert size_of(raw) == pytest.approx(RATE * 2, abs=200)
    arguments = await asyncio.to_thread(Path(f"{raw}.arguments").read_text)
    assert "-f S16_LE -r 48000 -c 1" in arguments
    await play("two", mp3(6.0))
    await hub.ack("two", "playing")
    await hub.send(id="halt", op="stop")
    await hub.ack("two", "stopped")
    card.write_text("#!/bin/sh\nexit 1\n")
    await play("three", sound)
    assert (await hub.ack("three", "failed"))["reason"] == "output"


async def test_a_second_agent_on_the_same_folder_refuses_to_start(
    hub: Hub, start_agent: StartAgent
) -> None:
    start_agent()
    await hub.online()
    second = start_agent()
    assert await asyncio.to_thread(second.wait) == 1


def _wait_for_size(path: Path, size: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if path.stat().st_size >= size:
            return
        os.sched_yield()
    raise TimeoutError(path)


async def _hub_again(port: int) -> list[str]:
    deadline = time.monotonic() + 10
    while True:
        try:
            async with asyncio.timeout(10), aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("village/loudspeaker/loa-1/ack", qos=1)
                async for message in client.messages:
                    return [json.loads(message.payload)["status"]]
        except aiomqtt.MqttError:
            if time.monotonic() > deadline:
                raise
