"""The pictures that a camera sends in measurements: as busy as a street, at a camera's bit rate."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.villages import PARENT
from tests.rtsp_origin import SERVER, SYSTEM_PYTHON


@dataclass(frozen=True, slots=True)
class Clip:
    """Size, frames per second and bit rate; a keyframe every two seconds."""

    width: int
    height: int
    frames_per_second: int
    kbit_per_s: int
    seconds: int = 20

    @property
    def name(self) -> str:
        """Short, for a table."""
        return f"{self.width}x{self.height}, {self.frames_per_second}/s, {self.kbit_per_s} kbit/s"


SUB = Clip(640, 360, 15, 400)
MAIN = Clip(1920, 1080, 25, 2000)


def made(clip: Clip) -> Path:
    """The clip as H.264 with access-unit delimiters, made once and kept."""
    name = hashlib.sha256(repr(clip).encode()).hexdigest()[:16]
    file = PARENT / "bench-clips" / f"{name}.h264"
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    size, rate = f"{clip.width}x{clip.height}", clip.frames_per_second
    # A test picture alone is too easy to code: a street at night has noise.
    source = f"testsrc2=size={size}:rate={rate},noise=alls=12:allf=t"
    bits = f"{clip.kbit_per_s}k"
    command = [shutil.which("ffmpeg") or "ffmpeg", "-v", "error", "-y", "-f", "lavfi"]
    command += ["-i", source, "-t", str(clip.seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-b:v", bits, "-maxrate", bits, "-bufsize", bits]
    command += ["-g", str(2 * rate), "-bf", "0", "-sc_threshold", "0"]
    command += ["-x264-params", "repeat-headers=1:aud=1:sliced-threads=0:slices=1"]
    subprocess.run([*command, "-f", "h264", str(part)], check=True)
    part.rename(file)
    return file


@contextmanager
def camera(clip: Clip) -> Iterator[str]:
    """A real RTSP server that sends the clip; gives its address."""
    order = {
        "clip": str(made(clip)),
        "frames_per_second": clip.frames_per_second,
        "login": None,
        "path": "/camera",
        "port": 0,
    }
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        yield f"rtsp://127.0.0.1:{int(process.stdout.readline())}/camera"
    finally:
        process.communicate()
