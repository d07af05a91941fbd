"""Many lights over a few connections, for measurements: as little Python as possible per answer.

Each light is a Tasmota box of one relay. A connection can carry only one will, so only the first
light of each connection goes `Offline` when the connection is lost.
"""

import argparse
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from agents.loudspeaker.link import Broker
from simulator.tasmota import Relays

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

READY_TIMEOUT_S = 30.0
_FILTERS_AT_ONCE = 50


def scale_mac(number: int) -> str:
    """The MAC of light `number`, from 0."""
    return f"5CA1E0{number:06X}"


def _without_delay(_client: mqtt.Client, _userdata: object, opened: "SocketLike") -> None:
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class ManyLights:
    """`count` lights that confirm at once; `start` returns when all of them listen."""

    def __init__(self, broker: Broker, count: int, connections: int) -> None:
        shares = [range(first, count, connections) for first in range(min(connections, count))]
        self._connections = [_Connection(broker, n, share) for n, share in enumerate(shares)]

    def start(self) -> None:
        """Connect, subscribe and introduce all lights. Raises TimeoutError, OSError."""
        for connection in self._connections:
            connection.start()
        for connection in self._connections:
            connection.wait()

    def stop(self) -> None:
        """Disconnect."""
        for connection in self._connections:
            connection.stop()


class _Connection:
    def __init__(self, broker: Broker, number: int, share: range) -> None:
        self._broker = broker
        self._boxes = [Relays(scale_mac(n), name=f"Đèn {n}") for n in share]
        self._answers = {box.topic("cmnd", "POWER"): box for box in self._boxes}
        self._ready = threading.Event()
        self._subscribed = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"scale-{number}")
        self._client.max_inflight_messages_set(0)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._listening
        self._client.on_message = self._received
        # Nagle's algorithm would hold back the second of two answers for 40 ms.
        self._client.on_socket_open = _without_delay

    def start(self) -> None:
        if self._broker.username:
            self._client.username_pw_set(self._broker.username, self._broker.password)
        will = self._boxes[0].will
        self._client.will_set(will.topic, will.payload, 1, retain=True)
        self._client.connect(self._broker.host, self._broker.port, keepalive=60)
        self._client.loop_start()

    def wait(self) -> None:
        if not self._ready.wait(READY_TIMEOUT_S):
            raise TimeoutError("the broker did not take all subscriptions")

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client, *_: Any) -> None:  # noqa: ANN401  paho's callback
        self._subscribed = 0
        filters = [(box.subscription, 1) for box in self._boxes]
        for at in range(0, len(filters), _FILTERS_AT_ONCE):
            client.subscribe(filters[at : at + _FILTERS_AT_ONCE])

    def _listening(self, client: mqtt.Client, *_: Any) -> None:  # noqa: ANN401  paho's callback
        self._subscribed += _FILTERS_AT_ONCE
        if self._subscribed < len(self._boxes):
            return
        for box in self._boxes:
            first = box.greeting(booted=False)[0]
            for said in (first, *box.discovery(), *box.power(1)):
                client.publish(said.topic, said.payload, 0, said.retain)
        self._ready.set()

    def _received(
        self,
        client: mqtt.Client,
        userdata: Any,  # noqa: ANN401, ARG002  paho's callback
        message: mqtt.MQTTMessage,
    ) -> None:
        box = self._answers.get(message.topic)
        if box is None:
            return
        for said in box.obey("POWER", bytes(message.payload)):
            client.publish(said.topic, said.payload)


def main(arguments: list[str] | None = None) -> None:
    """`python -m simulator.scale`: lights until SIGTERM; a line on standard output when ready."""
    parser = argparse.ArgumentParser(prog="simulator.scale", description=__doc__)
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--lights", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=10)
    options = parser.parse_args(arguments)
    host, _, port = options.broker.rpartition(":")
    broker = Broker(host, int(port), options.username, options.password)
    ended = threading.Event()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: ended.set())
    many = ManyLights(broker, options.lights, options.connections)
    many.start()
    print("ready", flush=True)  # noqa: T201  what a measurement waits for
    ended.wait()
    many.stop()


if __name__ == "__main__":
    main()
