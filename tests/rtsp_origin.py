"""A real RTSP server for tests: gst-rtsp-server with a generated H.264 clip.

The server itself is fixtures/rtsp/server.py, run by Debian's own Python, which has `gi`.

The number of a frame is drawn into it as a row of black and white blocks that survives H.264, JPEG
and scaling. Which frame is sent follows the wall clock, so that a client lands between two
keyframes, as at a camera, and the clip has continuous timestamps when it begins again.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import cv2
import numpy as np
from cv2.typing import MatLike

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).resolve().parent / "fixtures" / "rtsp" / "server.py"

# White, black, 14 bits of the number, 4 bits of checksum: 20 blocks over the whole width.
NUMBER_BITS = 14
CHECK_BITS = 4
BLOCKS = 2 + NUMBER_BITS + CHECK_BITS
BAND_TOP, BAND_BOTTOM = 0.40, 0.60


@dataclass(frozen=True, slots=True)
class Clip:
    """What the camera shows: its size, rate, keyframe distance and length before it repeats."""

    width: int = 640
    height: int = 360
    frames_per_second: int = 15
    keyframe_every: int = 30
    seconds: int = 120

    @property
    def frames(self) -> int:
        """After this many frames the numbers begin again at 0."""
        return self.frames_per_second * self.seconds


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the camera; `scheme` is "basic" or "digest"."""

    username: str
    password: str = field(repr=False)
    scheme: str = "digest"


# ---------------------------------------------------------------------------- frame numbers


def _checksum(number: int) -> int:
    return (number * 7 + number // 16 + 5) % (1 << CHECK_BITS)


def _blocks(number: int) -> list[bool]:
    code = (number << CHECK_BITS) | _checksum(number)
    width = NUMBER_BITS + CHECK_BITS
    return [True, False, *(bool(code >> (width - 1 - bit) & 1) for bit in range(width))]


def read_frame_number(image: bytes | MatLike) -> int | None:
    """The number drawn into a picture, or None if there is none to be read.

    `image` is an encoded picture (JPEG or PNG bytes) or an array of rows of pixels, of any size.
    """
    if isinstance(image, bytes):
        decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
        if decoded is None:
            return None
        image = decoded
    gray = image if image.ndim == 2 else image[:, :, :3].mean(axis=2)
    height, width = gray.shape
    band = gray[int(height * (BAND_TOP + 0.05)) : int(height * (BAND_BOTTOM - 0.05))]
    step = width / BLOCKS
    levels = [
        float(band[:, int((i + 0.3) * step) : int((i + 0.7) * step)].mean()) for i in range(BLOCKS)
    ]
    white, black, *bits = levels
    if white - black < 100:
        return None
    code = 0
    for level in bits:
        code = code << 1 | int(level > (white + black) / 2)
    number, check = code >> CHECK_BITS, code & ((1 << CHECK_BITS) - 1)
    return number if check == _checksum(number) else None


def _frame(clip: Clip, number: int) -> bytes:
    """One gray picture: a slope of grays, a bar that moves, and the row of blocks."""
    width, height = clip.width, clip.height
    bar = number * 4 % max(1, width - 40)
    slope = bytes(60 + 100 * x // width for x in range(width))
    row = slope[:bar] + b"\xb0" * 40 + slope[bar + 40 :]
    step = width / BLOCKS
    blocks = _blocks(number)
    band = bytes(235 if blocks[min(BLOCKS - 1, int(x / step))] else 16 for x in range(width))
    top, bottom = int(height * BAND_TOP), int(height * BAND_BOTTOM)
    return row[:width] * top + band * (bottom - top) + row[:width] * (height - bottom)


# ---------------------------------------------------------------------------- the clip


def make_clip(clip: Clip) -> Path:
    """The clip as an H.264 byte stream with access-unit delimiters, made once and kept."""
    name = hashlib.sha256(f"4{clip}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"village-hub-test-clips-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{name}.h264"
    if not kept.exists():
        part = folder / f"{name}.{os.getpid()}.part"
        _encode(clip, part)
        part.replace(kept)
    return kept


def _encode(clip: Clip, path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise RuntimeError("the test camera needs ffmpeg (Debian: apt-get install ffmpeg)")
    command = [ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-s", f"{clip.width}x{clip.height}", "-r", str(clip.frames_per_second), "-i", "-"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "26"]
    command += ["-pix_fmt", "yuv420p", "-g", str(clip.keyframe_every), "-sc_threshold", "0"]
    # One slice a frame: the server's payloader would take slices for frames of their own.
    command += ["-x264-params", "repeat-headers=1:aud=1:bframes=0:sliced-threads=0:slices=1"]
    command += ["-f", "h264", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number in range(clip.frames):
            process.stdin.write(_frame(clip, number))
        process.stdin.close()
    if process.returncode:
        raise RuntimeError(f"ffmpeg could not make the clip: {process.returncode}")


# ---------------------------------------------------------------------------- for tests


class RtspOrigin:
    """A camera on the loopback. The system chooses the port, which stays over `restart()`.

    with RtspOrigin(login=Login("admin", "secret", "digest")) as origin:
        origin.url          # with the login in it, percent-encoded
    """

    def __init__(
        self, clip: Clip | None = None, login: Login | None = None, path: str = "/camera"
    ) -> None:
        self.clip = clip or Clip()
        self.login = login
        self.path = path
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Without a login."""
        return f"rtsp://127.0.0.1:{self.port}{self.path}"

    @property
    def url(self) -> str:
        """With the login, if there is one."""
        if self.login is None:
            return self.address
        return self.url_for(self.login.username, self.login.password)

    def url_for(self, username: str, password: str) -> str:
        """With another login than the right one."""
        user, word = quote(username, safe=""), quote(password, safe="")
        return f"rtsp://{user}:{word}@127.0.0.1:{self.port}{self.path}"

    def start(self) -> None:
        """Serve, on the port of last time if there was one. Returns when clients can connect."""
        order = {
            "clip": str(make_clip(self.clip)),
            "frames_per_second": self.clip.frames_per_second,
            "login": asdict(self.login) if self.login else None,
            "path": self.path,
            "port": self.port,
        }
        # The server ends when its standard input does: it cannot outlive a killed test run.
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self.kill()
            raise RuntimeError(
                "the test camera needs Debian's gir1.2-gst-rtsp-server-1.0 and python3-gi"
            )
        self.port = int(line)

    def kill(self) -> None:
        """As when its power is cut: connections are reset, new ones refused."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def restart(self) -> None:
        """Power comes back."""
        self.kill()
        self.start()

    def hang(self) -> None:
        """As a camera that hangs: connections stay open, nothing comes."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """The end of `hang()`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
