"""The broker of compose.yaml, started by its own script with the Mosquitto of this machine."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from hub import broker_files
from scripts.check_wheel import free_port

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "compose"
WITHIN_S = 10.0


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Mosquitto with the files of deploy/compose, on a free port of loopback."""
    number = free_port()
    secrets, memory = tmp_path / "secrets", tmp_path / "memory"
    for folder in (secrets, memory):
        folder.mkdir()
    (secrets / "broker-hub").write_text("of-the-hub")
    (secrets / "broker-device").write_text("of-devices")
    conf = (FOLDER / "mosquitto.conf").read_text()
    conf = conf.replace("listener 1883", f"listener {number} 127.0.0.1")
    conf = conf.replace("/tmp/", f"{memory}/").replace("/mosquitto/data/", f"{memory}/")
    if os.geteuid() == 0:
        conf += "user root\n"
    (tmp_path / "mosquitto.conf").write_text(conf)
    (tmp_path / "rights").write_text((FOLDER / "rights").read_text())
    places = {"SECRETS": str(secrets), "SETTINGS": str(tmp_path), "MEMORY": str(memory)}
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin", **places}
    process = subprocess.Popen([str(FOLDER / "start-mosquitto")], env=environment)
    yield number
    process.terminate()
    process.wait(WITHIN_S)


@pytest.fixture
async def ready_port(port: int) -> int:
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                break
    return port


def as_hub(port: int) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, username="village-hub", password="of-the-hub")


def as_device(port: int) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, username="village-device", password="of-devices")


async def test_nobody_is_let_in_without_the_password(ready_port: int) -> None:
    for client in (
        aiomqtt.Client("127.0.0.1", ready_port),
        aiomqtt.Client("127.0.0.1", ready_port, username="village-hub", password="guessed"),
    ):
        with pytest.raises(aiomqtt.MqttError):
            async with client:
                pass


async def test_the_hub_commands_a_device_which_cannot_command_others(ready_port: int) -> None:
    topic = "cmnd/lamp/POWER"
    async with as_hub(ready_port) as hub, as_device(ready_port) as device:
        await device.subscribe(topic, qos=1)
        await device.publish(topic, b"FORGED", qos=1)
        await hub.publish(topic, b"ON", qos=1)
        message = await asyncio.wait_for(anext(aiter(device.messages)), WITHIN_S)
    assert message.payload == b"ON"


def test_the_rights_are_those_that_the_hub_gives_in_a_broker_of_its_own(tmp_path: Path) -> None:
    credentials = broker_files.keep_credentials(tmp_path, "127.0.0.1", 1883)
    broker_files.write_mosquitto(tmp_path, "127.0.0.1", 1883, credentials.users)
    own = (tmp_path / broker_files.RIGHTS).read_text().split()
    lines = (FOLDER / "rights").read_text().splitlines()
    assert " ".join(line for line in lines if not line.startswith("#")).split() == own
