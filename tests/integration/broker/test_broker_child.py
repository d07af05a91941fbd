import asyncio
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt
import pytest

from hub.broker import Broker
from hub.broker_files import CREDENTIALS
from hub.clock import SystemClock
from hub.config import BrokerSettings
from hub.errors import ConfigError
from hub.mqtt import BrokerConnected, Message
from tests.brokers import SOON_S, ConnectHub, Connection, free_port
from tests.fakes import VILLAGE_ZONE

HUB = """
import asyncio, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from hub.broker import Broker
from hub.clock import SystemClock
from hub.config import BrokerSettings

async def main():
    settings = BrokerSettings(mode=sys.argv[1], port=int(sys.argv[2]))
    await Broker(settings, Path(sys.argv[3]), SystemClock(ZoneInfo("UTC"))).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def a_broker(folder: Path, mode: str, **settings: object) -> Broker:
    wanted = BrokerSettings.model_validate({"mode": mode, "port": free_port()} | settings)
    return Broker(wanted, folder, SystemClock(VILLAGE_ZONE), config_file="village.yaml")


@asynccontextmanager
async def a_hub_process(
    kind: str, port: int, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HUB, kind, str(port), str(folder)),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while await process.stdout.readline() != b"ready\n":
                pass
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_hub_leaves_no_broker_behind(kind: str, tmp_path: Path) -> None:
    port = free_port()
    async with a_hub_process(kind, port, tmp_path) as hub:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        hub.kill()
    with suppress(ConnectionResetError):  # its end closes when the broker ends
        await asyncio.wait_for(reader.read(), SOON_S)
    writer.close()
    # And the next hub has its port at once.
    broker = a_broker(tmp_path, kind, port=port)
    await broker.start()
    await broker.stop()


async def test_what_is_retained_survives_a_killed_hub(
    tmp_path: Path, hub_connection: ConnectHub
) -> None:
    port = free_port()
    broker = a_broker(tmp_path, "mosquitto", port=port)
    async with a_hub_process("mosquitto", port, tmp_path) as process:
        user = json.loads((tmp_path / "broker" / CREDENTIALS).read_text())["device"]
        async with aiomqtt.Client("127.0.0.1", port, **user) as device:
            await device.publish("tele/lamp/LWT", b"Online", qos=1, retain=True)
        process.kill()
    await broker.start()
    try:
        async with hub_connection(broker.address()) as hub:
            heard = hub.hear("tele/+/LWT")
            message = await asyncio.wait_for(heard.get(), SOON_S)
            assert message == Message("tele/lamp/LWT", b"Online", True)
    finally:
        await broker.stop()


async def test_it_stops_within_a_second(broker: Broker, hub: Connection) -> None:
    pid = broker.pid
    assert pid is not None
    loop = asyncio.get_running_loop()
    began = loop.time()
    await broker.stop()
    assert loop.time() - began < 1.0
    assert broker.pid is None
    with pytest.raises(OSError, match="failed"):
        await asyncio.open_connection(broker.address().host, broker.address().port)


async def test_a_broker_that_hangs_is_forced_to_stop(broker: Broker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    await asyncio.wait_for(broker.stop(), 2.0)
    assert broker.pid is None


async def test_it_is_started_again_each_time_it_dies(broker: Broker, hub: Connection) -> None:
    seen = {broker.pid}
    for session in (2, 3):
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        await hub.next_event()
        assert await hub.next_event() == BrokerConnected(session)
        seen.add(broker.pid)
    assert len(seen) == 3
    assert None not in seen


async def test_without_mosquitto_on_the_path_the_embedded_broker_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    broker = a_broker(tmp_path, "auto", host="0.0.0.0")
    await broker.start()
    try:
        assert broker.kind == "embedded"
        assert broker.address().host == "127.0.0.1"
        table = await asyncio.to_thread(Path("/proc/net/tcp").read_text)
        listening = [f"{each}:{broker.address().port:04X}" for each in ("0100007F", "00000000")]
        assert listening[0] in table
        assert listening[1] not in table
    finally:
        await broker.stop()


async def test_with_mosquitto_on_the_path_it_is_the_broker(tmp_path: Path) -> None:
    broker = a_broker(tmp_path, "auto")
    await broker.start()
    assert broker.kind == "mosquitto"
    await broker.stop()


async def test_mosquitto_asked_for_and_absent_is_a_clear_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError) as raised:
        await a_broker(tmp_path, "mosquitto").start()
    assert raised.value.context["key"] == "broker.mode"


async def test_a_port_in_use_names_the_file_and_the_key(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.broker.PORT_FREE_WITHIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = a_broker(tmp_path, kind, port=taken.getsockname()[1])
        with pytest.raises(ConfigError) as raised:
            await broker.start()
    assert raised.value.context["file"] == "village.yaml"
    assert raised.value.context["key"] == "broker.port"
    assert "in use" in raised.value.detail


async def test_an_address_that_is_not_of_this_computer_names_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.broker.PORT_FREE_WITHIN_S", 0.2)
    with pytest.raises(ConfigError) as raised:
        await a_broker(tmp_path, "mosquitto", host="192.0.2.1").start()
    assert raised.value.context["key"] == "broker.host"


async def test_the_files_are_for_this_user_only_and_passwords_stay(
    broker: Broker, tmp_path: Path
) -> None:
    folder = tmp_path / "dữ liệu" / "broker"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    before = (folder / CREDENTIALS).read_text()
    await broker.stop()
    await broker.start()
    assert (folder / CREDENTIALS).read_text() == before
    password = broker.address().password
    assert password is not None
    assert password not in repr(broker.address())


async def test_an_external_broker_is_only_an_address(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    settings = {"host": "broker.example", "port": 8883, "username": "hub", "tls": True}
    broker = a_broker(tmp_path, "external", password_file=file, **settings)
    await broker.start()
    address = broker.address()
    assert (address.host, address.port, address.tls) == ("broker.example", 8883, True)
    assert (address.username, address.password) == ("hub", "secret")
    assert broker.kind == "external"
    assert broker.pid is None
    await broker.stop()


async def test_an_external_broker_without_its_password_file_names_the_key(tmp_path: Path) -> None:
    gone = {"password_file": tmp_path / "none", "username": "hub", "host": "broker.example"}
    with pytest.raises(ConfigError) as raised:
        await a_broker(tmp_path, "external", **gone).start()
    assert raised.value.context["key"] == "broker.password_file"
