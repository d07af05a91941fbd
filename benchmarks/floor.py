"""The floor of commands: paho alone, in a process of its own, switching the same lights.

    python -m benchmarks.floor    order as one JSON line on standard input, figures as JSON

A command is published with QoS 1 and counts as done when the light's own RESULT is back. No web,
no sign-in, no store, no states: what is left is what MQTT itself costs in Python.
"""

import json
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).parent.parent
_LOOP_S = 1.0


class Floor:
    """Switches lights, a number of them at a time."""

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="benchmark-floor")
        self._client.username_pw_set(username, password)
        self._client.max_inflight_messages_set(0)
        self._client.max_queued_messages_set(0)
        self._client.on_message = self._echoed
        self._client.on_subscribe = self._listening
        self._client.on_socket_open = _no_delay
        self._client.connect(host, port)
        self._ready = False
        self._waiting: deque[str] = deque()
        self._sent_at: dict[str, float] = {}
        self._latencies: list[float] = []
        self._word = "ON"

    def open(self) -> None:
        """Listen to the lights."""
        self._client.subscribe("stat/+/RESULT", 0)
        while not self._ready:
            self._client.loop(_LOOP_S)

    def switch(self, lights: list[str], at_once: int, word: str) -> list[float]:
        """Send one command to each; seconds until each echo, in the order of the echoes."""
        self._waiting, self._sent_at, self._latencies = deque(lights), {}, []
        self._word = word
        for _ in range(min(at_once, len(lights))):
            self._send()
        while len(self._latencies) < len(lights):
            self._client.loop(_LOOP_S)
        return self._latencies

    def _send(self) -> None:
        light = self._waiting.popleft()
        self._sent_at[light] = time.perf_counter()
        self._client.publish(f"cmnd/{light}/POWER", self._word, qos=1)

    def _echoed(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        sent_at = self._sent_at.pop(message.topic.split("/")[1], None)
        if sent_at is None:
            return
        self._latencies.append(time.perf_counter() - sent_at)
        if self._waiting:
            self._send()

    def _listening(self, *_: Any) -> None:  # noqa: ANN401  paho's callback
        self._ready = True


def _no_delay(_client: mqtt.Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True, slots=True)
class Switched:
    """Seconds to each echo, wall and CPU time of it all."""

    latencies: list[float]
    seconds: float
    cpu_s: float


class FloorProcess:
    """The floor as a process of its own."""

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        self._order = {"host": host, "port": port, "username": username, "password": password}

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.floor"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(self._order)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def switch(self, lights: list[str], at_once: int, rounds: int) -> Switched:
        """Switch all lights so many times over."""
        self._say([lights, at_once, rounds])
        assert self._process.stdout is not None  # noqa: S101  a pipe
        return Switched(**json.loads(self._process.stdout.readline()))

    def _say(self, line: object) -> None:
        assert self._process.stdin is not None  # noqa: S101  a pipe
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()


def main() -> None:
    """Carry out one order after another until standard input ends."""
    order = json.loads(sys.stdin.readline())
    floor = Floor(order["host"], order["port"], order["username"], order["password"])
    floor.open()
    for line in sys.stdin:
        lights, at_once, rounds = json.loads(line)
        latencies: list[float] = []
        cpu, began = time.process_time(), time.perf_counter()
        for number in range(rounds):
            latencies += floor.switch(lights, at_once, "OFF" if number % 2 else "ON")
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        figures = {"latencies": latencies, "seconds": seconds, "cpu_s": used}
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
