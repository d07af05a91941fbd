"""The real worker: real speech, real MP3, real processes."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from announcements.speech.normalise import normalise
from announcements.workshop import WORKER, Workshop
from hub.config import AnnouncementSettings
from hub.errors import InvalidInput, WorkerFailed

MEETING = normalise("Đúng 19h30 thứ 7, mời bà con họp tại NVH thôn.")
STORM = normalise("Bão số 3 cấp 8-9, đề nghị bà con ở trong nhà.")
SETTINGS = AnnouncementSettings()


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "sounds", SETTINGS)


def probed(path: Path) -> dict[str, object]:
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)],
        capture_output=True,
        check=True,
    )
    found = json.loads(shown.stdout)
    return {**found["streams"][0], "container": found["format"]["format_name"]}


def measured(path: Path) -> tuple[float, float]:
    """Loudness in LUFS and true peak in dBFS, by another program than the one that made it."""
    shown = subprocess.run(
        ["ffmpeg", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        check=True,
        text=True,
    ).stderr.rpartition("Summary:")[2]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", shown)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", shown)
    assert loudness is not None
    assert peak is not None
    return float(loudness[1]), float(peak[1])


async def test_a_sound_is_loud_enough_never_clips_and_is_an_mp3(workshop: Workshop) -> None:
    for spoken, repeat in ((MEETING, 1), (STORM, 2), ("Cháy.", 5)):
        sound = await workshop.make(spoken, repeat)
        loudness, peak = measured(sound.path)
        assert abs(loudness - -16) <= 1
        assert abs(sound.loudness_lufs - loudness) <= 0.3
        assert peak < -1
        assert sound.peak_dbfs < -1
        stream = probed(sound.path)
        assert stream["container"] == "mp3"
        assert (stream["codec_name"], stream["sample_rate"]) == ("mp3", "24000")
        assert (stream["channels"], stream["bit_rate"]) == (1, "48000")
        assert abs(float(str(stream["duration"])) - sound.seconds) < 0.2
        assert sound.path.stat().st_size == sound.bytes


async def test_two_texts_give_two_sounds_and_one_text_the_same(workshop: Workshop) -> None:
    meeting, storm = await workshop.make(MEETING), await workshop.make(STORM)
    assert meeting.sha256 != storm.sha256
    made_at = meeting.path.stat().st_ino
    assert await workshop.make(MEETING) == meeting
    assert meeting.path.stat().st_ino == made_at


async def test_a_repeated_text_lasts_longer_by_itself_and_its_pauses(workshop: Workshop) -> None:
    once, twice, thrice = [await workshop.make(STORM, repeat) for repeat in (1, 2, 3)]
    assert twice.seconds - once.seconds == pytest.approx(thrice.seconds - twice.seconds, abs=0.1)
    assert 2 < twice.seconds - once.seconds < once.seconds


async def test_speech_is_as_long_as_its_words_take(workshop: Workshop) -> None:
    words = len(MEETING.split())
    sound = await workshop.make(MEETING)
    assert words / 130 * 60 * 0.4 < sound.seconds - 2 < words / 130 * 60 * 1.6


async def test_a_damaged_sound_is_made_again(workshop: Workshop) -> None:
    sound = await workshop.make(MEETING)
    sound.path.write_bytes(b"half")
    assert (await workshop.make(MEETING)).sha256 == sound.sha256
    assert sound.path.stat().st_size == sound.bytes


@pytest.mark.parametrize("voice", ["vi", "vi+Annie"])
async def test_each_voice_has_sounds_of_its_own(tmp_path: Path, voice: str) -> None:
    other = Workshop(tmp_path, AnnouncementSettings(voice=voice))
    key = Workshop(tmp_path, SETTINGS).key(MEETING, 1)
    assert (other.key(MEETING, 1) == key) is (voice == "vi+Annie")


async def test_a_voice_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, AnnouncementSettings(voice="vi+Nobody-at-all"))
    # eSpeak falls back to the plain voice for a variant that it does not know.
    assert (await workshop.make(MEETING)).seconds > 2
    with pytest.raises(WorkerFailed, match="espeak-ng"):
        await Workshop(tmp_path, AnnouncementSettings(voice="zz")).make(MEETING)


async def test_a_hundred_thousand_characters_are_refused_at_once(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput, match="shorten"):
        await workshop.make("a" * 100_000)


async def test_what_would_last_too_long_is_refused(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput, match="shorten"):
        await workshop.make("một hai ba bốn năm. " * 1000, 5)


async def test_nothing_to_say_is_refused(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput, match="spoken"):
        await workshop.make("...")


async def test_a_worker_that_hangs_is_killed_with_a_clear_error(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    hang = f"import os,time; open({str(pids)!r},'w').write(str(os.getpid())); time.sleep(600)"
    workshop = Workshop(tmp_path, SETTINGS, worker=(sys.executable, "-c", hang), time_limit_s=1)
    began = time.monotonic()
    with pytest.raises(WorkerFailed, match="longer than 1 seconds"):
        await workshop.make(MEETING)
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


@pytest.mark.parametrize("program", ["import os; os.abort()", "print('nonsense')", "print('[]')"])
async def test_a_worker_that_crashes_is_a_clear_error(tmp_path: Path, program: str) -> None:
    workshop = Workshop(tmp_path, SETTINGS, worker=(sys.executable, "-c", program))
    with pytest.raises(WorkerFailed, match="try again"):
        await workshop.make(MEETING)


async def test_a_cancelled_job_leaves_no_process(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    os.mkfifo(started)
    hang = f"import os,time; open({str(started)!r},'w').write(str(os.getpid())); time.sleep(600)"
    workshop = Workshop(tmp_path, SETTINGS, worker=(sys.executable, "-c", hang))
    job = asyncio.create_task(workshop.make(MEETING))
    pid = int(await asyncio.to_thread(started.read_text))
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_no_markup_or_phoneme_input_commands_the_voice(tmp_path: Path) -> None:
    plain = await Workshop(tmp_path / "a", SETTINGS).make("họp thôn")
    marked = await Workshop(tmp_path / "b", SETTINGS).make("[[họp]] <b> thôn")
    assert marked.seconds > plain.seconds - 0.5


def test_old_sounds_go_and_new_ones_stay(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, AnnouncementSettings(keep_days=1, keep_mb=10))
    now = time.time()
    ages_h = {"a": 1, "b": 3, "c": 4, "d": 30}
    for name, age_h in ages_h.items():
        path = tmp_path / f"{name}.mp3"
        path.write_bytes(b"\0" * 4_500_000)
        path.with_suffix(".json").write_text("{}")
        os.utime(path, (now - age_h * 3600,) * 2)
    workshop.tidy()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.json",
        "a.mp3",
        "b.json",
        "b.mp3",
    ]


def test_a_name_of_a_sound_cannot_leave_the_folder(workshop: Workshop) -> None:
    for name in ("../../etc/passwd", "", "A" * 64, "a" * 63, "/" * 64):
        with pytest.raises(InvalidInput):
            workshop.path(name)


def test_the_hub_imports_no_codec() -> None:
    program = (
        "import sys, announcements.service, announcements.workshop; "
        "print([m for m in ('av', 'numpy', 'cv2', 'announcements.audio') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert shown.stdout.strip() == b"[]"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="compares the two ways to speak")
def test_the_wheel_speaks_where_debians_program_is_missing(tmp_path: Path) -> None:
    job = {
        "text": MEETING,
        "path": str(tmp_path / "sound.mp3"),
        "repeat": 1,
        "limit_s": 60,
        "voice": {"name": "vi+Annie", "words_per_minute": 130},
    }
    lengths = []
    for path in (os.environ["PATH"], str(tmp_path)):
        done = subprocess.run(
            WORKER,
            input=json.dumps(job).encode() + b"\n",
            env=os.environ | {"PATH": path},
            capture_output=True,
            check=True,
        )
        lengths.append(json.loads(done.stdout)["seconds"])
    assert lengths[0] == pytest.approx(lengths[1], rel=0.2)
