"""Loudspeakers and access points that run the village's own agents."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.driver import PlaySound, StopSound, Switch
from devices.models import SoundAcknowledged, Wish
from hub.errors import BrokerDown, Conflict, InvalidInput, NoAnswer, NotFound
from tests.fakes import settle
from tests.unit.devices.world import HEAD, World, begun

SPEAKER = "village/loudspeaker/loa-1"
ACCESS_POINT = "village/access-point/nha-van-hoa"
SOON = datetime(2026, 11, 21, 17, 5, tzinfo=UTC)


def last_order(world: World) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(world.mqtt.published[-1].payload)
    return said


async def test_a_loudspeaker_introduces_itself_by_status_and_state(world: World) -> None:
    world.mqtt.deliver(f"{SPEAKER}/status", "online", retained=True)
    world.mqtt.deliver(
        f"{SPEAKER}/state",
        '{"now":null,"volume":60,"queue":0,"name":"Loa đình"}',
        retained=True,
    )
    world.mqtt.deliver(f"{SPEAKER}/status", "offline")
    [found] = world.devices.list_found()
    assert (found.id, found.kind, found.name) == (
        "loudspeaker:loa-1",
        "loudspeaker",
        "Loa đình",
    )
    await world.devices.adopt("loudspeaker", "loa-1", "loudspeaker", "Loa", world.road, HEAD)
    assert world.devices.list_found() == []


async def test_a_removed_loudspeaker_that_still_speaks_waits_in_the_inbox(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    world.mqtt.deliver(f"{SPEAKER}/status", "online")
    await world.devices.remove(speaker)
    assert [found.address for found in world.devices.list_found()] == ["loa-1"]


async def test_a_retained_state_is_shown_as_old_until_it_is_said_again(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    state = '{"now":{"id":"p1","class":"normal"},"volume":60,"queue":2}'
    world.mqtt.deliver(f"{SPEAKER}/state", state, retained=True)
    device = world.devices.get_device(speaker)
    assert (device.state.volume, device.state.now_playing, device.state.queue) == (60, "p1", 2)
    assert device.state.stale
    world.mqtt.deliver(f"{SPEAKER}/state", state)
    assert not world.devices.get_device(speaker).state.stale


async def test_signs_of_life_keep_a_fresh_state_fresh_and_no_other(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    world.mqtt.deliver(f"{SPEAKER}/tele", '{"uptime_s":5}')
    device = world.devices.get_device(speaker)
    assert (device.availability, device.state.stale) == ("online", True)


async def test_an_order_to_play_carries_all_that_the_agent_needs(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    world.devices.send(speaker, PlaySound("o1", "http://h/s.mp3", "ab", "emergency", SOON, 2, 80))
    assert world.mqtt.published[-1].topic == f"{SPEAKER}/set"
    assert last_order(world) == {
        "id": "o1",
        "op": "play",
        "url": "http://h/s.mp3",
        "sha256": "ab",
        "class": "emergency",
        "volume": 80,
        "repeat": 2,
        "not_after": "2026-11-21T17:05:00+00:00",
    }
    world.devices.send(speaker, StopSound("o2", None, SOON))
    assert last_order(world)["target"] is None


async def test_orders_are_refused_clearly(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    with pytest.raises(NotFound):
        world.devices.send("nobody", StopSound("o", None, SOON))
    with pytest.raises(InvalidInput):
        world.devices.send(speaker, Switch("o", on=True, not_after=SOON))
    world.lose_broker()
    with pytest.raises(BrokerDown):
        world.devices.send(speaker, StopSound("o", None, SOON))


async def test_what_a_loudspeaker_acknowledges_is_told(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    ack = {
        "id": "o1",
        "status": "playing",
        "reason": "",
        "at": "2026-11-21T17:00:02+07:00",
        "position_s": 1.5,
    }
    world.mqtt.deliver(f"{SPEAKER}/ack", json.dumps(ack))
    world.mqtt.deliver(f"{SPEAKER}/ack", json.dumps(ack), retained=True)
    world.mqtt.deliver(f"{SPEAKER}/ack", '{"id":"o1","status":"dreaming"}')
    [told] = world.said(SoundAcknowledged)
    assert (told.device_id, told.order_id, told.status) == (speaker, "o1", "playing")
    assert told.position_s == 1.5
    assert told.at == datetime.fromisoformat("2026-11-21T17:00:02+07:00")


@pytest.mark.parametrize("by_state", [True, False])
async def test_a_volume_is_confirmed_by_the_loudspeaker(world: World, *, by_state: bool) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    setting = asyncio.create_task(world.devices.set_volume(speaker, 40, HEAD))
    await settle()
    if by_state:
        world.mqtt.deliver(f"{SPEAKER}/state", '{"now":null,"volume":40,"queue":0}')
    else:
        answer = {"id": last_order(world)["id"], "status": "done"}
        world.mqtt.deliver(f"{SPEAKER}/ack", json.dumps(answer))
    assert (await setting).id == speaker


async def test_a_volume_that_nobody_confirms_gives_no_answer(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    setting = asyncio.create_task(world.devices.set_volume(speaker, 40, HEAD))
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await setting


async def test_a_refused_volume_and_a_lost_broker_are_told_apart(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    setting = asyncio.create_task(world.devices.set_volume(speaker, 40, HEAD))
    await settle()
    answer = {"id": last_order(world)["id"], "status": "rejected", "reason": "expired"}
    world.mqtt.deliver(f"{SPEAKER}/ack", json.dumps(answer))
    with pytest.raises(Conflict):
        await setting
    setting = asyncio.create_task(world.devices.set_volume(speaker, 40, HEAD))
    await settle()
    world.lose_broker()
    with pytest.raises(BrokerDown):
        await setting


async def test_a_volume_out_of_bounds_or_of_a_light_is_refused(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    lamp = await world.light()
    for device, percent in ((speaker, 101), (speaker, -1), (lamp, 50)):
        with pytest.raises(InvalidInput):
            await world.devices.set_volume(device, percent, HEAD)


def guest(*, on: bool, stations: int = 3) -> str:
    network = {"on": on, "name": "Nha Van Hoa", "stations": stations}
    return json.dumps({"guest": network, "internet": True, "uptime_s": 9})


async def test_a_guest_network_is_confirmed_by_its_own_state(world: World) -> None:
    wifi = await world.agent("access_point", "nha-van-hoa")
    world.mqtt.deliver(f"{ACCESS_POINT}/state", guest(on=False, stations=0))
    until = world.clock.now() + timedelta(minutes=30)
    command = await begun(world, world.devices.command(wifi, Wish("on", until=until), HEAD))
    order = last_order(world)
    assert (order["op"], order["turn"], order["minutes"]) == ("guest", "on", 30)
    world.mqtt.deliver(f"{ACCESS_POINT}/state", guest(on=False))
    world.mqtt.deliver(f"{ACCESS_POINT}/state", guest(on=True), retained=True)
    assert not command.done()
    world.mqtt.deliver(f"{ACCESS_POINT}/state", guest(on=True))
    assert (await command).outcome == "confirmed"
    state = world.devices.get_device(wifi).state
    assert (state.on, state.stations, state.internet, state.name) == (True, 3, True, "Nha Van Hoa")


async def test_an_access_point_that_is_silent_gives_no_answer(world: World) -> None:
    wifi = await world.agent("access_point", "nha-van-hoa")
    command = await begun(world, world.devices.command(wifi, Wish("on"), HEAD))
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command
