"""What a source of a camera is, whatever it delivers.

Today one source exists: OpenCV in a worker, which delivers pictures. One that passes H.264 through
undecoded would deliver fragments through the same two words, `run` and `deliver`: the feed that
opens a source once for everybody, watches it for silence and begins again knows no more of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from camera.models import Fault

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG picture, shared by all who look; `number` rises from 1 with each opening."""

    jpeg: bytes = field(repr=False)
    at: datetime
    number: int


class SourceFailed(Exception):
    """A source could not open its camera, or lost it; `says` is why, as a code word."""

    def __init__(self, says: Fault) -> None:
        super().__init__(says)
        self.says: Fault = says


class Source(Protocol[T_co]):
    """One way to open one camera."""

    async def run(self, deliver: Callable[[T_co], None]) -> None:
        """Open the camera and deliver until cancelled; nothing is left behind when it returns.

        Raises SourceFailed when the camera cannot be opened or ends. A camera that falls silent is
        not the source's business: whoever runs it watches what it delivers, and cancels it.
        `deliver` never waits. Cancelling takes effect at once, also when the camera hangs.
        """
        ...
