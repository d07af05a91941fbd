"""Open streams: each ends with its viewer, its session, or the hub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from camera.source import Picture

_BOUNDARY = b"picture"
# Browsers show each JPEG in the place of the one before.
PICTURES = f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}"


class StreamResponse(Response):
    """Sends `parts` until the first reason to end.

    One that does not read blocks the sending, perhaps for ever: it is left as soon as it is gone,
    or `ended` is set, and `place` (its seat among the viewers) is free for the next.
    """

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        media_type: str,
        ended: asyncio.Event,
        place: AsyncExitStack,
    ) -> None:
        # Proxies hold back what they may still get more of, unless they are told.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._parts = parts
        self._ended = ended
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and leave the place however it ends."""
        del scope
        async with self._place:
            reasons = {
                asyncio.create_task(self._send(send), name="stream.send"),
                asyncio.create_task(_until_gone(receive), name="stream.gone"),
                asyncio.create_task(self._ended.wait(), name="stream.ended"),
            }
            try:
                await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for reason in reasons:
                    reason.cancel()
                await asyncio.gather(*reasons, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(eq=False, slots=True)
class _Look:
    session_id: str
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Looks:
    """Everybody who looks at a camera now."""

    def __init__(self) -> None:
        self._open: set[_Look] = set()
        self._closed = False

    def show(
        self, pictures: AsyncIterator[Picture], place: AsyncExitStack, session_id: str
    ) -> StreamResponse:
        """The answer that shows `pictures`."""
        look = _Look(session_id)
        if self._closed:
            look.ended.set()
        self._open.add(look)
        place.callback(self._open.discard, look)
        return StreamResponse(_parts(pictures), PICTURES, look.ended, place)

    def end_session(self, session_id: str) -> None:
        """End the looks of a phone that was signed out."""
        for look in self._open:
            if look.session_id == session_id:
                look.ended.set()

    def close(self) -> None:
        """End all: the hub stops."""
        self._closed = True
        for look in self._open:
            look.ended.set()


async def _parts(pictures: AsyncIterator[Picture]) -> AsyncIterator[bytes]:
    async for picture in pictures:
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture.jpeg)
        yield b"--" + _BOUNDARY + b"\r\n" + head + picture.jpeg + b"\r\n"
