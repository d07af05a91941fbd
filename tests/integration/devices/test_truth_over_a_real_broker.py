"""What the hub claims when relays, hands, power and broker misbehave, over a real Mosquitto."""

import asyncio
import time
from collections.abc import Callable

import paho.mqtt.publish as paho_publish
import pytest

from devices.models import Wish
from hub.errors import BrokerDown, HubError, NoAnswer
from tests.integration.devices.conftest import LiveHub
from tests.integration.devices.relays import RelayBox
from tests.unit.devices.world import HEAD

ON, OFF = Wish("on"), Wish("off")
MakeBox = Callable[..., RelayBox]


async def test_a_relay_is_found_adopted_and_switched(hub: LiveHub, make_box: MakeBox) -> None:
    box = make_box()
    await hub.until(lambda: bool(hub.devices.list_found()))
    [found] = hub.devices.list_found()
    lamp = await hub.devices.adopt(found.driver, found.address, found.kind, "Cột 1", hub.road, HEAD)
    command = await hub.devices.command(lamp.id, ON, HEAD)
    assert command.outcome == "confirmed"
    assert box.on == {"POWER": "ON"}
    assert not any(retained for _, _, retained in box.received)


async def test_the_four_relays_of_a_box_are_four_devices(hub: LiveHub, make_box: MakeBox) -> None:
    box = make_box("A0B1C2D3E0F0", 4)
    lamps = [await hub.light(box, channel) for channel in (1, 2, 3, 4)]
    await hub.devices.command(lamps[2].id, ON, HEAD)
    assert box.on == {"POWER1": "OFF", "POWER2": "OFF", "POWER3": "ON", "POWER4": "OFF"}
    assert [hub.devices.get_device(lamp.id).state.on for lamp in lamps] == [
        False,
        False,
        True,
        False,
    ]


async def test_a_relay_that_takes_the_message_and_says_nothing_gives_no_answer(
    hub: LiveHub, make_box: MakeBox
) -> None:
    box = make_box()
    lamp = await hub.light(box)
    box.silent = True
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        await hub.devices.command(lamp.id, ON, HEAD)
    assert 2.9 <= time.monotonic() - began <= 3.5
    assert ("POWER", "ON") in box.commands()
    assert hub.devices.get_device(lamp.id).state.on is False


async def test_a_hand_at_the_pole_shows_as_such(hub: LiveHub, make_box: MakeBox) -> None:
    box = make_box()
    lamp = await hub.light(box)
    await hub.devices.command(lamp.id, ON, HEAD)
    box.press("POWER", "OFF")
    await hub.until(lambda: hub.devices.get_device(lamp.id).state.on is False)
    assert hub.devices.get_device(lamp.id).state.source == "local"
    assert box.commands() == [("POWER", "ON")]


async def test_a_light_that_comes_back_from_a_power_cut_gets_its_target(
    hub: LiveHub, make_box: MakeBox
) -> None:
    box = make_box()
    lamp = await hub.light(box)
    await hub.devices.command(lamp.id, ON, HEAD)
    box.power_cut()
    await hub.until(lambda: hub.devices.get_device(lamp.id).availability == "offline", 12)
    box.power_back("OFF")
    await hub.until(lambda: box.on == {"POWER": "ON"})
    await hub.until(lambda: hub.devices.get_device(lamp.id).state.on is True)
    state = hub.devices.get_device(lamp.id).state
    assert (state.source, hub.devices.get_device(lamp.id).availability) == ("command", "online")


async def test_a_retained_report_from_long_ago_confirms_nothing(
    hub: LiveHub, make_box: MakeBox
) -> None:
    box = make_box()
    lamp = await hub.light(box)
    box.silent = True
    command = asyncio.create_task(hub.devices.command(lamp.id, ON, HEAD))
    paho_publish.single(
        f"stat/{box.topic}/POWER", "ON", retain=True, port=hub.broker.port, hostname="127.0.0.1"
    )
    with pytest.raises(NoAnswer):
        await command


async def test_a_killed_broker_is_said_at_once_and_all_is_well_within_a_second_of_its_return(
    hub: LiveHub, make_box: MakeBox
) -> None:
    box = make_box()
    lamp = await hub.light(box)
    hub.broker.kill()
    await hub.until(lambda: not hub.mqtt.connected)
    began = time.monotonic()
    with pytest.raises(BrokerDown):
        await hub.devices.command(lamp.id, ON, HEAD)
    assert time.monotonic() - began < 2.5
    device = hub.devices.get_device(lamp.id)
    assert (device.state.stale, device.availability, device.target) == (True, "unknown", None)
    hub.broker.start()
    began = time.monotonic()
    await hub.until(lambda: not hub.devices.get_device(lamp.id).state.stale)
    command = await hub.devices.command(lamp.id, ON, HEAD)
    assert command.outcome == "confirmed"
    assert time.monotonic() - began < 20
    assert box.on == {"POWER": "ON"}


async def test_no_answer_claims_what_did_not_happen_while_the_broker_is_killed(
    hub: LiveHub, make_box: MakeBox
) -> None:
    boxes = [make_box(f"A0B1C2D3E1{n:02X}") for n in range(6)]
    lamps = {(await hub.light(box)).id: box for box in boxes}
    claims: dict[str, list[str]] = {lamp: [] for lamp in lamps}

    async def switch_for(lamp: str, seconds: float) -> None:
        end, words = time.monotonic() + seconds, ("on", "off")
        turn = 0
        while time.monotonic() < end:
            turn += 1
            try:
                await hub.devices.command(lamp, ON if words[turn % 2] == "on" else OFF, HEAD)
            except HubError:
                await asyncio.sleep(0.02)
            else:
                claims[lamp].append(words[turn % 2].upper())

    async def kill_and_bring_back() -> None:
        for _ in range(3):
            await asyncio.sleep(0.4)
            hub.broker.kill()
            await asyncio.sleep(0.3)
            hub.broker.start()

    async with asyncio.TaskGroup() as group:
        group.create_task(kill_and_bring_back())
        for lamp in lamps:
            group.create_task(switch_for(lamp, 3.5))
    for lamp, box in lamps.items():
        carried_out = [word for _, word in box.commands()]
        assert claims[lamp]
        assert is_subsequence(claims[lamp], carried_out)


def is_subsequence(claimed: list[str], carried_out: list[str]) -> bool:
    rest = iter(carried_out)
    return all(word in rest for word in claimed)


async def test_a_storm_of_malformed_messages_stops_nothing(hub: LiveHub, make_box: MakeBox) -> None:
    box = make_box()
    lamp = await hub.light(box)
    for payload in (b"\xff\xfe", b"{" * 20_000, b'{"POWER":NaN}', b"x" * 1_000_000, b"[]"):
        for _ in range(20):
            box.say("RESULT", payload)
    command = await hub.devices.command(lamp.id, ON, HEAD)
    assert command.outcome == "confirmed"


async def test_a_road_of_lights_confirms_each_by_name(hub: LiveHub, make_box: MakeBox) -> None:
    boxes = [make_box(f"A0B1C2D3E2{n:02X}") for n in range(8)]
    lamps = [await hub.light(box) for box in boxes]
    boxes[3].silent = True
    outcome = await hub.devices.command_zone(hub.road, ON, HEAD)
    assert [device.id for device in outcome.unconfirmed] == [lamps[3].id]
    assert len(outcome.confirmed) == 7
    assert hub.devices.lit(hub.road).on == 7
