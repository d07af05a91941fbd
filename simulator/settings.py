"""What the simulator reads of config.yaml, and the address that the hub leaves for devices."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agents.loudspeaker.link import Broker


class SettingsError(Exception):
    """config.yaml has no village that can be simulated; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Box:
    """One Tasmota box: its MAC, 12 hexadecimal digits, and how many relays it has."""

    mac: str
    relays: int = 1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A loudspeaker or an access point: its id in topics, and its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera to serve at its own rtsp:// address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Village:
    """All that is to be simulated; `data` is the hub's folder."""

    data: Path
    boxes: tuple[Box, ...]
    loudspeakers: tuple[Named, ...]
    access_points: tuple[Named, ...]
    cameras: tuple[Camera, ...]


def read_village(config: Path) -> Village:
    """The village of `begin` in config.yaml. Raises SettingsError."""
    try:
        content = yaml.safe_load(config.read_text("utf-8"))
        begin = content.get("begin") or {}
        devices = list(begin.get("devices") or ())
        return Village(
            data=config.resolve().parent / str(content.get("data", "data")),
            boxes=_boxes(_of_driver(devices, "tasmota")),
            loudspeakers=_named(_of_driver(devices, "loudspeaker")),
            access_points=_named(_of_driver(devices, "access_point")),
            cameras=tuple(
                Camera(str(c["name"]), str(c["url"])) for c in begin.get("cameras") or ()
            ),
        )
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{config}: {error!r}") from error


def read_credentials(data: Path) -> Broker:
    """The broker's address for devices; OSError or ValueError until the hub has written it."""
    content = json.loads((data / "broker" / "credentials.json").read_bytes())
    device = content.get("device") or {}
    return Broker(
        str(content["host"]), int(content["port"]), device.get("username"), device.get("password")
    )


def _of_driver(devices: list[Mapping[str, Any]], driver: str) -> list[Mapping[str, Any]]:
    return [device for device in devices if device["driver"] == driver]


def _named(devices: list[Mapping[str, Any]]) -> tuple[Named, ...]:
    return tuple(Named(str(device["address"]), str(device["name"])) for device in devices)


def _boxes(devices: list[Mapping[str, Any]]) -> tuple[Box, ...]:
    channels: defaultdict[str, list[int]] = defaultdict(list)
    names: dict[str, str] = {}
    for device in devices:
        mac, _, channel = str(device["address"]).partition("/")
        channels[mac.upper()].append(int(channel or 1))
        names.setdefault(mac.upper(), str(device["name"]))
    return tuple(Box(mac, max(channels[mac]), names[mac]) for mac in channels)
