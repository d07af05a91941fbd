"""What the users of the hub's own Mosquitto may do. (The embedded broker knows no rights.)"""

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest

from hub.broker_files import BrokerUser, password_line
from hub.mqtt import Publish
from tests.brokers import SOON_S, ConnectAs, Connection


@pytest.fixture
def kind() -> str:
    return "mosquitto"


ALLOWED_TO_SAY = [
    "stat/lamp/POWER",
    "lamp/stat/POWER",
    "tele/lamp/LWT",
    "lamp/tele/LWT",
    "tasmota/discovery/A0B1C2D3E001/config",
    "village/loudspeaker/gate/ack",
    "village/loudspeaker/gate/state",
    "village/loudspeaker/gate/tele",
    "village/loudspeaker/gate/status",
    "village/access-point/hall/status",
]
FORBIDDEN_TO_SAY = [
    "cmnd/lamp/POWER",
    "lamp/cmnd/POWER",
    "village/loudspeaker/gate/set",
    "village/access-point/hall/set",
    "village/loudspeaker/gate/other",
    "village/loudspeaker/a/b/ack",
    "tasmota/other",
    "anything",
]
ALLOWED_TO_HEAR = [
    "cmnd/lamp/POWER",
    "lamp/cmnd/POWER",
    "village/loudspeaker/gate/set",
    "village/access-point/hall/set",
]
FORBIDDEN_TO_HEAR = [
    "stat/lamp/POWER",
    "tele/lamp/LWT",
    "tasmota/discovery/A0B1C2D3E001/config",
    "village/loudspeaker/gate/ack",
    "anything",
]


async def test_a_device_says_what_devices_say_and_nothing_else(
    hub: Connection, device: ConnectAs
) -> None:
    heard = hub.hear("#")
    async with device() as lamp:
        for topic in [*FORBIDDEN_TO_SAY, *ALLOWED_TO_SAY]:
            await lamp.publish(topic, b"x", qos=1)
    async with asyncio.timeout(SOON_S):
        assert [(await heard.get()).topic for _ in ALLOWED_TO_SAY] == ALLOWED_TO_SAY
    assert heard.empty()


async def test_a_device_cannot_clear_or_set_a_retained_command(
    hub: Connection, device: ConnectAs
) -> None:
    async with device() as lamp:
        await lamp.publish("cmnd/lamp/POWER", b"ON", qos=1, retain=True)
        await lamp.publish("stat/lamp/POWER", b"OFF", qos=1, retain=True)
    heard = hub.hear("#")
    assert (await asyncio.wait_for(heard.get(), SOON_S)).topic == "stat/lamp/POWER"
    assert heard.empty()


async def test_a_device_hears_commands_and_nothing_else(hub: Connection, device: ConnectAs) -> None:
    async with device() as lamp:
        await lamp.subscribe("#", qos=1)
        for topic in [*FORBIDDEN_TO_HEAR, *ALLOWED_TO_HEAR]:
            hub.mqtt.publish(Publish(topic, b"x"))
        async with asyncio.timeout(SOON_S):
            heard = [(await anext(lamp.messages)).topic.value for _ in ALLOWED_TO_HEAR]
        assert heard == ALLOWED_TO_HEAR
        assert len(lamp.messages) == 0


def test_a_password_line_is_what_mosquitto_passwd_writes(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.touch()
    subprocess.run(["mosquitto_passwd", "-b", str(file), "lamp", "ánh sáng"], check=True)
    written = file.read_text()
    salt = base64.b64decode(written.split("$")[3])
    assert password_line(BrokerUser("lamp", "ánh sáng", ()), salt) == written
