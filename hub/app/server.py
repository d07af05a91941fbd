"""uvicorn, made to stop cleanly: streams end first, and a signal is heard once, by the root.

Measured with uvicorn 0.54: with an event stream open its own shutdown hangs for over 10 s, and
after serving it raises the signal again, which would end the process before the database closes.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

_GOODBYE_S = 0.4


class Server(uvicorn.Server):
    """Tells when it serves, and ends the open streams before it waits for connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        end_streams: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._end_streams = end_streams

    def stop(self) -> None:
        """Stop serving, soon."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, give connections a moment, then cut those that do not read."""
        self._end_streams()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await super().shutdown(sockets=sockets)
        except TimeoutError:
            for connection in tuple(self.server_state.connections):
                transport: Any = connection.transport
                transport.abort()
            for task in tuple(self.server_state.tasks):
                task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the composition root."""
        yield
