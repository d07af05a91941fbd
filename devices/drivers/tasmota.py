"""Tasmota relays and dimmers over their native MQTT protocol.

Sources: the Tasmota documentation (MQTT, Commands, JSON Status Responses) and the discovery source
`tasmota/tasmota_xdrv_driver/xdrv_12_discovery.ino`. Every topic is built from `ft`, `tp` and `t`
of the discovery message, since both orders of FullTopic are in use. Levels are sent as words,
never TOGGLE, and nothing is retained: a retained command switches the lamp at every reconnect.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from devices.driver import (
    Announced,
    AskState,
    Channel,
    Heard,
    MalformedPayloadError,
    Order,
    Reachable,
    Record,
    Report,
    Switch,
    UnsupportedOrderError,
    Withdrawn,
)
from devices.drivers.payload import number, object_of, text_of, whole, words
from hub.mqtt import Publish

_CONFIG: Final = re.compile(r"tasmota/discovery/([0-9A-F]{12})/config")
_CHANNEL_KEY: Final = re.compile(r"POWER([1-9]|[12][0-9]|3[0-2])?")
_RELAY: Final = 1
_LIGHT: Final = 2
_MOST_CHANNELS: Final = 32
_COMMAND, _STATE, _TELEMETRY = 0, 1, 2  # places in `tp`


class Tasmota:
    """The driver; an address is `<12 hex digits of the MAC>/<channel from 1>`."""

    name = "tasmota"
    filters = ("tasmota/discovery/+/config",)
    age_limit_s = 660.0  # twice the default TelePeriod of 300 s, and a minute

    def discover(self, topic: str, payload: bytes) -> Announced | Withdrawn | None:
        """Read `tasmota/discovery/<MAC>/config`; an empty one withdraws the box."""
        if not topic.startswith("tasmota/discovery/"):
            return None
        found = _CONFIG.fullmatch(topic)
        if found is None:
            return None
        mac = found[1]
        if not payload:
            return Withdrawn(mac)
        record = _record(mac, object_of(payload))
        names = cast("list[str | None]", record["fn"])
        box_name = cast("str", record["dn"])
        channels = tuple(
            Channel(
                str(number_),
                f"{mac}/{number_}",
                "light",
                names[number_ - 1] or f"{box_name} {number_}",
            )
            for number_ in _lights(cast("list[int]", record["rl"]))
        )
        return Announced(mac, record, cast("str", record["md"]), channels)

    def box(self, record: Record) -> "TasmotaBox":
        """The box behind a record made by `discover`."""
        return TasmotaBox(record)

    def split(self, address: str) -> tuple[str, str]:
        """`A0B1C2D3E4F5/2` is channel 2 of box A0B1C2D3E4F5."""
        mac, _, channel = address.partition("/")
        return mac, channel

    def record_of(self, address: str) -> Record | None:
        """None: only the box itself knows its topics."""
        del address
        return None


class TasmotaBox:
    """One box: its topics, and the words it uses."""

    def __init__(self, record: Record) -> None:
        self._on, self._off = (cast("str", record[key]).casefold() for key in ("on", "off"))
        self._send_on, self._send_off = cast("str", record["on"]), cast("str", record["off"])
        self._online, self._offline = cast("str", record["onln"]), cast("str", record["ofln"])
        relays = cast("list[int]", record["rl"])
        self._channels = tuple(str(found) for found in _lights(relays))
        self._first = self._channels[0] if self._channels else "1"
        self._single = sum(1 for relay in relays if relay) == 1
        lights = [index + 1 for index, relay in enumerate(relays) if relay == _LIGHT]
        dims = len(lights) == 1 and record["lt_st"] != 0
        self._dimmer = str(lights[0]) if dims else None
        self._dimmer_switches_on = not record["so20"]
        self._command = topic_of(record, _COMMAND)
        state, telemetry = topic_of(record, _STATE), topic_of(record, _TELEMETRY)
        answers_on_command_topic = bool(record["so4"])
        self.topics: Mapping[str, str] = {
            f"{telemetry}LWT": "lwt",
            f"{telemetry}STATE": "report",
            f"{telemetry}SENSOR": "sensor",
            f"{state}RESULT": "answer",
            f"{state}DIMMER": "answer",
            f"{state}Dimmer": "answer",
            **self._power_topics(state, answers_on_command_topic),
        }
        states, telemetries = wide_topic_of(record, _STATE), wide_topic_of(record, _TELEMETRY)
        self.filters = (
            f"{states}+",
            f"{telemetries}LWT",
            f"{telemetries}STATE",
            f"{telemetries}SENSOR",
        )

    def decode(self, part: str, payload: bytes) -> Sequence[Heard]:
        """Read one message; raises MalformedPayloadError."""
        if part == "answer":
            return self._reports(object_of(payload), acknowledged=True)
        if part.startswith("power"):
            return self._power(part, payload)
        if part == "lwt":
            return self._will(text_of(payload))
        if part == "report":
            return self._reports(object_of(payload), acknowledged=False)
        return self._energy(object_of(payload))

    def encode(self, channel: str, order: Order) -> list[Publish]:
        """Write a Switch or an AskState."""
        if isinstance(order, AskState):
            return self.query(channel, order)
        if not isinstance(order, Switch):
            raise UnsupportedOrderError
        dims = order.on and order.level is not None and channel == self._dimmer
        publishes = []
        if dims:
            publishes.append(Publish(f"{self._command}Dimmer", str(order.level).encode()))
        if not dims or not self._dimmer_switches_on:
            word = self._send_on if order.on else self._send_off
            publishes.append(Publish(self._power_topic(channel), word.encode()))
        return publishes

    def query(self, channel: str, order: AskState) -> list[Publish]:
        """An empty payload asks: the answer comes as if it had been commanded."""
        del order
        publishes = [Publish(self._power_topic(channel), b"")]
        if channel == self._dimmer:
            publishes.append(Publish(f"{self._command}Dimmer", b""))
        return publishes

    def dims(self, channel: str) -> bool:
        """A light of its own on the box, with a level."""
        return channel == self._dimmer

    def _power_topic(self, channel: str) -> str:
        return f"{self._command}POWER" if self._single else f"{self._command}POWER{channel}"

    def _power_topics(self, state: str, acknowledges: bool) -> dict[str, str]:  # noqa: FBT001
        """With SetOption4 the answers come here, as JSON; otherwise this is a plain echo."""
        kind = "power-answer" if acknowledges else "power"
        topics = {f"{state}POWER{channel}": f"{kind}/{channel}" for channel in self._channels}
        if self._channels:
            topics[f"{state}POWER"] = f"{kind}/{self._channels[0]}"
        return topics

    def _power(self, part: str, payload: bytes) -> Sequence[Heard]:
        kind, _, channel = part.partition("/")
        acknowledged = kind == "power-answer"
        if payload[:1] == b"{":
            return self._reports(object_of(payload), acknowledged=acknowledged)
        return (Report(channel, on=self._is_on(text_of(payload)), acknowledged=acknowledged),)

    def _reports(self, said: dict[str, object], *, acknowledged: bool) -> list[Heard]:
        level = whole(said.get("Dimmer"), 0, 100) if self._dimmer is not None else None
        found: list[Heard] = []
        for key, value in said.items():
            if not key.startswith("POWER"):
                continue
            match = _CHANNEL_KEY.fullmatch(key)
            if match is None:  # such as {"POWERONSTATE": 3}
                continue
            channel = match[1] or self._first
            its_level = level if channel == self._dimmer else None
            found.append(Report(channel, self._is_on(value), its_level, acknowledged))
        if not found and level is not None:
            found.append(Report(cast("str", self._dimmer), None, level, acknowledged))
        return found

    def _is_on(self, value: object) -> bool:
        if isinstance(value, str):
            word = value.casefold()
            if word == self._on:
                return True
            if word == self._off:
                return False
        raise MalformedPayloadError("a switch that is neither on nor off")

    def _will(self, word: str) -> Sequence[Heard]:
        if word == self._online:
            return (Reachable(online=True),)
        if word == self._offline:
            return (Reachable(online=False),)
        if not word:
            return ()
        raise MalformedPayloadError("a will that is neither online nor offline")

    def _energy(self, said: dict[str, object]) -> Sequence[Heard]:
        energy = said.get("ENERGY")
        if not isinstance(energy, dict) or not self._channels:
            return ()
        power = energy.get("Power")
        if len(self._channels) == 1:
            total = _total(power)
            return () if total is None else (_watts(self._channels[0], total),)
        # A single figure for a box with several relays belongs to none of them.
        if not isinstance(power, list):
            return ()
        each = zip(self._channels, map(number, power), strict=False)
        return [_watts(channel, watts) for channel, watts in each if watts is not None]


def topic_of(record: Record, prefix: int) -> str:
    """The box's own topic up to and with the last slash."""
    return _fill(record, prefix, cast("str", record["t"]))


