"""A phone that listens to the event stream, or keeps a stream of pictures open."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Self

import httpx

from tests.villages import wait_until


@dataclass(frozen=True, slots=True)
class News:
    """One server-sent event, and when it came (time.monotonic)."""

    at: float
    noun: str
    body: dict[str, Any]


class EventStream:
    """A phone that listens to the event stream, or watches pictures, in a thread of its own."""

    def __init__(self, phone: httpx.Client, path: str = "/api/v1/events") -> None:
        self.heard: list[News] = []
        self.bytes = 0
        self.ended = threading.Event()
        url = phone.base_url
        self._connection = http.client.HTTPConnection(url.host, url.port or 80)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in phone.cookies.jar)
        self._connection.request("GET", path, headers={"Cookie": cookies})
        self._socket: socket.socket = self._connection.sock
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.read()
        self._thread = threading.Thread(target=self._listen, args=[answer], daemon=True)
        self._thread.start()

    def wait(
        self,
        noun: str,
        wanted: Callable[[dict[str, Any]], object] = lambda _: True,
        within_s: float = 10,
        since: int = 0,
    ) -> News:
        """The first event of this noun, from the `since`-th on, whose body is wanted."""
        found: News = wait_until(
            lambda: next(
                (n for n in self.heard[since:] if n.noun == noun and wanted(n.body)), None
            ),
            f"an event {noun}; heard {[n.noun for n in self.heard]}",
            within_s,
        )
        return found

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._connection.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, answer: IO[bytes]) -> None:
        noun = ""
        with suppress(OSError, http.client.HTTPException, ValueError), answer:
            while line := answer.readline():
                self.bytes += len(line)
                key, _, value = line.partition(b": ")
                if key == b"event":
                    noun = value.decode().strip()
                elif key == b"data":
                    self.heard.append(News(time.monotonic(), noun, json.loads(value)))
        self.ended.set()
