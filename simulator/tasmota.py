"""What a Tasmota box says, as bytes and topics: no network here.

Facts from the Tasmota documentation (MQTT, Commands, JSON status responses) and its sources
(xdrv_02_mqtt, xdrv_12_discovery, support_command): see docs/topics.md.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

VERSION = "14.2.0"
LAMP_W = 70.0
MAX_RELAYS = 8
TELE_PERIOD_S = 60.0

_POWER = re.compile(r"POWER(\d*)")
_KWH_PER_WS = 1 / 3_600_000
_STATES = {"ON": True, "1": True, "TRUE": True, "OFF": False, "0": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Said:
    """One message: where, what, and whether the broker keeps it."""

    topic: str
    payload: str
    retain: bool = False


class Relays:
    """A box of one or more relays, each with a street lamp behind it."""

    def __init__(
        self, mac: str, relays: int = 1, *, name: str = "", full_topic: str = "%prefix%/%topic%/"
    ) -> None:
        if not re.fullmatch(r"[0-9A-F]{12}", mac) or not 1 <= relays <= MAX_RELAYS:
            raise ValueError(f"{mac}/{relays}: expected 12 hexadecimal digits and 1 to 8 relays")
        self.mac = mac
        self.name = name or f"Tasmota {mac[-4:]}"
        self.on = [False] * relays
        self.silent: set[int] = set()
        self.tele_period_s = TELE_PERIOD_S
        self._topic = f"tasmota_{mac[-6:]}"
        self._full_topic = full_topic
        self._boots = 0
        # The same box has the same lamps at each start.
        self._chance = random.Random(mac)
        self._watts = [LAMP_W * self._chance.uniform(0.95, 1.05) for _ in range(relays)]
        self._total_kwh = [self._chance.uniform(50, 400) for _ in range(relays)]
        self._today_kwh = [0.0] * relays

    def topic(self, prefix: str, last: str) -> str:
        """`cmnd`, `stat` or `tele` with the box's own order of levels."""
        return self._full_topic.replace("%prefix%", prefix).replace("%topic%", self._topic) + last

    @property
    def will(self) -> Said:
        """What the broker says when the box is gone."""
        return Said(self.topic("tele", "LWT"), "Offline", retain=True)

    @property
    def subscription(self) -> str:
        """All commands to this box."""
        return self.topic("cmnd", "#")

    def greeting(self, *, booted: bool) -> list[Said]:
        """What a box says at each connection; more of it after power came on."""
        said = [
            Said(self.topic("tele", "LWT"), "Online", retain=True),
            # The box empties its own command topic; whoever listens to commands sees it.
            Said(self.topic("cmnd", "POWER"), ""),
        ]
        if booted:
            self._boots += 1
            said += self._info()
        for channel in range(1, len(self.on) + 1):
            said += self.power(channel)
        return [*said, self.state(), self.sensor()]

    def discovery(self) -> list[Said]:
        """The two retained messages by which a box is found."""
        base = f"tasmota/discovery/{self.mac}"
        sensors = {"sn": {"Time": _time(), "ENERGY": self._energy()}, "ver": 1}
        return [
            Said(f"{base}/config", _json(self._config()), retain=True),
            Said(f"{base}/sensors", _json(sensors), retain=True),
        ]

    def power(self, channel: int) -> list[Said]:
        """The two replies about one relay, in the order in which a box sends them."""
        key, word = self._key(channel), self._word(channel)
        if channel in self.silent:
            return []
        return [
            Said(self.topic("stat", "RESULT"), _json({key: word})),
            Said(self.topic("stat", key), word),
        ]

    def state(self) -> Said:
        """`tele/.../STATE`."""
        return Said(self.topic("tele", "STATE"), _json(self._state()))

    def sensor(self) -> Said:
        """`tele/.../SENSOR` with the energy."""
        return Said(
            self.topic("tele", "SENSOR"), _json({"Time": _time(), "ENERGY": self._energy()})
        )

    def burn(self, seconds: float) -> None:
        """Let the lamps that are on use electricity."""
        for index, on in enumerate(self.on):
            used = self._watts[index] * seconds * _KWH_PER_WS if on else 0.0
            self._total_kwh[index] += used
            self._today_kwh[index] += used

    def press(self, channel: int) -> list[Said]:
        """Switched by hand at the pole."""
        self.on[channel - 1] = not self.on[channel - 1]
        return self.power(channel)

    def obey(self, command: str, payload: bytes) -> list[Said]:
        """Carry out `cmnd/<topic>/<command>`; the replies."""
        name = command.upper()
        argument = payload.decode("utf-8", "replace").strip()
        if match := _POWER.fullmatch(name):
            return list(self._switch(match[1], argument.upper()))
        if self.silent:
            return []
        match name:
            case "STATE":
                # SetOption59 is off by default, so the answer is a RESULT and no tele message.
                return [Said(self.topic("stat", "RESULT"), _json(self._state()))]
            case "STATUS":
                return list(self._status(argument))
            case "TELEPERIOD":
                return [self._set_tele_period(argument)]
            case _:
                return [self._result({"Command": "Unknown", "Input": command})]

    def _switch(self, number: str, word: str) -> Iterator[Said]:
        channels = range(1, len(self.on) + 1) if number == "0" else [int(number or 1)]
        for channel in channels:
            if channel > len(self.on):
                yield self._result({"Command": "Unknown"})
                return
            if word in {"TOGGLE", "2"}:
                self.on[channel - 1] = not self.on[channel - 1]
            elif word in _STATES:
                self.on[channel - 1] = _STATES[word]
            # anything else, such as an empty message, is a question
            yield from self.power(channel)

    def _status(self, argument: str) -> Iterator[Said]:
        wanted = int(argument) if argument.isdecimal() else 0
        if wanted in {0, 8, 10}:
            sensors = {"StatusSNS": {"Time": _time(), "ENERGY": self._energy()}}
            last = "STATUS8" if wanted == 8 else "STATUS10"  # noqa: PLR2004  Tasmota's numbers
            yield Said(self.topic("stat", last), _json(sensors))
        if wanted in {0, 11}:
            yield Said(self.topic("stat", "STATUS11"), _json({"StatusSTS": self._state()}))

    def _set_tele_period(self, argument: str) -> Said:
        if argument.isdecimal():
            # Tasmota takes 10 to 3600 s, and raises what is less to 10
            self.tele_period_s = float(min(max(int(argument), 10), 3600))
        return self._result({"TelePeriod": int(self.tele_period_s)})

    def _result(self, content: dict[str, object]) -> Said:
        return Said(self.topic("stat", "RESULT"), _json(content))

    def _key(self, channel: int) -> str:
        return "POWER" if len(self.on) == 1 else f"POWER{channel}"

    def _word(self, channel: int) -> str:
        return "ON" if self.on[channel - 1] else "OFF"

    def _state(self) -> dict[str, object]:
        powers = {self._key(n): self._word(n) for n in range(1, len(self.on) + 1)}
        wifi = {"AP": 1, "SSId": "thon-iot", "Channel": 6, "RSSI": 74, "Signal": -63}
        return {"Time": _time(), "Uptime": "0T00:10:00", "Vcc": 3.4, **powers, "Wifi": wifi}

    def _energy(self) -> dict[str, object]:
        volts = round(self._chance.uniform(224, 233))
        watts = [round(watts) if on else 0 for watts, on in zip(self._watts, self.on, strict=True)]
        return {
            "TotalStartTime": "2026-01-01T00:00:00",
            "Total": self._shape([round(total, 3) for total in self._total_kwh]),
            "Yesterday": 0.61,
            "Today": self._shape([round(today, 3) for today in self._today_kwh]),
            "Power": self._shape(watts),
            "ApparentPower": self._shape([round(w / 0.95) for w in watts]),
            "ReactivePower": self._shape([round(w * 0.33) for w in watts]),
            "Factor": self._shape([0.95 if w else 0.0 for w in watts]),
            "Voltage": volts,
            "Current": self._shape([round(w / 0.95 / volts, 3) for w in watts]),
        }

    def _shape(self, values: list[float] | list[int]) -> object:
        # One channel is a number, several are a list: both stand in real messages.
        return values[0] if len(values) == 1 else values

    def _info(self) -> list[Said]:
        fallback = f"cmnd/DVES_{self.mac[-6:]}_fb/"
        first = {"Module": "Generic", "Version": f"{VERSION}(release-tasmota)"}
        first |= {"FallbackTopic": fallback, "GroupTopic": "cmnd/tasmotas/"}
        second = {"WebServerMode": "Admin", "Hostname": self._host, "IPAddress": "127.0.0.1"}
        third = {"RestartReason": "Power On", "BootCount": self._boots}
        contents = enumerate((first, second, third), 1)
        return [Said(self.topic("tele", f"INFO{n}"), _json({f"Info{n}": c})) for n, c in contents]

    @property
    def _host(self) -> str:
        return f"{self._topic}-{int(self.mac[-4:], 16) % 8192:04d}"

    def _config(self) -> dict[str, object]:
        count = len(self.on)
        return {
            "ip": "127.0.0.1",
            "dn": self.name,
            "fn": [f"{self.name} {n}" if n <= count else None for n in range(1, 9)],
            "hn": self._host,
            "mac": self.mac,
            "md": "Generic",
            "ty": 0,
            "if": 0,
            "ofln": "Offline",
            "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "sw": VERSION,
            "t": self._topic,
            "ft": self._full_topic,
            "tp": ["cmnd", "stat", "tele"],
            "rl": [1] * count + [0] * (MAX_RELAYS - count),
            "swc": [-1] * 8,
            "swn": [None] * 8,
            "btn": [0] * 8,
            "so": {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0},
            "lk": 0,
            "lt_st": 0,
            "bat": 0,
            "dslp": 0,
            "sho": [],
            "sht": [],
            "ver": 1,
        }


def _time() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