def wide_topic_of(record: Record, prefix: int) -> str:
    """The same for every box with this FullTopic, so that all share one subscription."""
    full_topic = cast("str", record["ft"])
    alone = all("%topic%" not in level or level == "%topic%" for level in full_topic.split("/"))
    own_words = "%hostname%" in full_topic or "%id%" in full_topic
    single_level = "/" not in cast("str", record["t"])
    if alone and single_level and not own_words:
        return _fill(record, prefix, "+")
    return topic_of(record, prefix)


def _fill(record: Record, prefix: int, topic: str) -> str:
    prefixes = cast("list[str]", record["tp"])
    filled = (
        cast("str", record["ft"])
        .replace("%hostname%", cast("str", record["hn"]))
        .replace("%id%", cast("str", record["mac"]))
        .replace("%prefix%", prefixes[prefix])
        .replace("%topic%", topic)
    )
    return filled if filled.endswith("/") else f"{filled}/"


def _record(mac: str, said: dict[str, object]) -> dict[str, object]:
    """Check a discovery message and keep what is needed of it."""
    relays = said.get("rl")
    if not isinstance(relays, list) or len(relays) > _MOST_CHANNELS:
        raise MalformedPayloadError("rl is not a list of relays")
    states = said.get("state")
    if not isinstance(states, list):
        raise MalformedPayloadError("state is not a list of words")
    options = said.get("so")
    options = options if isinstance(options, dict) else {}
    names = said.get("fn")
    names = names if isinstance(names, list) else []
    record: dict[str, object] = {
        "mac": mac,
        "dn": words(said.get("dn")) or f"Tasmota {mac[-6:]}",
        "fn": [words(name) for name in (*names, *[None] * len(relays))][: len(relays)],
        "md": words(said.get("md")) or "Tasmota",
        "hn": words(said.get("hn")) or mac,
        "rl": [relay if relay in (_RELAY, _LIGHT, 3) else 0 for relay in relays],
        "lt_st": whole(said.get("lt_st"), 0, 100) or 0,
        "so4": options.get("4") == 1,
        "so20": options.get("20") == 1,
        "onln": words(said.get("onln")) or "Online",
        "ofln": words(said.get("ofln")) or "Offline",
        "off": _word(states, 0),
        "on": _word(states, 1),
        **_topics(said),
    }
    _check_topics(record)
    return record


