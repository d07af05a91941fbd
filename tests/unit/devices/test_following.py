"""Targets, the programme of the calendar, hands at the pole and power cuts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest

from devices.models import DeviceChanged, Wish
from hub.errors import NoAnswer
from tests.fakes import settle
from tests.unit.devices.world import CALENDAR, HEAD, World, begun

ON, OFF = Wish("on"), Wish("off")
TOPIC = "a0b1c2d3e001"


@pytest.fixture
async def running(world: World) -> AsyncIterator[World]:
    task = asyncio.create_task(world.devices.run())
    await settle()
    yield world
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def pass_time(world: World, seconds: float) -> None:
    """Let time pass, and each tick write what it writes."""
    for _ in range(int(seconds)):
        await world.clock.advance(1)
        await world.idle()


async def test_a_hand_at_the_pole_is_shown_as_such_and_left_alone(running: World) -> None:
    lamp = await running.light()
    await running.devices.command(lamp, ON, HEAD)
    running.mqtt.published.clear()
    running.mqtt.press(TOPIC, "POWER", "OFF")
    device = running.devices.get_device(lamp)
    assert (device.state.on, device.state.source) == (False, "local")
    assert device.target is not None
    assert device.target.on
    await pass_time(running, 5)
    assert running.mqtt.sent() == []


async def test_the_next_programme_step_ends_what_a_hand_did(running: World) -> None:
    lamp = await running.light()
    running.mqtt.press(TOPIC, "POWER", "ON")
    outcome = await running.devices.apply_programme([running.road], "off", None, CALENDAR, "")
    assert [device.id for device in outcome.confirmed] == [lamp]
    state = running.devices.get_device(lamp).state
    assert (state.on, state.source) == (False, "command")


async def test_a_light_gets_its_target_again_when_power_returns(running: World) -> None:
    lamp = await running.light()
    await running.devices.command(lamp, ON, HEAD)
    running.mqtt.deliver(f"tele/{TOPIC}/LWT", "Offline")
    assert running.devices.get_device(lamp).availability == "offline"
    running.mqtt.boot(TOPIC, "POWER", "OFF")
    device = running.devices.get_device(lamp)
    assert (device.availability, device.state.on, device.state.source) == ("online", False, "boot")
    await pass_time(running, 1)
    state = running.devices.get_device(lamp).state
    assert (state.on, state.source) == (True, "command")


async def test_a_light_that_boots_as_it_should_be_is_left_alone(running: World) -> None:
    lamp = await running.light()
    await running.devices.command(lamp, ON, HEAD)
    running.mqtt.published.clear()
    running.mqtt.boot(TOPIC, "POWER", "ON")
    await pass_time(running, 2)
    assert ("cmnd/a0b1c2d3e001/POWER", "ON") not in running.mqtt.sent()
    assert running.devices.get_device(lamp).state.on is True


async def test_a_silent_light_gets_its_target_when_it_comes_back(running: World) -> None:
    lamp = await running.light()
    running.mqtt.silent = True
    command = await begun(running, running.devices.command(lamp, ON, HEAD))
    await running.clock.advance(4)
    with pytest.raises(NoAnswer):
        await command
    running.mqtt.silent = False
    running.mqtt.boot(TOPIC, "POWER", "OFF")
    await pass_time(running, 1)
    assert running.devices.get_device(lamp).state.on is True


async def test_a_whole_circuit_that_returns_is_not_switched_on_at_once(running: World) -> None:
    macs = [f"A0B1C2D3E1{n:02X}" for n in range(30)]
    for mac in macs:
        await running.light(mac)
    await running.devices.command_zone(running.road, ON, HEAD)
    running.mqtt.published.clear()
    for mac in macs:
        running.mqtt.boot(mac.lower(), "POWER", "OFF")
    await running.clock.advance(0.01)
    sent = [payload for _, payload in running.mqtt.sent() if payload == "ON"]
    assert 0 < len(sent) <= 10
    await pass_time(running, 2)
    assert running.devices.lit(running.road).on == 30


async def test_an_override_with_an_end_gives_way_to_the_programme(running: World) -> None:
    lamp = await running.light()
    await running.devices.apply_programme([running.road], "off", None, CALENDAR, "Tắt đèn")
    until = running.clock.now() + timedelta(minutes=10)
    await running.devices.command(lamp, Wish("on", until=until, reason="Đám cưới"), HEAD)
    await pass_time(running, 9 * 60)
    assert running.devices.get_device(lamp).state.on is True
    await pass_time(running, 62)
    device = running.devices.get_device(lamp)
    assert device.state.on is False
    assert device.target is not None
    assert (device.target.source, device.target.reason) == ("programme", "Tắt đèn")


async def test_an_override_ends_also_when_the_wall_clock_jumps(running: World) -> None:
    lamp = await running.light()
    await running.devices.apply_programme([running.road], "off", None, CALENDAR, "")
    until = running.clock.now() + timedelta(hours=3)
    await running.devices.command(lamp, Wish("on", until=until), HEAD)
    running.clock.jump(4 * 3600)
    await pass_time(running, 2)
    assert running.devices.get_device(lamp).state.on is False


async def test_a_programme_step_holds_behind_an_override_with_an_end(running: World) -> None:
    lamp = await running.light()
    until = running.clock.now() + timedelta(hours=1)
    await running.devices.command(lamp, Wish("on", until=until), HEAD)
    outcome = await running.devices.apply_programme([running.road], "off", None, CALENDAR, "")
    assert [device.id for device in outcome.held] == [lamp]
    assert running.devices.get_device(lamp).state.on is True
    running.clock.jump(3700)
    await pass_time(running, 2)
    assert running.devices.get_device(lamp).state.on is False


async def test_a_programme_step_ends_an_override_without_an_end(running: World) -> None:
    lamp = await running.light()
    await running.devices.command(lamp, ON, HEAD)
    await running.devices.apply_programme([running.road], "off", None, CALENDAR, "")
    target = running.devices.get_device(lamp).target
    assert target is not None
    assert (target.on, target.source) == (False, "programme")


async def test_a_programme_step_without_broker_reaches_the_lights_when_it_is_back(
    running: World,
) -> None:
    lamp = await running.light()
    running.lose_broker()
    outcome = await running.devices.apply_programme([running.road], "on", None, CALENDAR, "")
    assert [device.id for device in outcome.unconfirmed] == [lamp]
    running.find_broker()
    await pass_time(running, 2)
    assert running.devices.get_device(lamp).state.on is True


async def test_targets_stand_after_a_restart_and_unreached_ones_are_sent(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    await world.clock.advance(4)
    with pytest.raises(NoAnswer):
        await command
    await world.restart()
    task = asyncio.create_task(world.devices.run())
    await pass_time(world, 2)
    device = world.devices.get_device(lamp)
    assert (device.state.on, device.state.stale, device.state.source) == (True, False, "command")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_a_hand_did_while_the_hub_was_away_is_left_alone(world: World) -> None:
    lamp = await world.light()
    await world.devices.command(lamp, ON, HEAD)
    await world.restart()
    assert world.devices.get_device(lamp).state.stale
    world.mqtt.relays[f"{TOPIC}/POWER"] = "OFF"
    task = asyncio.create_task(world.devices.run())
    await pass_time(world, 2)
    state = world.devices.get_device(lamp).state
    assert (state.on, state.stale, state.source) == (False, False, "local")
    assert (f"cmnd/{TOPIC}/POWER", "ON") not in world.mqtt.sent()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_state_grows_old_and_is_fresh_when_heard_again(running: World) -> None:
    lamp = await running.light()
    assert not running.devices.get_device(lamp).state.stale
    await running.clock.advance(655)
    await pass_time(running, 10)
    assert running.devices.get_device(lamp).state.stale
    assert running.devices.lit(running.road).known == 0
    running.mqtt.deliver(f"tele/{TOPIC}/STATE", '{"POWER":"OFF"}')
    assert not running.devices.get_device(lamp).state.stale
    assert running.devices.lit(running.road).known == 1


async def test_without_a_broker_every_state_is_old_and_nobody_is_online(running: World) -> None:
    lamp = await running.light()
    running.lose_broker()
    device = running.devices.get_device(lamp)
    assert (device.state.stale, device.availability) == (True, "unknown")
    assert device.state.on is False
    running.find_broker()
    await pass_time(running, 1)
    device = running.devices.get_device(lamp)
    assert (device.state.stale, device.availability) == (False, "online")


async def test_a_retained_will_is_believed_until_the_box_does_not_answer(running: World) -> None:
    lamp = await running.light()
    running.mqtt.silent = True
    running.lose_broker()
    running.find_broker()
    running.mqtt.deliver(f"tele/{TOPIC}/LWT", "Online", retained=True)
    assert running.devices.get_device(lamp).availability == "online"
    await pass_time(running, 12)
    assert running.devices.get_device(lamp).availability == "unknown"


async def test_a_retained_will_that_says_offline_is_contradicted_by_a_report(
    running: World,
) -> None:
    lamp = await running.light()
    running.mqtt.deliver(f"tele/{TOPIC}/LWT", "Offline", retained=True)
    assert running.devices.get_device(lamp).availability == "online"


async def test_states_are_written_in_batches_and_at_the_end(world: World) -> None:
    lamp = await world.light()
    task = asyncio.create_task(world.devices.run())
    await settle()
    world.mqtt.press(TOPIC, "POWER", "ON")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await world.restart()
    state = world.devices.get_device(lamp).state
    assert (state.on, state.stale, state.source) == (True, True, "local")


async def test_a_report_that_changes_nothing_is_told_once_a_minute(running: World) -> None:
    await running.light()
    running.told.clear()
    for _ in range(10):
        running.mqtt.deliver(f"tele/{TOPIC}/STATE", '{"POWER":"OFF"}')
    assert running.said(DeviceChanged) == []
    await running.clock.advance(61)
    running.mqtt.deliver(f"tele/{TOPIC}/STATE", '{"POWER":"OFF"}')
    assert len(running.said(DeviceChanged)) == 1
