"""uvicorn's HTTP with a bound: httptools keeps a request's head in memory, however long it is.

A program that sends a header without end would fill the memory of a small computer.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD_BYTES = 64 * 1024


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection whose request line and headers are longer than 64 KB."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Count what comes until a head is complete."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > LONGEST_HEAD_BYTES:
            self.send_400_response("The request line and headers are too long.")

    def on_message_begin(self) -> None:
        """A request begins; `data_received` has counted its first bytes already."""
        if not self._in_head:
            self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What follows is the body, which the edge counts."""
        self._in_head = False
        super().on_headers_complete()
