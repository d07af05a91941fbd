"""The worker: opens one RTSP address with OpenCV and writes small JPEG pictures to its output.

Run as `python -m camera.vision`, never imported by the hub. The address comes as one JSON line on
standard input, so that no password stands in a list of processes; when standard input ends, the
worker ends, so that it never outlives a killed hub. Records go out as `camera.wire` says.
"""

import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import BinaryIO

import cv2
from cv2.typing import MatLike

from camera.wire import FAULT, HEADER, PICTURE

SMALLEST_QUALITY, LARGEST_QUALITY = 40, 75
LARGEST_JPEG_BYTES, SMALL_JPEG_BYTES = 34_000, 24_000

# What FFmpeg (libavformat: rtsp.c, tcp.c, network.c) prints when it cannot open an address.
FAULTS = (
    ("failed: 401 ", "wrong_password"),
    ("failed: 403 ", "wrong_password"),
    ("failed: 404 ", "not_found"),
    ("Connection refused", "refused"),
    ("Failed to resolve hostname", "unreachable"),
    ("No route to host", "unreachable"),
    ("Network is unreachable", "unreachable"),
    ("Connection timed out", "unreachable"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What the hub asks for."""

    url: str
    width: int
    height: int
    frames_per_second: int
    timeout_s: float


class Outbox:
    """One place for the next record: a hub that reads slowly gets the newest, never a queue."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._next: tuple[int, int, bytes] | None = None
        self._changed = threading.Condition()
        self._idle = True

    def put(self, kind: int, captured_ns: int, content: bytes) -> None:
        """Replace whatever still waits."""
        with self._changed:
            self._next = (kind, captured_ns, content)
            self._idle = False
            self._changed.notify_all()

    def run(self) -> None:
        """Write for ever; the end of the hub is the end of the worker."""
        while True:
            with self._changed:
                self._idle = self._next is None
                self._changed.notify_all()
                while self._next is None:
                    self._changed.wait()
                (kind, captured_ns, content), self._next = self._next, None
            try:
                self._out.write(HEADER.pack(kind, captured_ns, len(content)) + content)
                self._out.flush()
            except OSError:
                os._exit(0)

    def drain(self, timeout_s: float) -> None:
        """Wait until everything is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle, timeout_s)


class Noise:
    """What the native libraries print, caught in memory: it may hold the address.

    Nothing of it leaves the worker but a code word.
    """

    def __init__(self) -> None:
        self._file = os.memfd_create("noise")
        os.dup2(self._file, 2)

    def fault(self) -> str:
        """The code word for what was printed so far."""
        return fault_in(os.pread(self._file, 65536, 0).decode("utf-8", "replace"))

    def silence(self) -> None:
        """Keep no more of it: a broken stream prints for ever."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)


class Shrink:
    """Makes each frame a JPEG of exactly the asked size, black bars where the aspect differs."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._quality = LARGEST_QUALITY - 5

    def jpeg(self, frame: MatLike) -> bytes:
        """Encode; the quality follows the size of the last pictures."""
        _, encoded = cv2.imencode(
            ".jpg", self._fitted(frame), [cv2.IMWRITE_JPEG_QUALITY, self._quality]
        )
        content = encoded.tobytes()
        if len(content) > LARGEST_JPEG_BYTES:
            self._quality = max(SMALLEST_QUALITY, self._quality - 5)
        elif len(content) < SMALL_JPEG_BYTES:
            self._quality = min(LARGEST_QUALITY, self._quality + 1)
        return content

    def _fitted(self, frame: MatLike) -> MatLike:
        height, width = frame.shape[:2]
        scale = min(self._width / width, self._height / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size != (width, height):
            # INTER_AREA averages, which small letters on a number plate need; it only shrinks.
            shrinks = scale < 1
            method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            frame = cv2.resize(frame, size, interpolation=method)
        left, top = (self._width - size[0]) // 2, (self._height - size[1]) // 2
        right, bottom = self._width - size[0] - left, self._height - size[1] - top
        if left or top or right or bottom:
            return cv2.copyMakeBorder(frame, top, bottom, left, right, cv2.BORDER_CONSTANT)
        return frame


def fault_in(printed: str) -> str:
    """The code word for what FFmpeg printed."""
    return next((word for sign, word in FAULTS if sign in printed), "no_picture")


def main() -> None:
    """Read the order, deliver until the camera or the hub ends."""
    os.nice(5)
    noise = Noise()
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    outbox = Outbox(os.fdopen(os.dup(1), "wb"))
    threading.Thread(target=_end_with_the_hub, daemon=True).start()
    threading.Thread(target=outbox.run, daemon=True).start()
    cv2.setNumThreads(1)
    deliver(order, outbox, noise)
    outbox.drain(timeout_s=1.0)
    # Leaving in the ordinary way would join native threads that may hang.
    os._exit(0)


def deliver(order: Order, outbox: Outbox, noise: Noise) -> None:
    """Open the address and put pictures into the outbox; at the end, the word for why it ended."""
    capture = _open(order)
    if not capture.isOpened():
        outbox.put(FAULT, time.monotonic_ns(), noise.fault().encode())
        return
    noise.silence()
    shrink = Shrink(order.width, order.height)
    period_ns = 1_000_000_000 // order.frames_per_second
    due_ns = 0
    # Every frame must be decoded, since each one builds on the last; only those due are converted.
    while capture.grab():
        now_ns = time.monotonic_ns()
        # A tenth of a period of patience, or the jitter of the camera would skip a whole frame.
        if now_ns < due_ns - period_ns // 10:
            continue
        taken, frame = capture.retrieve()
        if not taken:
            continue
        on_time = due_ns + period_ns > now_ns
        due_ns = (due_ns if on_time else now_ns) + period_ns
        outbox.put(PICTURE, now_ns, shrink.jpeg(frame))
    outbox.put(FAULT, time.monotonic_ns(), b"no_picture")


def _open(order: Order) -> cv2.VideoCapture:
    timeout_ms = int(order.timeout_s * 1000)
    # OpenCV reads this when it opens. TCP, because wifi loses UDP; `timeout` is FFmpeg's limit of
    # one read or connect in microseconds (`stimeout` before FFmpeg 5); without `fpsprobesize` it
    # measures the frame rate first: the first picture came after 3.1 s instead of 1.3.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
        f"rtsp_transport;tcp|allowed_media_types;video|fpsprobesize;0|timeout;{timeout_ms * 1000}"
    )
    # OpenCV's own limits say nothing about the cause: they come after FFmpeg's.
    options = [
        *(cv2.CAP_PROP_N_THREADS, 1),
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms + 500),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms + 500),
    ]
    return cv2.VideoCapture(order.url, cv2.CAP_FFMPEG, options)


def _end_with_the_hub() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
