"""Devices for tests at the far end of the wire: raw MQTT, scripted, and with a memory of all heard.

The relays speak Tasmota's native protocol (MQTT, Commands, JSON status responses, and the discovery
message of xdrv_12_discovery), the loudspeakers that of docs/topics.md.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

_RETRY_S = 0.05
_ANNOUNCEMENT = re.compile(r"/sound/([0-9a-f]+)\.mp3")


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, and when it came (time.monotonic)."""

    at: float
    topic: str
    payload: bytes
    retained: bool


class Device:
    """One client of the broker in a thread of its own; it comes back as soon as it can."""

    def __init__(self, login: dict[str, Any], name: str, *filters: str) -> None:
        self.heard: list[Heard] = []
        self.connected = threading.Event()
        self._login = login
        self._filters = filters
        self._ended = threading.Event()
        self._last: paho.MQTTMessageInfo | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
        if login.get("username"):
            self._client.username_pw_set(login["username"], login["password"])
        self._client.on_connect = lambda *_: self._connected()
        self._client.on_subscribe = lambda *_: self._subscribed()
        self._client.on_message = lambda _, __, message: self._message(message)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Self:
        """Connect; returns when it is connected and hears."""
        self._thread.start()
        assert self.connected.wait(10), "a test device does not reach the broker"
        return self

    def close(self) -> None:
        """Gone without a goodbye: the broker says its will."""
        self._ended.set()
        # A last look at the socket ends the thread's own loop.
        self._thread.join(5)
        with suppress(OSError):
            sock = self._client.socket()
            if sock is not None:
                sock.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def say(
        self, topic: str, payload: bytes | str | object, *, retain: bool = False, qos: int = 0
    ) -> None:
        """Publish; what is neither text nor bytes goes as JSON."""
        raw = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
        self._last = self._client.publish(topic, raw, qos=qos, retain=retain)

    def delivered(self, within_s: float = 20) -> None:
        """Wait until the broker has acknowledged all that was said, the last of it at QoS 1."""
        assert self._last is not None
        self._last.wait_for_publish(within_s)
        assert self._last.is_published(), "the broker did not take what a test device said"

    def greet(self) -> None:
        """What it says at each connection."""

    def obey(self, heard: Heard) -> None:
        """What it does about a message."""

    def will(self, topic: str, payload: str) -> None:
        self._client.will_set(topic, payload, qos=1, retain=True)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._client.connect(self._login["host"], self._login["port"], keepalive=30)
            except OSError:
                self._ended.wait(_RETRY_S)
                continue
            while not self._ended.is_set():
                if self._client.loop(0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
            self.connected.clear()
            self._ended.wait(_RETRY_S)

    def _connected(self) -> None:
        if self._filters:
            self._client.subscribe([(each, 1) for each in self._filters])
        else:
            self._subscribed()

    def _subscribed(self) -> None:
        self.greet()
        self.connected.set()

    def _message(self, message: paho.MQTTMessage) -> None:
        heard = Heard(time.monotonic(), message.topic, bytes(message.payload), message.retain)
        self.heard.append(heard)
        self.obey(heard)


class Relay(Device):
    """A Tasmota box. `mute`: it switches and never says so; `deaf`: it does nothing at all."""

    def __init__(
        self,
        login: dict[str, Any],
        mac: str,
        channels: int = 1,
        *,
        full_topic: str = "%prefix%/%topic%/",
    ) -> None:
        self.mac = mac
        self.full_topic = full_topic
        super().__init__(login, f"test-{mac}", self.topic("cmnd", "#"))
        self.on = [False] * channels
        self.mute = False
        self.deaf = False
        self.late_s = 0.0
        self.carried_out: list[tuple[float, int, bool]] = []
        """What it carried out: when (time.monotonic), the channel, and what that then was."""
        self.will(self.topic("tele", "LWT"), "Offline")

    @property
    def name(self) -> str:
        return f"tasmota_{self.mac[-6:]}"

    def topic(self, prefix: str, last: str) -> str:
        """`cmnd`, `stat` or `tele` where its FullTopic puts them."""
        full = self.full_topic.replace("%prefix%", prefix).replace("%topic%", self.name)
        return full + last

    def address(self, channel: int = 1) -> str:
        return f"{self.mac}/{channel}"

    def greet(self) -> None:
        self.say(self.topic("tele", "LWT"), "Online", retain=True)
        self.introduce()

    def introduce(self) -> None:
        """Discovery, as a box says it some seconds after it has power."""
        self.say(f"tasmota/discovery/{self.mac}/config", self.config(), retain=True)

    def withdraw(self) -> None:
        """Take the introduction back."""
        self.say(f"tasmota/discovery/{self.mac}/config", b"", retain=True, qos=1)

    def config(self) -> dict[str, object]:
        """The discovery message."""
        count = len(self.on)
        return {
            "ip": "127.0.0.1",
            "dn": f"Tasmota {self.mac[-4:]}",
            "fn": [f"Đèn {n + 1}" if n < count else None for n in range(8)],
            "hn": self.name,
            "mac": self.mac,
            "md": "Generic",
            "ofln": "Offline",
            "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "sw": "14.2.0",
            "t": self.name,
            "ft": self.full_topic,
            "tp": ["cmnd", "stat", "tele"],
            "rl": [1] * count + [0] * (8 - count),
            "so": {"4": 0, "20": 0},
            "lt_st": 0,
            "ver": 1,
        }

    def press(self, channel: int = 1) -> None:
        """A hand at the pole."""
        self.on[channel - 1] = not self.on[channel - 1]
        self.report(channel)

    def report(self, channel: int = 1, *, retain: bool = False) -> None:
        """The two replies about one relay."""
        word = "ON" if self.on[channel - 1] else "OFF"
        self.say(self.topic("stat", "RESULT"), {self._key(channel): word}, retain=retain)
        self.say(self.topic("stat", self._key(channel)), word, retain=retain)

    def orders(self, channel: int = 1) -> list[Heard]:
        """All switches that it was sent, carried out or not."""
        wanted = self.topic("cmnd", self._key(channel))
        return [heard for heard in tuple(self.heard) if heard.topic == wanted and heard.payload]

    def obey(self, heard: Heard) -> None:
        found = re.fullmatch(r"POWER(\d?)", heard.topic.rpartition("/")[2])
        if found is None or self.deaf:
            return
        channel = int(found[1] or 1)
        if heard.payload:
            self.on[channel - 1] = heard.payload == b"ON"
            self.carried_out.append((heard.at, channel, self.on[channel - 1]))
        if not self.mute:
            if self.late_s:
                time.sleep(self.late_s)  # a slow box does nothing else meanwhile
            self.report(channel)

    def _key(self, channel: int) -> str:
        return "POWER" if len(self.on) == 1 else f"POWER{channel}"


class Loudspeaker(Device):
    """It plays nothing, and remembers each order to play, also those that it had already.

    `answers`: how far its answers go. Whether something is played twice is the hub's matter here:
    unlike the real agent it refuses no order.
    """

    def __init__(self, login: dict[str, Any], name: str) -> None:
        self.name = name
        self.base = f"village/loudspeaker/{name}"
        super().__init__(login, f"loudspeaker-{name}", f"{self.base}/set")
        self.answers: Literal["nothing", "accepted", "playing", "done"] = "done"
        self.plays: Counter[str] = Counter()
        """How often each announcement was to be played."""
        self.orders: list[dict[str, Any]] = []
        self.will(f"{self.base}/status", "offline")

    def greet(self) -> None:
        self.say(f"{self.base}/status", "online", retain=True)
        self.state()

    def state(self, volume: int = 60) -> None:
        state = {"now": None, "volume": volume, "queue": 0, "version": "1", "name": self.name}
        self.say(f"{self.base}/state", state, retain=True)

    def obey(self, heard: Heard) -> None:
        order = json.loads(heard.payload)
        self.orders.append(order)
        match order["op"]:
            case "play":
                found = _ANNOUNCEMENT.search(order["url"])
                assert found is not None, order["url"]
                self.plays[found[1]] += 1
                steps = ("nothing", "accepted", "playing", "done")
                for status in steps[1 : steps.index(self.answers) + 1]:
                    self.acknowledge(order["id"], status)
            case "volume":
                self.acknowledge(order["id"], "done")
                self.state(order["percent"])
            case _:
                self.acknowledge(order["id"], "done")
                self.state()

    def orders_to_play(self) -> list[dict[str, Any]]:
        """The orders of op play, as they came."""
        return [order for order in tuple(self.orders) if order["op"] == "play"]

    def acknowledge(self, order_id: str, status: str) -> None:
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self.say(f"{self.base}/ack", {"id": order_id, "status": status, "at": at}, qos=1)


class AccessPoint(Device):
    """A guest network that is switched at once."""

    def __init__(self, login: dict[str, Any], name: str) -> None:
        self.base = f"village/access-point/{name}"
        super().__init__(login, f"access-point-{name}", f"{self.base}/set")
        self.on = True
        self.will(f"{self.base}/status", "offline")

    def greet(self) -> None:
        self.say(f"{self.base}/status", "online", retain=True)
        self.state()

    def state(self) -> None:
        guest = {"on": self.on, "name": "Nha Van Hoa", "stations": 7}
        state = {"guest": guest, "internet": True, "uptime_s": 60, "version": "1"}
        self.say(f"{self.base}/state", state, retain=True)

    def obey(self, heard: Heard) -> None:
        order = json.loads(heard.payload)
        if order["op"] == "guest":
            self.on = order["turn"] == "on"
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self.say(f"{self.base}/ack", {"id": order["id"], "status": "done", "at": at}, qos=1)
        self.state()


def adopt(
    phone: Any,  # noqa: ANN401  httpx.Client
    zone: str,
    driver: str,
    kind: str,
    address: str,
    name: str,
    until: Callable[[Callable[[], object], str], Any],
) -> str:
    """Wait until it stands among the found and adopt it; the id of the device."""
    until(
        lambda: (
            address in [f["address"] for f in phone.get("/api/v1/devices/found").json()["items"]]
        ),
        f"{address} waits among the found",
    )
    sent = {"driver": driver, "address": address, "kind": kind, "name": name, "zone": zone}
    answer = phone.post("/api/v1/devices", json=sent)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found
