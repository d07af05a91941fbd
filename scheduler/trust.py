"""Whether the clock can be believed: a Pi has no battery clock and wakes in the past."""

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.clock import Clock

TOLERANCE: Final = timedelta(minutes=1)
_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES: Final = 512  # more than any kernel's struct timex


def kernel_is_synchronised() -> bool:
    """Whether the kernel says that its clock follows network time (adjtimex(2), any daemon)."""
    asked = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: only asks, needs no right
    state = int(ctypes.CDLL(None).adjtimex(asked))
    return 0 <= state < _TIME_ERROR


class ClockTrust:
    """Compares the clock with the newest time that was ever written down.

    A clock that is earlier than that by more than a minute is wrong now, or was wrong then; only
    network time can tell which, so it is believed when it is synchronised, or once it has caught
    up.
    """

    def __init__(self, clock: Clock, synchronised: Callable[[], bool]) -> None:
        self._clock = clock
        self._synchronised = synchronised
        self._newest: datetime | None = None

    def saw(self, at: datetime | None) -> None:
        """Take note of a time that was written down."""
        if at is not None and (self._newest is None or at > self._newest):
            self._newest = at.astimezone(UTC)

    def latest(self) -> datetime:
        """Now, or the newest written time where that is later; in UTC."""
        now = self._clock.now().astimezone(UTC)
        return now if self._newest is None else max(now, self._newest)

    def judge(self) -> bool:
        """Whether the clock is to be believed now."""
        now = self._clock.now().astimezone(UTC)
        if self._newest is None or now >= self._newest - TOLERANCE:
            return True
        if not self._synchronised():
            return False
        self._newest = now  # what was written down came from a clock that ran ahead
        return True
