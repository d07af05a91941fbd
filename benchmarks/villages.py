"""Villages to measure: a hub, its broker and its devices as processes of their own."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.phone import Phone
from hub.broker_files import BrokerUser, keep_credentials, write_mosquitto
from simulator.scale import scale_mac
from tests.villages import (
    Hub,
    Program,
    Simulator,
    free_port,
    running,
    sample_config,
    write_config,
)

ROOT = Path(__file__).parent.parent
PARENT = ROOT / "build"
_READY_WITHIN_S = 60.0
_CONNECTIONS = 10
_ASK_AGAIN_S = 0.2


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one measurement on the disk of the project: /tmp may lie in memory."""
    PARENT.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=PARENT) as name:
        yield Path(name)


@contextmanager
def program(arguments: list[str], log: Path) -> Iterator[Program]:
    """A program that ends with the block."""
    started = Program(arguments, log)
    with running(started):
        yield started


class LightVillage:
    """One road of many simulated lights, and the very broker that the hub would run.

    The broker is a process beside the hub, so that the floor is measured on it without the hub.
    """

    def __init__(self, place: Path, lights: int) -> None:
        self.lights = lights
        self.port = free_port()
        users = keep_credentials(place / "broker", "127.0.0.1", self.port)
        self.user: BrokerUser = users.hub
        self.device: BrokerUser = users.device
        self._place = place
        self._conf = write_mosquitto(place / "broker", "127.0.0.1", self.port, users.users)
        (place / "hub-password").write_text(users.hub.password)

    @contextmanager
    def broker(self) -> Iterator[Program]:
        """Mosquitto, configured as the hub configures it."""
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with program([mosquitto, "-c", str(self._conf)], self._place / "mosquitto.log") as started:
            yield started

    @contextmanager
    def simulator(self) -> Iterator[Program]:
        """The lights: they answer at once."""
        arguments = [sys.executable, "-m", "simulator.scale", "--broker", f"127.0.0.1:{self.port}"]
        # With "=": a password may begin with a dash.
        arguments += [f"--username={self.device.name}", f"--password={self.device.password}"]
        arguments += ["--lights", str(self.lights), "--connections", str(_CONNECTIONS)]
        with program(arguments, self._place / "scale.log") as started:
            wait_said(started, "ready")
            yield started

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub, with the lights adopted on one road."""
        devices = [_light(number) for number in range(self.lights)]
        file = write_config(
            self._place,
            broker={
                "mode": "external",
                "host": "127.0.0.1",
                "port": self.port,
                "username": self.user.name,
                "password_file": str(self._place / "hub-password"),
            },
            begin={"zones": [{"name": "Đường dài"}], "devices": devices},
        )
        with hub(file) as started:
            yield started


def _light(number: int) -> dict[str, str]:
    light = {"driver": "tasmota", "kind": "light", "zone": "Đường dài"}
    return light | {"address": f"{scale_mac(number)}/1", "name": f"Đèn {number}"}


@contextmanager
def hub(config: Path) -> Iterator[Hub]:
    """A hub that answers; it ends with the block."""
    started = Hub(config)
    with running(started):
        yield started.wait_ready(_READY_WITHIN_S)


@contextmanager
def sample_village(place: Path, **changes: Any) -> Iterator[Hub]:  # noqa: ANN401  any key
    """The hub and the simulated village of the project's config.yaml."""
    file = sample_config(place, **changes)
    with hub(file) as started, running(Simulator(file)):
        yield started


async def head_of(hub_process: Hub) -> Phone:
    """A phone that is signed in as the head, by the link that the hub printed."""
    phone = Phone(hub_process.port)
    await phone.sign_in(hub_process.link_code())
    return phone


async def resident_of(hub_process: Hub, head: Phone) -> Phone:
    """A phone that is signed in as a resident."""
    made = await head.ask("POST", "/api/v1/sign-in-codes", {"role": "resident"})
    phone = Phone(hub_process.port)
    await phone.sign_in(made["link"].partition("#sign-in=")[2])
    return phone


async def until_online(phone: Phone) -> None:
    """Until the hub has heard every device of the village."""
    async with asyncio.timeout(_READY_WITHIN_S):
        while True:
            devices = (await phone.ask("GET", "/api/v1/devices?limit=1000"))["items"]
            if all(device["availability"] == "online" for device in devices):
                return
            await asyncio.sleep(_ASK_AGAIN_S)


def wait_said(started: Program, words: str) -> None:
    """Until a program has printed these words. Raises RuntimeError when it ends before."""
    while words not in started.said():
        try:
            code = started.process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"ended with {code}: {started.said()}")
