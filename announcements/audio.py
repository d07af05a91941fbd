"""The worker that makes the sound of one announcement: `python -m announcements.audio`.

One job comes as one JSON line on standard input; the sound is written to the given file (whole or
not at all) with its figures beside it in a .json file; the answer is one JSON line on standard
output. The process ends after the job, so that no memory of it stays. Loudness is measured after
EBU R 128 (ITU-R BS.1770) by FFmpeg's ebur128 filter.
"""

import ctypes
import hashlib
import io
import json
import math
import os
import resource
import signal
import sys
import time
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.filter import Graph

from announcements.speech.espeak import Speech, SpeechTooLong, Voice, VoiceUnavailable, synthesise

Samples = npt.NDArray[np.float32]

RATE_HZ: Final = 24_000
BIT_RATE: Final = 48_000
TARGET_LUFS: Final = -16.0
_PAUSE_S: Final = 1.2
_AT_END_S: Final = 0.4
_LOUD_ENOUGH_DB: Final = 0.3
_AFTER_CHIME_S: Final = 0.3
_SILENT_LUFS: Final = -70.0
_LIMITER: Final = "limit=0.70:level=0:attack=3:release=60"
_LONGEST_TEXT: Final = 30_000
_MEMORY_BYTES: Final = 600 * 1024 * 1024
_CPU_S: Final = 120
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Job:
    """What to say: `text` in words, `repeat` times, into the file `path`."""

    text: str
    path: Path
    repeat: int
    voice: Voice


@dataclass(frozen=True, slots=True)
class Figures:
    """What was made. `bytes` is the size of the file."""

    seconds: float
    sha256: str
    loudness_lufs: float
    peak_dbfs: float
    bytes: int


