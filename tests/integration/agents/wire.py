"""The two ends of the wire for tests: the agent as a process, a hub's ear, and sounds by HTTP."""

import asyncio
import json
import math
import os
import signal
import struct
import subprocess
import sys
import threading
import wave
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import aiomqtt

WAIT_S = 10.0
ROOT = Path(__file__).resolve().parents[3]


class MakeMp3(Protocol):
    def __call__(self, seconds: float, pulse_s: float = 0.7) -> bytes: ...


class StartAgent(Protocol):
    def __call__(self, output: str = "null", path: str | None = None) -> "AgentProcess": ...


class SendPlay(Protocol):
    def __call__(self, command_id: str, encoded: bytes, **changes: object) -> Awaitable[None]: ...


class Sounds:
    """A small HTTP server with sounds by name."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status = 200
        self.redirect_to: str | None = None
        self.gate = threading.Event()
        self.gate.set()
        sounds = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sounds.gate.wait(WAIT_S)
                body = sounds.files.get(self.path.lstrip("/").partition("?")[0])
                if sounds.redirect_to:
                    self.send_response(302)
                    self.send_header("Location", sounds.redirect_to)
                    self.end_headers()
                elif body is None or sounds.status != 200:
                    self.send_error(404 if body is None else sounds.status)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}?expires=1&signature=x"

    def add(self, name: str, encoded: bytes) -> None:
        self.files[name] = encoded

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def speech_like(path: Path, seconds: float, pulse_s: float, tone_hz: int) -> None:
    """A tone that swells and fades, so that its envelope is unmistakable."""
    rate = 24_000
    samples = (
        int(
            20_000
            * math.sin(2 * math.pi * tone_hz * n / rate)
            * (0.5 - 0.5 * math.cos(2 * math.pi * n / rate / pulse_s))
        )
        for n in range(int(seconds * rate))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


class AgentProcess:
    """The agent as a board runs it."""

    def __init__(self, port: int, folder: Path, output: str, path: str | None = None) -> None:
        self._arguments = [sys.executable, "-m", "agents.loudspeaker", "--id", "loa-1"]
        self._arguments += ["--name", "Loa ngõ 1", "--broker", f"127.0.0.1:{port}"]
        self._arguments += ["--output", output, "--data", str(folder), "--volume", "100"]
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if path:
            self._environment["PATH"] = path
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._arguments, env=self._environment, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(WAIT_S)

    def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(2.0)


class Hub:
    """The hub's side of the wire."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.heard: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        async for message in self._client.messages:
            payload = message.payload.decode()
            value = json.loads(payload) if payload.startswith("{") else payload
            async with self._news:
                self.heard.append((message.topic.value.rpartition("/")[2], value))
                self._news.notify_all()

    async def send(self, **command: object) -> None:
        await self._publish(command, retain=False)

    async def send_retained(self, **command: object) -> None:
        await self._publish(command, retain=True)

    async def _publish(self, command: dict[str, object], *, retain: bool) -> None:
        topic = "village/loudspeaker/loa-1/set"
        await self._client.publish(topic, json.dumps(command), qos=1, retain=retain)

    async def until(self, wanted: Callable[[], Any]) -> Any:  # noqa: ANN401  JSON
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(wanted)
            return wanted()

    async def ack(self, command_id: str, *statuses: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            for last, value in self.heard:
                if last == "ack" and value["id"] == command_id and value["status"] in statuses:
                    return dict(value)
            return None

        answer: dict[str, Any] = await self.until(found)
        return answer

    def statuses(self, command_id: str) -> list[str]:
        return [v["status"] for last, v in self.heard if last == "ack" and v["id"] == command_id]

    async def said(self, last: str, wanted: Callable[[Any], bool]) -> Any:  # noqa: ANN401  JSON
        return await self.until(
            lambda: next((v for got, v in reversed(self.heard) if got == last and wanted(v)), None)
        )

    async def online(self) -> None:
        self.heard.clear()
        await self.said("status", lambda value: value == "online")
        await self.said("state", bool)


def in_seconds(seconds: float) -> str:
    return (datetime.now().astimezone() + timedelta(seconds=seconds)).isoformat()
