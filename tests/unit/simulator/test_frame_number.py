import numpy as np
import pytest
from numpy.typing import NDArray

from simulator import frame_number


def picture(number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(7)
    frame = rng.integers(0, 255, (360, 640, 3), np.uint8)
    frame_number.draw(frame, number)
    return frame


@pytest.mark.parametrize("number", [0, 1, 119, 0xABCDEF, 0xFFFFFF])
def test_a_number_that_was_drawn_is_read_again(number: int) -> None:
    assert frame_number.read(picture(number)) == number
    assert frame_number.read(picture(number).mean(axis=2).astype(np.uint8)) == number


@pytest.mark.parametrize("step", [2, 3])
def test_a_number_is_read_off_a_smaller_picture(step: int) -> None:
    assert frame_number.read(picture(4711)[::step, ::step]) == 4711


def test_a_picture_without_a_number_has_none() -> None:
    assert frame_number.read(np.zeros((360, 640, 3), np.uint8)) is None
    assert (
        frame_number.read(np.random.default_rng(1).integers(0, 255, (360, 640), np.uint8)) is None
    )


def test_a_number_with_a_wrong_bit_is_not_read() -> None:
    frame = picture(5)
    frame[8:24, 32 + 10 * 16 : 32 + 11 * 16] = 255
    assert frame_number.read(frame) is None
