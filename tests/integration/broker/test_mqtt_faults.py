import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import BrokerDown
from hub.mqtt import BrokerAddress, BrokerConnected, BrokerLost, Publish
from tests.brokers import SOON_S, ConnectHub, MakeBroker, Mosquitto, free_port, mosquitto


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path) as running_server:
        yield running_server


async def test_it_is_back_within_a_second_of_a_broker_that_was_long_away(
    server: Mosquitto, hub_connection: ConnectHub
) -> None:
    async with hub_connection(server.address) as hub:
        assert await hub.next_event() == BrokerConnected(1)
        server.kill()
        assert await hub.next_event() == BrokerLost()
        with pytest.raises(TimeoutError):  # long enough for the longest pause between attempts
            await asyncio.wait_for(hub.happened.get(), 2.0)
        server.start()
        returned = asyncio.get_running_loop().time()
        assert await hub.next_event() == BrokerConnected(2)
        assert asyncio.get_running_loop().time() - returned < 1.0


async def test_what_a_lost_broker_did_not_acknowledge_is_never_acknowledged_nor_sent_again(
    server: Mosquitto, hub_connection: ConnectHub
) -> None:
    async with hub_connection(server.address) as hub:
        heard = hub.hear("#")
        assert await hub.next_event() == BrokerConnected(1)
        acknowledged: list[str] = []
        server.pause()
        for number in range(10):
            message = Publish(f"cmnd/{number}/POWER", b"ON")
            hub.mqtt.publish(message, lambda: acknowledged.append("acknowledged"))
        await asyncio.sleep(0)
        server.kill()
        assert await hub.next_event() == BrokerLost()
        server.start()
        assert await hub.next_event() == BrokerConnected(2)
        hub.mqtt.publish(Publish("last", b""))
        assert (await asyncio.wait_for(heard.get(), SOON_S)).topic == "last"
        assert acknowledged == []


async def test_a_broker_that_hangs_is_noticed_by_the_keepalive(
    server: Mosquitto, hub_connection: ConnectHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.mqtt.KEEPALIVE_S", 1)
    async with hub_connection(server.address) as hub:
        assert await hub.next_event() == BrokerConnected(1)
        server.pause()
        assert await asyncio.wait_for(hub.happened.get(), 6.0) == BrokerLost()
        with pytest.raises(BrokerDown):
            hub.mqtt.publish(Publish("cmnd/lamp/POWER", b"ON"))
        server.resume()
        assert await asyncio.wait_for(hub.happened.get(), 10.0) == BrokerConnected(2)


async def test_a_wrong_password_is_tried_again_until_it_is_right(
    make_broker: MakeBroker, hub_connection: ConnectHub
) -> None:
    async with make_broker("mosquitto") as broker:
        right = broker.address()
        wrong = BrokerAddress(right.host, right.port, right.username, "wrong")
        addresses = iter([wrong, wrong])
        async with hub_connection(lambda: next(addresses, right)) as hub:
            assert await hub.next_event() == BrokerConnected(1)


async def test_it_ends_at_once_while_nothing_listens(hub_connection: ConnectHub) -> None:
    loop = asyncio.get_running_loop()
    async with hub_connection(BrokerAddress("127.0.0.1", free_port())) as hub:
        assert not hub.mqtt.connected
        began = loop.time()
    assert loop.time() - began < 0.5


async def test_it_ends_at_once_while_the_broker_hangs(
    server: Mosquitto, hub_connection: ConnectHub
) -> None:
    loop = asyncio.get_running_loop()
    server.pause()
    async with hub_connection(server.address):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.5)
        began = loop.time()
    assert loop.time() - began < 0.5
    server.resume()


async def test_a_listener_may_listen_publish_and_be_called_in_one_breath(
    server: Mosquitto, hub_connection: ConnectHub
) -> None:
    async with hub_connection(server.address) as hub:
        answers: asyncio.Queue[str] = asyncio.Queue()

        def discovered(message: object) -> None:
            hub.mqtt.listen("stat/new/POWER", lambda answer: answers.put_nowait(answer.topic))
            hub.mqtt.publish(
                Publish("stat/new/POWER", b"ON"), lambda: hub.mqtt.publish(Publish("x", b""))
            )

        hub.mqtt.listen("tasmota/discovery/#", discovered)
        assert await hub.next_event() == BrokerConnected(1)
        hub.mqtt.publish(Publish("tasmota/discovery/A0/config", b"{}"))
        assert await asyncio.wait_for(answers.get(), SOON_S) == "stat/new/POWER"


async def test_a_thousand_filters_are_all_subscribed(
    server: Mosquitto, hub_connection: ConnectHub
) -> None:
    async with hub_connection(server.address) as hub:
        heard: asyncio.Queue[str] = asyncio.Queue()
        for number in range(1000):
            hub.mqtt.listen(f"stat/{number}/POWER", lambda m: heard.put_nowait(m.topic))
        assert await hub.next_event() == BrokerConnected(1)
        for number in range(1000):
            hub.mqtt.publish(Publish(f"stat/{number}/POWER", b"ON"))
        async with asyncio.timeout(SOON_S):
            assert len({await heard.get() for _ in range(1000)}) == 1000
