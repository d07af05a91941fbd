"""Found devices, adoption, and messages that nobody should have sent."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from devices.models import DeviceRemoved, FoundChanged, Wish
from hub.errors import Conflict, InvalidInput, NotFound
from tests.unit.devices.world import HEAD, World, config

MAC = "A0B1C2D3E0F0"


async def test_a_box_of_four_relays_is_four_found_devices(world: World) -> None:
    world.announce(MAC, (1, 1, 1, 1))
    found = world.devices.list_found()
    assert [each.address for each in found] == [f"{MAC}/{n}" for n in (1, 2, 3, 4)]
    assert found[0].id == f"tasmota:{MAC}/1"
    assert (found[1].name, found[1].model, found[1].kind) == ("Relay 2", "Sonoff 4CH", "light")
    assert world.devices.list_devices() == []


async def test_each_relay_of_a_box_is_switched_and_reports_alone(world: World) -> None:
    world.announce(MAC, (1, 1, 1, 1))
    second = await world.adopt(MAC, 2)
    third = await world.adopt(MAC, 3)
    await world.devices.command(second.id, Wish("on"), HEAD)
    assert world.mqtt.sent() == [("cmnd/a0b1c2d3e0f0/POWER2", "ON")]
    assert world.devices.get_device(second.id).state.on is True
    assert world.devices.get_device(third.id).state.on is None
    assert [each.address for each in world.devices.list_found()] == [f"{MAC}/1", f"{MAC}/4"]


async def test_a_shutter_is_no_light(world: World) -> None:
    world.announce(MAC, (3, 3, 1))
    assert [each.address for each in world.devices.list_found()] == [f"{MAC}/3"]


async def test_only_what_waits_can_be_adopted_and_only_once(world: World) -> None:
    with pytest.raises(NotFound):
        await world.adopt(MAC)
    world.announce(MAC)
    with pytest.raises(NotFound):
        await world.adopt(MAC, 2)
    with pytest.raises(InvalidInput):
        await world.devices.adopt("tasmota", f"{MAC}/1", "loudspeaker", "Loa", world.road, HEAD)
    with pytest.raises(InvalidInput):
        await world.devices.adopt("zigbee", f"{MAC}/1", "light", "Cột", world.road, HEAD)
    with pytest.raises(InvalidInput):
        await world.devices.adopt("tasmota", f"{MAC}/1", "light", " ", world.road, HEAD)
    with pytest.raises(NotFound):
        await world.devices.adopt("tasmota", f"{MAC}/1", "light", "Cột", "nowhere", HEAD)
    await world.adopt(MAC)
    with pytest.raises(Conflict):
        await world.adopt(MAC)


async def test_a_repeated_introduction_is_not_told_again(world: World) -> None:
    world.announce(MAC)
    world.announce(MAC)
    assert len(world.said(FoundChanged)) == 1


async def test_a_withdrawn_box_leaves_the_inbox(world: World) -> None:
    world.announce(MAC)
    world.mqtt.deliver(f"tasmota/discovery/{MAC}/config", "", retained=True)
    assert world.devices.list_found() == []
    assert [event.gone for event in world.said(FoundChanged)] == [False, True]
    world.announce(MAC)
    assert len(world.devices.list_found()) == 1


async def test_a_removed_device_waits_in_the_inbox_again(world: World) -> None:
    world.announce(MAC)
    device = await world.adopt(MAC)
    await world.devices.remove(device.id)
    assert [event.id for event in world.said(DeviceRemoved)] == [device.id]
    assert len(world.devices.list_found()) == 1
    assert world.devices.lit(world.road).total == 0
    with pytest.raises(NotFound):
        world.devices.get_device(device.id)
    await world.adopt(MAC)


async def test_a_box_that_changes_its_topic_is_followed(world: World) -> None:
    lamp = await world.light(MAC)
    world.announce(MAC, t="cot_dien_9")
    await world.devices.command(lamp, Wish("on"), HEAD)
    assert world.mqtt.sent() == [("cmnd/cot_dien_9/POWER", "ON")]
    world.mqtt.deliver(f"stat/{MAC.lower()}/RESULT", '{"POWER":"OFF"}')
    assert world.devices.get_device(lamp).state.on is True


async def test_a_box_cannot_take_the_topics_of_another(world: World) -> None:
    lamp = await world.light(MAC)
    world.announce("A0B1C2D3E0F1", t=MAC.lower())
    intruder = await world.adopt("A0B1C2D3E0F1")
    world.mqtt.deliver(f"stat/{MAC.lower()}/RESULT", '{"POWER":"ON"}')
    assert world.devices.get_device(lamp).state.on is True
    assert world.devices.get_device(intruder.id).state.on is None


async def test_a_seeded_device_gets_its_box_when_it_is_heard(world: World) -> None:
    seeded = await world.devices.seed("tasmota", f"{MAC}/1", "light", "Cột 1", world.road)
    again = await world.devices.seed("tasmota", f"{MAC}/1", "light", "Khác", world.road)
    assert again == seeded
    world.announce(MAC)
    assert world.devices.list_found() == []
    command = await world.devices.command(seeded.id, Wish("on"), HEAD)
    assert command.outcome == "confirmed"


async def test_the_box_of_a_device_is_known_after_a_restart(world: World) -> None:
    lamp = await world.light(MAC)
    await world.restart()
    command = await world.devices.command(lamp, Wish("on"), HEAD)
    assert command.outcome == "confirmed"


async def test_a_device_is_renamed_and_moved_with_its_counters(world: World) -> None:
    lamp = await world.light(MAC, "ON")
    changed = await world.devices.change(lamp, "Cột đình", world.alley)
    assert (changed.name, changed.zone_id) == ("Cột đình", world.alley)
    assert world.devices.lit(world.alley).on == 1
    assert world.devices.lit(world.road).on == 1
    assert world.devices.list_devices(zones={world.road}) == []
    await world.restart()
    assert world.devices.get_device(lamp).name == "Cột đình"


STORM = [
    b"\xff\xfe\x00",
    b"{" * 30_000,
    b'{"POWER":NaN}',
    b'{"POWER":1e999}',
    b'{"POWER":["ON"]}',
    b'{"POWER":{"a":1}}',
    b"[1,2]",
    b"null",
    b"",
    b"x" * 70_000,
    b'{"Dimmer":"bright","POWER":7}',
    b'{"ENERGY":{"Power":"much"}}',
    b'{"ENERGY":[1]}',
    b'{"POWER' + b"9" * 4000 + b'":"ON"}',
    b'{"Time":' + b"9" * 5000 + b"}",
]


async def test_a_storm_of_malformed_messages_changes_nothing_and_is_logged_once(
    world: World,
) -> None:
    lamp = await world.light(MAC)
    before = world.devices.get_device(lamp)
    topics = [
        f"{prefix}/{MAC.lower()}/{last}"
        for prefix, last in (
            ("stat", "RESULT"),
            ("stat", "POWER"),
            ("tele", "STATE"),
            ("tele", "SENSOR"),
            ("tele", "LWT"),
        )
    ]
    with capture_logs() as logs:
        for _ in range(20):
            for topic in topics:
                for payload in STORM:
                    world.mqtt.deliver(topic, payload)
    assert world.devices.get_device(lamp) == before
    assert len(logs) == 1
    assert (await world.devices.command(lamp, Wish("on"), HEAD)).outcome == "confirmed"


@pytest.mark.parametrize(
    "changed",
    [
        {"t": "a/+/b"},
        {"t": ""},
        {"t": 7},
        {"ft": "%topic%/"},
        {"ft": "village/%prefix%/%topic%/"},
        {"tp": ["cmnd", "stat"]},
        {"tp": ["x", "x", "x"]},
        {"rl": "all"},
        {"rl": [1] * 40},
        {"state": ["OFF"]},
        {"state": None},
    ],
)
async def test_an_introduction_that_makes_no_sense_is_dropped(
    world: World, changed: dict[str, Any]
) -> None:
    world.announce(MAC, **changed)
    assert world.devices.list_found() == []


@pytest.mark.parametrize("payload", STORM)
async def test_no_malformed_introduction_gets_in(world: World, payload: bytes) -> None:
    for topic in (
        f"tasmota/discovery/{MAC}/config",
        "village/loudspeaker/loa-9/state",
        "village/access-point/ap-9/state",
    ):
        world.mqtt.deliver(topic, payload, retained=True)
    assert world.devices.list_found() == []


async def test_a_discovery_whose_topic_names_no_mac_is_ignored(world: World) -> None:
    world.mqtt.deliver("tasmota/discovery/nonsense/config", config(MAC), retained=True)
    world.mqtt.deliver(f"tasmota/discovery/{MAC}/sensors", '{"sn":{}}', retained=True)
    assert world.devices.list_found() == []
