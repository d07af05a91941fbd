import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import aiomqtt
import pytest

from hub.broker import Broker
from hub.broker_files import CREDENTIALS, _read_credentials
from hub.clock import SystemClock
from hub.config import BrokerSettings
from hub.mqtt import BrokerAddress, BrokerConnected
from tests.brokers import ConnectAs, ConnectHub, Connection, MakeBroker, free_port, running
from tests.fakes import VILLAGE_ZONE


@pytest.fixture(params=["mosquitto", "embedded"])
def kind(request: pytest.FixtureRequest) -> Literal["mosquitto", "embedded"]:
    chosen: Literal["mosquitto", "embedded"] = request.param
    return chosen


@pytest.fixture
def make_broker(tmp_path: Path) -> MakeBroker:
    @asynccontextmanager
    async def make(mode: str) -> AsyncIterator[Broker]:
        wanted = BrokerSettings.model_validate({"mode": mode, "port": free_port()})
        broker = Broker(wanted, tmp_path / "dữ liệu", SystemClock(VILLAGE_ZONE))
        await broker.start()
        try:
            async with running(broker.run()):
                yield broker
        finally:
            await broker.stop()

    return make


@pytest.fixture
async def broker(kind: str, make_broker: MakeBroker) -> AsyncIterator[Broker]:
    async with make_broker(kind) as made:
        yield made


@pytest.fixture
def hub_connection() -> ConnectHub:
    @asynccontextmanager
    async def connect(
        address: BrokerAddress | Callable[[], BrokerAddress],
    ) -> AsyncIterator[Connection]:
        connection = Connection(address)
        async with running(connection.mqtt.run()):
            yield connection

    return connect


@pytest.fixture
async def hub(broker: Broker, hub_connection: ConnectHub) -> AsyncIterator[Connection]:
    async with hub_connection(broker.address()) as connection:
        assert await connection.next_event() == BrokerConnected(1)
        yield connection


@pytest.fixture
def device_password(broker: Broker, tmp_path: Path) -> str:
    return _read_credentials(tmp_path / "dữ liệu" / "broker" / CREDENTIALS)["device"]


@pytest.fixture
def device(broker: Broker, device_password: str) -> ConnectAs:
    def connect(**changes: str | None) -> aiomqtt.Client:
        user: dict[str, Any] = {
            "username": "village-device",
            "password": device_password,
            "timeout": 2,
        }
        user |= {"socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]}
        address = broker.address()
        return aiomqtt.Client(address.host, address.port, **(user | changes))

    return connect
