"""The worker's own parts; the whole worker runs in the integration tests."""

import os
import threading

import cv2
import numpy as np
import pytest

from camera.vision import LARGEST_JPEG_BYTES, Outbox, Shrink, fault_in
from camera.wire import HEADER, PICTURE


def _decoded(jpeg: bytes) -> cv2.typing.MatLike:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        ("[tcp @ 0x1] Connection to tcp://10.0.0.1:554 failed: Connection refused", "refused"),
        ("[tcp @ 0x1] Connection to tcp://10.0.0.1:554 failed: No route to host", "unreachable"),
        (
            "[tcp @ 0x1] Connection to tcp://10.0.0.1:554 failed: Connection timed out",
            "unreachable",
        ),
        (
            "[tcp @ 0x1] Failed to resolve hostname cam.lan: Name or service not known",
            "unreachable",
        ),
        ("[rtsp @ 0x1] method DESCRIBE failed: 401 (Unauthorized)", "wrong_password"),
        ("[rtsp @ 0x1] method DESCRIBE failed: 404 Not Found", "not_found"),
        ("[rtsp @ 0x1] method DESCRIBE failed: 503 Service Unavailable", "no_picture"),
        ("", "no_picture"),
    ],
)
def test_what_ffmpeg_prints_becomes_a_code_word(printed: str, word: str) -> None:
    assert fault_in(printed) == word


def test_other_aspects_get_black_bars_and_nothing_is_stretched() -> None:
    white = np.full((480, 640, 3), 255, np.uint8)
    picture = _decoded(Shrink(640, 360).jpeg(white))
    assert picture.shape == (360, 640, 3)
    assert picture[:, :70].mean() < 10
    assert picture[:, -70:].mean() < 10
    assert picture[:, 90:550].mean() > 245


def test_small_pictures_are_enlarged_to_the_asked_size() -> None:
    white = np.full((180, 320, 3), 255, np.uint8)
    picture = _decoded(Shrink(640, 360).jpeg(white))
    assert picture.shape == (360, 640, 3)
    assert picture.mean() > 250


def test_quality_goes_down_until_a_busy_picture_is_small_enough() -> None:
    chance = np.random.default_rng(7)
    coarse = chance.integers(0, 255, (90, 160), np.uint8)
    busy = cv2.resize(coarse, (1920, 1080), interpolation=cv2.INTER_LINEAR)
    shrink = Shrink(640, 360)
    sizes = [len(shrink.jpeg(busy)) for _ in range(12)]
    assert sizes[0] > LARGEST_JPEG_BYTES
    assert sizes[-1] < sizes[0]
    assert sizes[-1] <= 1.15 * LARGEST_JPEG_BYTES


def test_a_hub_that_does_not_read_gets_the_newest_picture_not_a_queue() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(os.fdopen(writing, "wb"))
    big = bytes(200_000)
    outbox.put(PICTURE, 1, big)
    threading.Thread(target=outbox.run, daemon=True).start()
    with os.fdopen(reading, "rb") as pipe:
        # The first byte is read: the writer has taken the first picture and is held by the pipe.
        first_byte = pipe.read(1)
        for number in range(2, 500):
            outbox.put(PICTURE, number, big)
        kind, first, length = HEADER.unpack(first_byte + pipe.read(HEADER.size - 1))
        pipe.read(length)
        _, second, _ = HEADER.unpack(pipe.read(HEADER.size))
        pipe.read(length)
        outbox.drain(timeout_s=5)
    assert (kind, first, second) == (PICTURE, 1, 499)
