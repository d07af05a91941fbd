"""From an encoded sound to 48 kHz mono blocks, a little at a time."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable, Iterator

import av
import av.error
import numpy as np

RATE_HZ = 48_000
BLOCK_SAMPLES = RATE_HZ // 20
BLOCK_BYTES = BLOCK_SAMPLES * 2
MAX_SOUND_S = 3600
PAUSE_S = 1.0
"""Silence between two repetitions."""

_AHEAD_BYTES = RATE_HZ * 2
# Only plain sounds: other formats of FFmpeg, such as playlists, open addresses of their own.
_FORMATS = "mp3,wav,ogg,flac,aac"


class UndecodableError(Exception):
    """The bytes are no sound, or one that is too long."""


class Decoder:
    """Decodes one sound; `more` is to be called in a thread."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._pieces: Iterator[bytes] | None = None
        self._given_bytes = 0

    def more(self) -> bytes:
        """About one second of s16le 48 kHz mono; empty at the end. Raises UndecodableError."""
        if self._pieces is None:
            self._pieces = self._decode()
        ahead = bytearray()
        try:
            while len(ahead) < _AHEAD_BYTES and (piece := next(self._pieces, b"")):
                ahead += piece
        except (av.error.FFmpegError, ValueError, IndexError) as error:
            raise UndecodableError(type(error).__name__) from error
        self._given_bytes += len(ahead)
        if self._given_bytes > MAX_SOUND_S * RATE_HZ * 2:
            raise UndecodableError("longer than an hour")
        return bytes(ahead)

    def _decode(self) -> Iterator[bytes]:
        resampler = av.AudioResampler("s16", "mono", RATE_HZ)
        options = {"format_whitelist": _FORMATS}
        with av.open(io.BytesIO(self._encoded), "r", options=options) as container:
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    yield piece.to_ndarray().tobytes()
            for piece in resampler.resample(None):
                yield piece.to_ndarray().tobytes()


def scaled(block: bytes, percent: int) -> bytes:
    """The block at a volume: amplitude times percent / 100."""
    if percent == 100:  # noqa: PLR2004  percent
        return block
    samples = np.frombuffer(block, np.int16).astype(np.int32) * percent // 100
    return samples.astype(np.int16).tobytes()


async def blocks(
    encoded: bytes, repeat: int, percent: Callable[[], int]
) -> AsyncGenerator[bytes, None]:
    """Blocks of 50 ms (the last one shorter), `repeat` times with a pause between.

    `percent` is asked before each block, so that a new volume is heard at once.
    Raises UndecodableError, also when the sound holds no sample.
    """
    for turn in range(repeat):
        if turn:
            for _ in range(int(PAUSE_S * RATE_HZ / BLOCK_SAMPLES)):
                yield bytes(BLOCK_BYTES)
        decoder = Decoder(encoded)
        ahead = await asyncio.to_thread(decoder.more)
        if not ahead:
            raise UndecodableError("no sound inside")
        rest = b""
        while ahead:
            ahead = rest + ahead
            whole = len(ahead) - len(ahead) % BLOCK_BYTES
            for start in range(0, whole, BLOCK_BYTES):
                yield scaled(ahead[start : start + BLOCK_BYTES], percent())
            rest = ahead[whole:]
            ahead = await asyncio.to_thread(decoder.more)
        if rest:
            yield scaled(rest, percent())