class Refused(Exception):
    """The job cannot be done; `code` and the sentence go to the hub."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def make(job: Job) -> Figures:
    """Speak, level, encode and write. Raises Refused."""
    speech = _levelled(_spoken(job))
    if not speech.any():
        raise Refused("no_sound", "The text holds nothing that can be spoken: write words")
    opening = np.concatenate([_levelled(chime()), _silence(_AFTER_CHIME_S)])
    once = _at_target(np.concatenate([opening, speech]))
    again = np.concatenate([_silence(_PAUSE_S), once[len(opening) :]])
    whole = np.concatenate([once, *[again] * (job.repeat - 1), _silence(_AT_END_S)])
    encoded = encode(_corrected(whole))
    figures = measure(encoded)
    _write(job.path, encoded)
    _write(job.path.with_suffix(".json"), json.dumps(asdict(figures)).encode())
    return figures


def _spoken(job: Job) -> Samples:
    if len(job.text) > _LONGEST_TEXT:
        raise Refused("too_long", f"The text is longer than {_LONGEST_TEXT} characters: shorten it")
    try:
        speech = synthesise(job.text, job.voice)
    except SpeechTooLong:
        minutes = round(job.voice.limit_s * job.repeat / 60)
        detail = f"The announcement would last longer than {minutes} minutes: shorten it"
        raise Refused("too_long", detail) from None
    except VoiceUnavailable as error:
        detail = f"No voice can speak the text ({error}): install the Debian package espeak-ng"
        raise Refused("no_voice", detail) from None
    return _trimmed(_resampled(speech))


def _resampled(speech: Speech) -> Samples:
    pcm = np.frombuffer(speech.pcm[: len(speech.pcm) // 2 * 2], np.int16)
    if not len(pcm):
        return np.zeros(0, np.float32)
    frame = AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = speech.rate_hz, 0
    resampler = AudioResampler("flt", "mono", RATE_HZ)
    return _joined([*resampler.resample(frame), *resampler.resample(None)])


def _trimmed(sound: Samples) -> Samples:
    """Without the silence before and after."""
    loud = np.flatnonzero(np.abs(sound) > 1e-3)  # noqa: PLR2004  -60 dBFS
    if not len(loud):
        return np.zeros(0, np.float32)
    return sound[int(loud[0]) : int(loud[-1]) + 1]


def _silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def chime(notes_hz: tuple[float, ...] = (659.25, 523.25), each_s: float = 0.55) -> Samples:
    """A struck E5, then C5: says that an announcement comes."""
    tail_s = 1.2
    sound = np.zeros(int(RATE_HZ * (each_s * (len(notes_hz) - 1) + tail_s)), np.float32)
    # Harmonic, strength, decay per second: those of a struck bar, the last one inharmonic.
    partials = ((1.0, 1.0, 3.0), (2.0, 0.35, 4.5), (3.0, 0.12, 7.0), (4.2, 0.05, 10.0))
    for index, note_hz in enumerate(notes_hz):
        begin = int(RATE_HZ * each_s * index)
        at_s = np.arange(len(sound) - begin) / RATE_HZ
        tone = np.zeros(len(at_s))
        for harmonic, strength, decay in partials:
            wave = np.sin(2 * math.pi * note_hz * harmonic * at_s)
            tone += strength * wave * np.exp(-at_s * decay)
        sound[begin:] += (tone * np.minimum(1, at_s / 0.004)).astype(np.float32)
    struck: Samples = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return struck


def _levelled(sound: Samples) -> Samples:
    """At the target, its loud and soft parts closer together: horns carry over wind and engines."""
    if not len(sound):
        return sound
    even = _filtered(sound, ("highpass", "f=120"))
    even = _with_gain(even, -20.0 - loudness(even))
    even = _filtered(even, ("acompressor", "threshold=0.1:ratio=4:attack=5:release=150:knee=4"))
    return _at_target(even)


def _at_target(sound: Samples) -> Samples:
    # The limiter takes some loudness away; the next turn gives it back.
    for _ in range(4):
        louder = _with_gain(sound, TARGET_LUFS - loudness(sound))
        sound = _filtered(louder, ("alimiter", _LIMITER))
    return sound


def _corrected(sound: Samples) -> Samples:
    """A short text said often is louder than its parts: bring the whole to the target."""
    error_db = TARGET_LUFS - loudness(sound)
    if abs(error_db) < _LOUD_ENOUGH_DB:
        return sound
    return _with_gain(sound, error_db) if error_db < 0 else _at_target(sound)


def _with_gain(sound: Samples, gain_db: float) -> Samples:
    return (sound * np.float32(10 ** (min(gain_db, 60.0) / 20))).astype(np.float32)


def _filtered(sound: Samples, *steps: tuple[str, str]) -> Samples:
    last = ("aformat", f"sample_fmts=flt:sample_rates={RATE_HZ}:channel_layouts=mono")
    graph, kept = _graph((*steps, last)), []
    for begin in range(0, len(sound), RATE_HZ):
        graph.push(_frame(sound[begin : begin + RATE_HZ], begin))
        kept += _pulled(graph)
    graph.push(None)
    kept += _pulled(graph)
    return _joined(kept)[: len(sound)]


def _graph(steps: tuple[tuple[str, str], ...]) -> Graph:
    graph = Graph()
    node: Any = graph.add_abuffer(format="flt", sample_rate=RATE_HZ, layout="mono")
    for name, arguments in steps:
        following = graph.add(name, arguments)
        node.link_to(following)
        node = following
    node.link_to(graph.add("abuffersink"))
    graph.configure()
    return graph


def _frame(sound: Samples, at: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(sound[None].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, at
    return frame


def _pulled(graph: Graph) -> list[Any]:
    frames: list[Any] = []
    while True:
        try:
            frames.append(graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return frames


def _joined(frames: list[Any]) -> Samples:
    pieces = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)


def loudness(sound: Samples) -> float:
    """Integrated loudness in LUFS; -70 is silence."""
    meter = _Meter()
    for begin in range(0, len(sound), RATE_HZ):
        meter.take(_frame(sound[begin : begin + RATE_HZ], begin))
    return meter.finish()


class _Meter:
    """Loudness so far of the frames it was given."""

    def __init__(self) -> None:
        self._graph = _graph((("ebur128", "metadata=1:framelog=quiet"),))
        self._measured = _SILENT_LUFS

    def take(self, frame: AudioFrame | None) -> None:
        self._graph.push(frame)
        for measured in _pulled(self._graph):
            self._measured = float(measured.metadata.get("lavfi.r128.I", self._measured))

    def finish(self) -> float:
        self.take(None)
        return self._measured


def measure(encoded: bytes) -> Figures:
    """The figures of an MP3 as a loudspeaker will decode it, in constant memory."""
    meter, resampler, samples, highest = _Meter(), AudioResampler("flt", "mono", RATE_HZ), 0, 0.0
    with av.open(io.BytesIO(encoded), "r") as container:
        for decoded in chain(container.decode(audio=0), (None,)):
            for frame in resampler.resample(decoded):
                samples += frame.samples
                highest = max(highest, float(np.abs(frame.to_ndarray()).max()))
                meter.take(frame)
    return Figures(
        seconds=round(samples / RATE_HZ, 3),
        sha256=hashlib.sha256(encoded).hexdigest(),
        loudness_lufs=round(meter.finish(), 2),
        peak_dbfs=round(20 * math.log10(highest), 2) if highest else _SILENT_LUFS,
        bytes=len(encoded),
    )


def encode(sound: Samples) -> bytes:
    """As MP3, mono, 24 kHz, 48 kbit/s: as well understood as the original, by measurement."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.layout, stream.bit_rate = "mono", BIT_RATE
        resampler = AudioResampler(
            stream.format.name, "mono", RATE_HZ, frame_size=stream.codec_context.frame_size or None
        )
        for begin in range(0, len(sound), RATE_HZ):
            for frame in resampler.resample(_frame(sound[begin : begin + RATE_HZ], begin)):
                container.mux(stream.encode(frame))
        for last in (*resampler.resample(None), None):
            container.mux(stream.encode(last))
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    """On the disk under its name, whole, or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _limit_resources() -> None:
    """A runaway job ends itself and not the computer; no job outlives its hub."""
    for what, most in (
        (resource.RLIMIT_DATA, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(5)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _read_job(line: str) -> Job:
    asked = json.loads(line)
    voice, repeat = asked["voice"], int(asked["repeat"])
    limit_s = float(asked["limit_s"]) / repeat
    return Job(
        text=str(asked["text"]),
        path=Path(asked["path"]),
        repeat=repeat,
        voice=Voice(str(voice["name"]), int(voice["words_per_minute"]), limit_s),
    )


def main() -> int:
    """Do the one job that waits on standard input."""
    _limit_resources()
    began = time.process_time()
    try:
        answer: dict[str, object] = asdict(make(_read_job(sys.stdin.readline())))
        answer["cpu_s"] = round(time.process_time() - began, 3)
    except Refused as error:
        answer = {"error": error.code, "detail": str(error)}
    except MemoryError:
        answer = {"error": "too_long", "detail": "The sound needs too much memory: shorten it"}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