def _word(states: list[object], place: int) -> str:
    word = words(states[place]) if len(states) > place else None
    if word is None:
        raise MalformedPayloadError("state holds no words for on and off")
    return word


def _topics(said: dict[str, object]) -> dict[str, object]:
    full_topic, prefixes, topic = said.get("ft"), said.get("tp"), said.get("t")
    if not isinstance(full_topic, str) or not isinstance(topic, str) or not topic:
        raise MalformedPayloadError("ft or t is no topic")
    if "%prefix%" not in full_topic or "%topic%" not in full_topic:
        raise MalformedPayloadError("ft lacks %prefix% or %topic%")
    if (
        not isinstance(prefixes, list)
        or len(prefixes) != _TELEMETRY + 1
        or not all(isinstance(prefix, str) and prefix for prefix in prefixes)
        or len(set(prefixes)) != len(prefixes)
    ):
        raise MalformedPayloadError("tp is not three different prefixes")
    return {"ft": full_topic, "tp": prefixes, "t": topic}


def _check_topics(record: Record) -> None:
    """Refuse what no topic may hold, and topics that would lead into the hub's own."""
    for prefix in (_COMMAND, _STATE, _TELEMETRY):
        topic = topic_of(record, prefix)
        if len(topic) > 200 or any(c in "+#$" or not c.isprintable() for c in topic):  # noqa: PLR2004
            raise MalformedPayloadError("ft, tp and t make no usable topic")
        if topic.startswith(("village/", "tasmota/discovery/")):
            raise MalformedPayloadError("ft, tp and t lead into another protocol's topics")


def _lights(relays: list[int]) -> list[int]:
    """The channels that can be lights, counted from 1; shutters are none."""
    return [index + 1 for index, relay in enumerate(relays) if relay in (_RELAY, _LIGHT)]


def _watts(channel: str, watts: float) -> Report:
    return Report(channel, readings={"watts": watts})


def _total(power: object) -> float | None:
    """Power as a number, as a list (one per channel) or as a dict (one per phase)."""
    if isinstance(power, list):
        parts = [number(part) for part in power]
    elif isinstance(power, dict):
        parts = [number(part) for part in power.values()]
    else:
        return number(power)
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
