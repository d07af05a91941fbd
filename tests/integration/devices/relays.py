"""Small Tasmota boxes on a real broker, each with its own connection and its own will."""

import json
import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.unit.devices.world import config


class RelayBox:
    """Carries out POWER and POWERn, reports as a real box does; can be silent, cut and pressed."""

    def __init__(self, port: int, mac: str, relays: int = 1) -> None:
        self.mac = mac
        self.topic = mac.lower()
        self.silent = False
        self.received: list[tuple[str, str, bool]] = []
        self.on = dict.fromkeys(
            ["POWER"] if relays == 1 else [f"POWER{n}" for n in range(1, relays + 1)], "OFF"
        )
        self._port = port
        self._relays = relays
        self._subscribed = threading.Event()
        self._client = self._connect()

    def _connect(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"DVES_{self.mac[-6:]}")
        client.will_set(f"tele/{self.topic}/LWT", "Offline", retain=True)
        client.on_connect = self._greet
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._obey
        client._reconnect_min_delay = client._reconnect_max_delay = 0.1  # type: ignore[assignment]
        client.connect("127.0.0.1", self._port, keepalive=5)
        client.loop_start()
        assert self._subscribed.wait(5)
        return client

    def _greet(self, client: paho.Client, *_: object) -> None:
        client.publish(f"tele/{self.topic}/LWT", "Online", retain=True)
        for key in self.on:
            self._report(client, key)
        discovery = config(self.mac, [1] * self._relays)
        client.publish(f"tasmota/discovery/{self.mac}/config", discovery, retain=True)
        client.subscribe(f"cmnd/{self.topic}/#", qos=1)

    def _obey(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        key, word = message.topic.rpartition("/")[2], message.payload.decode()
        self.received.append((key, word, message.retain))
        if self.silent:
            return
        if word in ("ON", "OFF"):
            self.on[key] = word
        self._report(client, key)

    def _report(self, client: paho.Client, key: str) -> None:
        client.publish(f"stat/{self.topic}/RESULT", json.dumps({key: self.on[key]}))
        client.publish(f"stat/{self.topic}/{key}", self.on[key])

    def press(self, key: str, word: str) -> None:
        """A hand at the pole."""
        self.on[key] = word
        self._report(self._client, key)

    def say(self, last: str, payload: bytes) -> None:
        self._client.publish(f"stat/{self.topic}/{last}", payload)

    def commands(self) -> list[tuple[str, str]]:
        return [(key, word) for key, word, _ in self.received if word]

    def power_cut(self) -> None:
        """The connection breaks without a word."""
        client: Any = self._client
        client.loop_stop()
        client.socket().close()

    def power_back(self, word: str) -> None:
        """Power is back, and every relay as `word`."""
        self.on = dict.fromkeys(self.on, word)
        self._subscribed.clear()
        self._client = self._connect()

    def end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
