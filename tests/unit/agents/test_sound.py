import io
import wave

import numpy as np
import pytest

from agents.loudspeaker.outputs import AlsaOutput, NullOutput, WavOutput, output_named
from agents.loudspeaker.sound import BLOCK_BYTES, UndecodableError, blocks, scaled


def beep(samples: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(np.full(samples * 2, 1000, np.int16).tobytes())
    return file.getvalue()


async def all_of(encoded: bytes, repeat: int = 1) -> list[bytes]:
    return [block async for block in blocks(encoded, repeat, lambda: 100)]


async def test_any_sound_becomes_blocks_of_48_khz_mono() -> None:
    heard = await all_of(beep(24_000 * 3 + 240))
    assert sum(map(len, heard)) == pytest.approx((48_000 * 3 + 480) * 2, abs=100)
    assert {len(block) for block in heard[:-1]} == {BLOCK_BYTES}


async def test_repetitions_have_silence_between() -> None:
    heard = b"".join(await all_of(beep(2400), repeat=3))
    assert len(heard) == pytest.approx(2 * (3 * 4800 + 2 * 48_000), abs=600)


@pytest.mark.parametrize("noise", [b"", b"x" * 5000, beep(0), b"#EXTM3U\nfile:///etc/passwd\n"])
async def test_what_is_no_sound_is_undecodable(noise: bytes) -> None:
    with pytest.raises(UndecodableError):
        await all_of(noise)


def test_a_volume_multiplies_the_amplitude() -> None:
    block = np.array([-32768, 32767, 1000, 0], np.int16).tobytes()
    assert scaled(block, 100) == block
    assert list(np.frombuffer(scaled(block, 50), np.int16)) == [-16384, 16383, 500, 0]
    assert set(np.frombuffer(scaled(block, 0), np.int16)) == {0}


def test_an_output_is_named_by_a_word() -> None:
    assert isinstance(output_named("alsa"), AlsaOutput)
    assert isinstance(output_named("alsa:plughw:1,0"), AlsaOutput)
    assert isinstance(output_named("wav:heard.wav"), WavOutput)
    assert isinstance(output_named("null"), NullOutput)
    for wrong in ("wav:", "mp3", "", "null:x"):
        with pytest.raises(ValueError):
            output_named(wrong)
