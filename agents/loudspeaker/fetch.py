"""Fetch a sound by HTTP: bounded in size and time, checked, and given up when cancelled."""

import asyncio
import hashlib
import ssl
from urllib.parse import SplitResult, urlsplit

from agents.loudspeaker.commands import Reason

MAX_SOUND_BYTES = 20 * 1024 * 1024
FETCH_TIMEOUT_S = 20.0
ATTEMPTS = 3
PAUSE_S = 1.0

_OK = 200
_SERVER_ERROR = 500
_MAX_HEADER_LINES = 100
_CHUNK_BYTES = 64 * 1024


class FetchError(Exception):
    """The sound could not be had; `reason` is the word for the acknowledgement."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason


async def fetch(url: str, sha256: str, *, max_bytes: int = MAX_SOUND_BYTES) -> bytes:
    """The bytes at `url` (http or https), whose SHA-256 in hex is `sha256`.

    Redirects are not followed: the address in the command is the whole permission.
    Raises FetchError: unreachable (after three attempts), not_found, too_large, bad_hash.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            sound = await _fetch_once(urlsplit(url), max_bytes)
            break
        except FetchError as error:
            if error.reason != "unreachable" or attempt == ATTEMPTS:
                raise
            await asyncio.sleep(PAUSE_S)
    if hashlib.sha256(sound).hexdigest() != sha256:
        raise FetchError("bad_hash", "the sound is not the one that was announced")
    return sound


async def _fetch_once(address: SplitResult, max_bytes: int) -> bytes:
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_S):
            return await _get(address, max_bytes)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise FetchError("unreachable", type(error).__name__) from error


async def _get(address: SplitResult, max_bytes: int) -> bytes:
    secure = address.scheme == "https"
    reader, writer = await asyncio.open_connection(
        address.hostname,
        address.port or (443 if secure else 80),
        ssl=ssl.create_default_context() if secure else None,
    )
    try:
        writer.write(_request(address))
        await writer.drain()
        length = await _answer_length(reader)
        if length is not None and length > max_bytes:
            raise FetchError("too_large", f"{length} bytes")
        return await _body(reader, length, max_bytes)
    finally:
        # abort, not close: a stop must not wait for the other side's goodbye
        writer.transport.abort()


def _request(address: SplitResult) -> bytes:
    path = address.path or "/"
    if address.query:
        path = f"{path}?{address.query}"
    # HTTP/1.0 asks for a plain body that ends with the connection: no chunks to take apart.
    return (
        f"GET {path} HTTP/1.0\r\nHost: {address.netloc.rpartition('@')[2]}\r\n"
        "User-Agent: village-loudspeaker\r\nAccept: audio/*\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


async def _answer_length(reader: asyncio.StreamReader) -> int | None:
    """Read status line and headers; the Content-Length, or None when none is given."""
    status = int((await reader.readline()).split(b" ", 2)[1])
    if status >= _SERVER_ERROR:
        raise FetchError("unreachable", f"HTTP status {status}")
    if status != _OK:
        raise FetchError("not_found", f"HTTP status {status}")
    length = None
    for _ in range(_MAX_HEADER_LINES):
        line = (await reader.readline()).strip()
        if not line:
            return length
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            raise FetchError("unreachable", "an HTTP/1.0 answer with a transfer encoding")
    raise FetchError("unreachable", "too many headers")


async def _body(reader: asyncio.StreamReader, length: int | None, max_bytes: int) -> bytes:
    if length is not None:
        return await reader.readexactly(length)
    body = bytearray()
    while chunk := await reader.read(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            raise FetchError("too_large", f"more than {max_bytes} bytes")
    return bytes(body)
