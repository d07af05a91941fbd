"""A frame number that a program can read off a picture: a row of black and white blocks.

The row stands 8 pixels below the top of a picture of 640 x 360: 36 blocks of 16 x 16 pixels from
x = 32. From left to right: a marker (white, black, white, black), 24 bits of the number with the
highest first, 4 bits that count the white blocks among those 24 (modulo 16), and the opposite
marker (black, white, black, white). White is one.
"""

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
BLOCK = 16
LEFT, TOP = 32, 8
BITS = 24

_START, _END = (1, 0, 1, 0), (0, 1, 0, 1)
_CHECK_BITS = 4
_COUNT = len(_START) + BITS + _CHECK_BITS + len(_END)
_CONTRAST = 60.0


def draw(picture: NDArray[np.uint8], number: int) -> None:
    """Draw the number into a picture of 360 rows and 640 columns, grey or with colours."""
    for index, bit in enumerate(_row(number % (1 << BITS))):
        left = LEFT + index * BLOCK
        picture[TOP : TOP + BLOCK, left : left + BLOCK] = 255 if bit else 0


def read(picture: NDArray[np.uint8]) -> int | None:
    """The number in a whole picture of any size, grey or with colours; None when there is none."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture.astype(float)  # noqa: PLR2004
    levels = np.array([_level(grey, index) for index in range(_COUNT)])
    if levels.max() - levels.min() < _CONTRAST:
        return None
    bits = tuple(int(bit) for bit in levels > (levels.max() + levels.min()) / 2)
    number = int("".join(map(str, bits[len(_START) : len(_START) + BITS])), 2)
    return number if bits == _row(number) else None


def _row(number: int) -> tuple[int, ...]:
    bits = _bits(number, BITS)
    return _START + bits + _bits(sum(bits) % (1 << _CHECK_BITS), _CHECK_BITS) + _END


def _bits(number: int, count: int) -> tuple[int, ...]:
    return tuple(number >> shift & 1 for shift in reversed(range(count)))


def _level(grey: NDArray[np.floating], index: int) -> float:
    """The brightness in the middle of one block, whatever the size of the picture."""
    across, down = grey.shape[1] / WIDTH, grey.shape[0] / HEIGHT
    x, y = (LEFT + (index + 0.5) * BLOCK) * across, (TOP + 0.5 * BLOCK) * down
    reach_x, reach_y = max(across * BLOCK / 5, 0.5), max(down * BLOCK / 5, 0.5)
    rows = slice(round(y - reach_y), max(round(y + reach_y), round(y - reach_y) + 1))
    columns = slice(round(x - reach_x), max(round(x + reach_x), round(x - reach_x) + 1))
    return float(grey[rows, columns].mean())
