"""What a command claims, and when."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from devices.models import CommandChanged, Wish, commands
from hub.errors import BrokerDown, Conflict, InvalidInput, NoAnswer, NotFound
from tests.fakes import settle
from tests.unit.devices.world import HEAD, World, begun

ON, OFF = Wish("on"), Wish("off")


async def outcomes(world: World) -> list[tuple[str, str | None]]:
    async with world.database.reading() as connection:
        query = select(commands.c.outcome, commands.c.note).order_by(commands.c.id)
        return [(row.outcome, row.note) for row in await connection.execute(query)]


async def test_a_command_is_confirmed_by_the_devices_own_answer(world: World) -> None:
    lamp = await world.light()
    command = await world.devices.command(lamp, ON, HEAD)
    device = world.devices.get_device(lamp)
    assert (command.outcome, command.by_name) == ("confirmed", "Ông Hùng")
    assert device.state.on is True
    assert device.state.source == "command"
    assert not device.open
    assert device.target is not None
    assert (device.target.on, device.target.source, device.target.by) == (
        True,
        "override",
        "Ông Hùng",
    )
    assert await outcomes(world) == [("confirmed", None)]
    assert world.mqtt.sent() == [("cmnd/a0b1c2d3e001/POWER", "ON")]


async def test_the_points_where_a_crash_can_be_drilled_come_in_order(world: World) -> None:
    await world.devices.command(await world.light(), ON, HEAD)
    assert world.reached == ["command:committed", "command:published", "command:confirmed"]


async def test_a_silent_relay_gives_no_answer_after_three_seconds(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    assert world.devices.get_device(lamp).open
    await world.clock.advance(2.9)
    assert not command.done()
    await world.clock.advance(0.2)
    with pytest.raises(NoAnswer):
        await command
    device = world.devices.get_device(lamp)
    assert device.state.on is False
    assert not device.open
    assert device.target is not None
    assert device.target.on
    assert await outcomes(world) == [("unconfirmed", "silent")]
    assert [e.command.outcome for e in world.said(CommandChanged)] == ["open", "unconfirmed"]


async def test_an_answer_before_the_brokers_acknowledgement_confirms_nothing(
    world: World,
) -> None:
    lamp = await world.light()
    world.mqtt.acknowledge = False
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    assert world.devices.get_device(lamp).state.on is True
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command


async def test_what_the_broker_had_retained_confirms_nothing(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.deliver("stat/a0b1c2d3e001/RESULT", '{"POWER":"ON"}', retained=True)
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command
    assert world.devices.get_device(lamp).state.on is False


async def test_a_periodic_message_confirms_nothing(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.deliver("tele/a0b1c2d3e001/STATE", '{"POWER":"ON"}')
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command


async def test_what_a_relay_says_at_boot_does_not_confirm_but_the_command_is_sent_again(
    world: World,
) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.published.clear()
    world.mqtt.acknowledge = False
    world.mqtt.boot("a0b1c2d3e001", "POWER", "ON")
    await settle()
    assert not command.done()
    assert world.devices.get_device(lamp).state.source == "boot"
    assert world.mqtt.sent() == [("cmnd/a0b1c2d3e001/POWER", "ON")]
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command


async def test_a_relay_that_boots_while_it_is_commanded_is_confirmed_by_the_second_sending(
    world: World,
) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.silent = False
    world.mqtt.boot("a0b1c2d3e001", "POWER", "OFF")
    assert (await command).outcome == "confirmed"


async def test_an_answer_with_another_state_confirms_nothing(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.press("a0b1c2d3e001", "POWER", "OFF")
    await world.clock.advance(3.1)
    with pytest.raises(NoAnswer):
        await command


async def test_without_a_broker_a_command_fails_at_once_and_leaves_no_target(
    world: World,
) -> None:
    lamp = await world.light()
    world.lose_broker()
    with pytest.raises(BrokerDown):
        await world.devices.command(lamp, ON, HEAD)
    assert world.devices.get_device(lamp).target is None
    assert await outcomes(world) == []


async def test_a_broker_lost_while_the_device_is_to_answer_claims_nothing(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.lose_broker()
    with pytest.raises(BrokerDown):
        await command
    assert await outcomes(world) == [("unconfirmed", "broker lost")]
    world.find_broker()
    world.mqtt.press("a0b1c2d3e001", "POWER", "ON")
    assert await outcomes(world) == [("unconfirmed", "broker lost")]


async def test_a_later_command_takes_the_place_of_an_earlier_one(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    first = await begun(world, world.devices.command(lamp, ON, HEAD))
    world.mqtt.silent = False
    second = await world.devices.command(lamp, OFF, HEAD)
    with pytest.raises(Conflict):
        await first
    assert second.outcome == "confirmed"
    assert set(await outcomes(world)) == {("unconfirmed", "superseded"), ("confirmed", None)}
    assert world.devices.get_device(lamp).state.on is False


async def test_a_device_believed_offline_is_tried_too(world: World) -> None:
    lamp = await world.light()
    world.mqtt.deliver("tele/a0b1c2d3e001/LWT", "Offline")
    assert world.devices.get_device(lamp).availability == "offline"
    assert (await world.devices.command(lamp, ON, HEAD)).outcome == "confirmed"
    assert world.devices.get_device(lamp).availability == "online"


async def test_a_device_that_was_never_heard_gives_no_answer_and_keeps_the_target(
    world: World,
) -> None:
    seeded = await world.devices.seed("tasmota", "A0B1C2D3E0FF/1", "light", "Cột 9", world.road)
    with pytest.raises(NoAnswer):
        await world.devices.command(seeded.id, ON, HEAD)
    assert world.devices.get_device(seeded.id).target is not None
    assert await outcomes(world) == [("unconfirmed", "never heard")]


async def test_a_removed_device_ends_the_command_that_waits_for_it(world: World) -> None:
    lamp = await world.light()
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, ON, HEAD))
    await world.devices.remove(lamp)
    with pytest.raises(NotFound):
        await command


@pytest.mark.parametrize(
    "wish",
    [
        Wish("on", level=50),
        Wish("on", level=101),
        Wish("on", level=0),
        Wish("on", reason="x" * 201),
    ],
)
async def test_a_wish_that_cannot_be_is_refused(world: World, wish: Wish) -> None:
    lamp = await world.light()
    with pytest.raises(InvalidInput):
        await world.devices.command(lamp, wish, HEAD)
    assert world.mqtt.published == []


async def test_an_end_that_has_passed_is_refused(world: World) -> None:
    lamp = await world.light()
    with pytest.raises(InvalidInput):
        await world.devices.command(
            lamp, Wish("on", until=world.clock.now() - timedelta(seconds=1)), HEAD
        )


async def test_a_loudspeaker_is_not_switched(world: World) -> None:
    speaker = await world.agent("loudspeaker", "loa-1")
    with pytest.raises(InvalidInput):
        await world.devices.command(speaker, ON, HEAD)


async def test_a_road_says_by_name_who_confirmed_and_who_did_not(world: World) -> None:
    macs = [f"A0B1C2D3E00{n}" for n in range(4)]
    lamps = [
        await world.light(mac, zone_id=world.alley if n % 2 else world.road)
        for n, mac in enumerate(macs)
    ]
    dumb = await world.devices.seed("tasmota", "A0B1C2D3E0FF/1", "light", "Cột 9", world.road)
    world.mqtt.published.clear()
    outcome = await world.devices.command_zone(world.road, ON, HEAD)
    assert {device.id for device in outcome.confirmed} == set(lamps)
    assert [device.id for device in outcome.unconfirmed] == [dumb.id]
    assert world.devices.lit(world.road).on == 4
    assert world.devices.lit(world.road).total == 5
    assert world.devices.lit(world.alley).on == 2
    assert len(world.mqtt.sent()) == 4


async def test_a_road_without_lights_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput):
        await world.devices.command_zone(world.alley, ON, HEAD)
    with pytest.raises(NotFound):
        await world.devices.command_zone("nowhere", ON, HEAD)


async def test_a_dimmer_confirms_both_the_switch_and_the_level(world: World) -> None:
    world.announce("A0B1C2D3E001", (2,), lt_st=1)
    lamp = (await world.adopt("A0B1C2D3E001")).id
    world.mqtt.silent = True
    command = await begun(world, world.devices.command(lamp, Wish("on", level=60), HEAD))
    assert world.mqtt.sent() == [("cmnd/a0b1c2d3e001/Dimmer", "60")]
    world.mqtt.deliver("stat/a0b1c2d3e001/RESULT", '{"POWER":"ON"}')
    await settle()
    assert not command.done()
    world.mqtt.deliver("stat/a0b1c2d3e001/RESULT", '{"POWER":"ON","Dimmer":60}')
    assert (await command).outcome == "confirmed"
    assert world.devices.get_device(lamp).state.level == 60


async def test_commands_open_at_a_crash_become_unconfirmed_and_what_is_known_stays(
    world: World,
) -> None:
    lamp = await world.light()
    await world.devices.command(lamp, ON, HEAD)
    world.mqtt.silent = True
    open_command = await begun(world, world.devices.command(lamp, OFF, HEAD))
    await world.restart()
    assert await outcomes(world) == [("confirmed", None), ("unconfirmed", "hub restarted")]
    device = world.devices.get_device(lamp)
    assert (device.state.on, device.state.stale) == (True, True)
    assert device.availability == "unknown"
    assert device.target is not None
    assert not device.target.on
    open_command.cancel()
    with suppress(asyncio.CancelledError):
        await open_command
