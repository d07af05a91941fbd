"""The Tasmota driver against the messages of real boxes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices.driver import (
    Announced,
    AskState,
    MalformedPayloadError,
    Reachable,
    Report,
    Switch,
    Withdrawn,
)
from devices.drivers.tasmota import Tasmota, TasmotaBox
from tests.unit.devices.world import config, recorded

MAC = "A0B1C2D3E001"
SOON = datetime(2026, 11, 21, 17, 5, tzinfo=UTC)
ASK = AskState("q", SOON)


def box_of(payload: str, mac: str = MAC) -> TasmotaBox:
    announced = Tasmota().discover(f"tasmota/discovery/{mac}/config", payload.encode())
    assert isinstance(announced, Announced)
    # Through JSON, as it comes back from the database.
    return Tasmota().box(json.loads(json.dumps(announced.record)))


def said(box: TasmotaBox, messages: list[dict[str, Any]]) -> list[Any]:
    found: list[Any] = []
    for message in messages:
        part = box.topics.get(message["topic"])
        if part is not None:
            found += box.decode(part, message["payload"].encode())
    return found


def test_topics_are_built_in_the_order_that_the_box_says() -> None:
    [message] = recorded("discovery_topic_first")
    box = box_of(message["payload"], "00000049A3BC")
    assert box.topics["tasmota_49A3BC/stat/RESULT"] == "answer"
    assert "+/stat/+" in box.filters
    [publish] = box.encode("1", Switch("c", on=True, not_after=SOON))
    assert (publish.topic, publish.payload) == ("tasmota_49A3BC/cmnd/POWER", b"ON")


def test_a_recorded_discovery_announces_one_light() -> None:
    [message] = recorded("discovery_topic_first")
    found = Tasmota().discover(message["topic"], message["payload"].encode())
    assert isinstance(found, Announced)
    [channel] = found.channels
    assert (channel.address, channel.name, found.model) == (
        "00000049A3BC/1",
        "Test",
        "Sonoff Basic",
    )


def test_an_empty_discovery_withdraws_the_box() -> None:
    assert Tasmota().discover(f"tasmota/discovery/{MAC}/config", b"") == Withdrawn(MAC)


def test_a_boot_is_understood_message_by_message() -> None:
    box = box_of(config(MAC, t="pow_r2"))
    assert said(box, recorded("boot_pow_r2")) == [
        Reachable(online=True),
        Report("1", on=True, acknowledged=True),
        Report("1", on=True),
        Report("1", on=True),
        Report("1", readings={"watts": 256.0}),
    ]


def test_watts_come_as_a_number_a_list_or_a_dict() -> None:
    one = box_of(config(MAC, t="tasmota"))
    two = box_of(config(MAC, (1, 1), t="tasmota"))
    assert said(one, recorded("energy_dict")) == [Report("1", readings={"watts": 70.0})]
    assert said(one, recorded("energy_list")) == [Report("1", readings={"watts": 57.0})]
    assert said(two, recorded("energy_list")) == [
        Report("1", readings={"watts": 52.0}),
        Report("2", readings={"watts": 5.0}),
    ]
    assert said(two, recorded("energy_dict")) == []


def test_the_periodic_state_of_two_relays_is_two_reports() -> None:
    box = box_of(config(MAC, (1, 1), t="shellyB"))
    assert said(box, recorded("two_relays_state")) == [
        Report("1", on=False),
        Report("2", on=False),
    ]


def test_the_words_of_the_box_are_used_both_ways() -> None:
    box = box_of(config(MAC, state=["TẮT", "BẬT", "ĐỔI", "GIỮ"], onln="Có", ofln="Mất"))
    topic = MAC.lower()
    assert box.decode(box.topics[f"stat/{topic}/POWER"], "BẬT".encode()) == (Report("1", on=True),)
    assert box.decode("answer", '{"POWER":"TẮT"}'.encode()) == [
        Report("1", on=False, acknowledged=True)
    ]
    assert box.decode("lwt", "Mất".encode()) == (Reachable(online=False),)
    [publish] = box.encode("1", Switch("c", on=True, not_after=SOON))
    assert publish.payload == "BẬT".encode()
    with pytest.raises(MalformedPayloadError):
        box.decode("answer", b'{"POWER":"ON"}')


def test_with_setoption4_the_answer_comes_on_the_topic_of_the_command() -> None:
    box = box_of(config(MAC, (1, 1), so={"4": 1}))
    part = box.topics[f"stat/{MAC.lower()}/POWER2"]
    assert box.decode(part, b'{"POWER2":"ON"}') == [Report("2", on=True, acknowledged=True)]
    assert box.decode(part, b"ON") == (Report("2", on=True, acknowledged=True),)


def test_the_plain_echo_is_a_state_and_no_acknowledgement() -> None:
    box = box_of(config(MAC, (1, 1)))
    part = box.topics[f"stat/{MAC.lower()}/POWER2"]
    assert box.decode(part, b"ON") == (Report("2", on=True),)


def test_other_answers_say_nothing_of_the_lamp() -> None:
    box = box_of(config(MAC))
    for payload in (b'{"PulseTime1":{"Set":100,"Remaining":95}}', b'{"PowerOnState":3}', b"{}"):
        assert box.decode("answer", payload) == []


def test_a_question_has_an_empty_payload() -> None:
    box = box_of(config(MAC, (1, 1)))
    [publish] = box.query("2", ASK)
    assert (publish.topic, publish.payload) == (f"cmnd/{MAC.lower()}/POWER2", b"")


def test_a_light_is_dimmed_and_a_relay_is_not() -> None:
    light = box_of(config(MAC, (2,), lt_st=1))
    assert light.dims("1")
    [publish] = light.encode("1", Switch("c", on=True, not_after=SOON, level=40))
    assert (publish.topic, publish.payload) == (f"cmnd/{MAC.lower()}/Dimmer", b"40")
    assert light.decode("answer", b'{"POWER":"ON","Dimmer":40}') == [
        Report("1", on=True, level=40, acknowledged=True)
    ]
    assert light.decode("answer", b'{"Dimmer":40}') == [Report("1", level=40, acknowledged=True)]
    assert not box_of(config(MAC)).dims("1")


def test_a_dimmer_that_stays_off_when_dimmed_is_also_switched_on() -> None:
    light = box_of(config(MAC, (2,), lt_st=1, so={"20": 1}))
    publishes = light.encode("1", Switch("c", on=True, not_after=SOON, level=40))
    assert [publish.payload for publish in publishes] == [b"40", b"ON"]


def test_boxes_with_the_same_order_of_levels_share_their_subscriptions() -> None:
    assert box_of(config(MAC)).filters == box_of(config(MAC, t="other")).filters
    own = box_of(config(MAC, ft="thon/%topic%-x/%prefix%/")).filters
    assert own[0] == f"thon/{MAC.lower()}-x/stat/+"
