"""What every part of the hub may rely on, whichever broker it runs with."""

import asyncio
import os
import signal
from functools import partial

import aiomqtt
import pytest

from hub.broker import Broker
from hub.errors import BrokerDown
from hub.mqtt import PAYLOAD_LIMIT_BYTES, BrokerConnected, BrokerLost, Message, Publish
from tests.brokers import SOON_S, ConnectAs, Connection, running


async def test_a_message_is_acknowledged_and_heard(hub: Connection) -> None:
    heard, acknowledged = hub.hear("stat/+/POWER"), asyncio.Event()
    hub.mqtt.publish(Publish("stat/lamp/POWER", b"ON"), acknowledged.set)
    await asyncio.wait_for(acknowledged.wait(), SOON_S)
    assert await asyncio.wait_for(heard.get(), SOON_S) == Message("stat/lamp/POWER", b"ON", False)


async def test_the_acknowledgement_comes_before_the_echo_of_the_device(
    hub: Connection, device: ConnectAs
) -> None:
    order: list[str] = []
    echoed = asyncio.Semaphore(0)

    def echo(message: Message) -> None:
        order.append(f"echo {message.topic.split('/')[1]}")
        echoed.release()

    hub.mqtt.listen("stat/+/POWER", echo)
    async with device() as lamp:
        await lamp.subscribe("cmnd/+/POWER", qos=1)
        answering = asyncio.create_task(_answer(lamp))
        for number in range(50):
            said = partial(order.append, f"acknowledged {number}")
            hub.mqtt.publish(Publish(f"cmnd/{number}/POWER", b"ON"), said)
            await asyncio.wait_for(echoed.acquire(), SOON_S)
        answering.cancel()
    expected = [f"{what} {number}" for number in range(50) for what in ("acknowledged", "echo")]
    assert order == expected


async def _answer(lamp: aiomqtt.Client) -> None:
    async for message in lamp.messages:
        assert isinstance(message.payload, bytes)
        await lamp.publish(message.topic.value.replace("cmnd", "stat"), message.payload, qos=0)


async def test_2000_messages_in_one_go_are_all_acknowledged_and_all_heard(hub: Connection) -> None:
    heard, acknowledged = hub.hear("stat/+/POWER"), asyncio.Semaphore(0)
    for number in range(2000):
        hub.mqtt.publish(Publish(f"stat/{number}/POWER", b"ON"), acknowledged.release)
    topics: set[str] = set()
    async with asyncio.timeout(30):
        for _ in range(2000):
            await acknowledged.acquire()
        while len(topics) < 2000:
            topics.add((await heard.get()).topic)


async def test_1500_retained_messages_all_arrive_and_say_so(
    hub: Connection, device: ConnectAs
) -> None:
    async with device() as lamp:
        for number in range(1500):
            lamp._client.publish(f"tele/{number}/LWT", b"Online", qos=1, retain=True)
        await lamp.publish("tele/last/LWT", b"Online", qos=1, retain=True)
    heard = hub.hear("tele/+/LWT")
    topics: set[str] = set()
    async with asyncio.timeout(30):
        while len(topics) < 1501:
            message = await heard.get()
            assert message.retained
            topics.add(message.topic)


async def test_nothing_is_heard_before_the_session_is_announced(
    broker: Broker, hub: Connection, device: ConnectAs
) -> None:
    async with device() as lamp:
        await lamp.publish("tele/lamp/LWT", b"Online", qos=1, retain=True)
    order: list[object] = []
    second = Connection(broker.address())
    heard = asyncio.Event()
    second.events.listen(BrokerConnected, order.append)
    second.mqtt.listen("tele/#", order.append)
    second.mqtt.listen("tele/#", lambda _: heard.set())
    async with running(second.mqtt.run()):
        await asyncio.wait_for(heard.wait(), SOON_S)
    assert order == [BrokerConnected(1), Message("tele/lamp/LWT", b"Online", True)]


async def test_a_listener_that_raises_does_not_deafen_the_others(hub: Connection) -> None:
    def broken(*_: object) -> None:
        raise ValueError

    hub.mqtt.listen("stat/#", broken)
    heard = hub.hear("stat/#")
    for _ in range(2):
        hub.mqtt.publish(Publish("stat/lamp/POWER", b"ON"), broken)
        await asyncio.wait_for(heard.get(), SOON_S)
    assert hub.mqtt.session == 1


async def test_two_hearers_of_overlapping_filters_both_hear(hub: Connection) -> None:
    exact, wide = hub.hear("stat/lamp/POWER"), hub.hear("stat/#")
    hub.mqtt.publish(Publish("stat/lamp/POWER", b"ON"))
    assert (await asyncio.wait_for(exact.get(), SOON_S)).payload == b"ON"
    assert (await asyncio.wait_for(wide.get(), SOON_S)).payload == b"ON"


async def test_the_largest_payload_passes_and_the_session_stays(hub: Connection) -> None:
    heard = hub.hear("stat/large")
    hub.mqtt.publish(Publish("stat/large", bytes(PAYLOAD_LIMIT_BYTES)))
    assert len((await asyncio.wait_for(heard.get(), SOON_S)).payload) == PAYLOAD_LIMIT_BYTES
    assert hub.mqtt.session == 1


async def test_a_payload_beyond_the_limit_is_not_passed_on(
    hub: Connection, device: ConnectAs
) -> None:
    heard = hub.hear("stat/#")
    async with device() as lamp:
        lamp._client.publish("stat/large", bytes(2**20), qos=0)
        with pytest.raises(aiomqtt.MqttError):  # its sender is put out
            await asyncio.wait_for(anext(lamp.messages), SOON_S)
    async with device() as other:
        await other.publish("stat/small", b"ON", qos=1)
    assert (await asyncio.wait_for(heard.get(), SOON_S)).topic != "stat/large"


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"username": "admin"}, {"username": None}]
)
async def test_nobody_enters_without_the_right_password(
    device: ConnectAs, wrong: dict[str, str | None]
) -> None:
    with pytest.raises(aiomqtt.MqttError):
        await device(**wrong).__aenter__()


async def test_a_killed_broker_is_seen_at_once_and_back_within_a_second(
    broker: Broker, hub: Connection, device: ConnectAs
) -> None:
    heard = hub.hear("stat/#")
    acknowledged: list[int] = []
    pid = broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    loop = asyncio.get_running_loop()
    died = loop.time()
    assert await hub.next_event() == BrokerLost()
    assert loop.time() - died < 0.5
    assert not hub.mqtt.connected
    with pytest.raises(BrokerDown):
        hub.mqtt.publish(Publish("cmnd/lamp/POWER", b"ON"), lambda: acknowledged.append(1))
    assert await hub.next_event() == BrokerConnected(2)
    assert broker.pid not in {None, pid}
    async with device() as lamp:
        await lamp.publish("stat/lamp/POWER", b"ON", qos=1)
    assert (await asyncio.wait_for(heard.get(), SOON_S)).topic == "stat/lamp/POWER"
    assert acknowledged == []
