"""Time, injected wherever it matters, so that tests move it and never sleep."""

import asyncio
import time
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """What the parts of the hub know of time."""

    @property
    def timezone(self) -> ZoneInfo:
        """The time zone of the village."""
        ...

    def now(self) -> datetime:
        """The wall-clock time, aware, in the time zone of the village."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring how long something takes."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock:
    """The clock of this computer."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self.timezone = timezone

    def now(self) -> datetime:
        """The wall-clock time, aware, in the time zone of the village."""
        return datetime.now(self.timezone)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await asyncio.sleep(seconds)
