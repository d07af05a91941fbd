import json
from typing import Any

import pytest

from simulator.tasmota import Relays, Said


def box(relays: int = 1, **options: str) -> Relays:
    return Relays("A0B1C2D3E001", relays, **options)


def pairs(said: list[Said]) -> list[tuple[str, str]]:
    return [(message.topic, message.payload) for message in said]


def test_a_box_of_one_relay_says_power_without_a_number() -> None:
    assert pairs(box().obey("POWER", b"ON")) == [
        ("stat/tasmota_D3E001/RESULT", '{"POWER":"ON"}'),
        ("stat/tasmota_D3E001/POWER", "ON"),
    ]


def test_a_box_of_four_relays_numbers_them_and_takes_power_as_the_first() -> None:
    four = box(4)
    assert pairs(four.obey("power", b"on"))[1] == ("stat/tasmota_D3E001/POWER1", "ON")
    assert pairs(four.obey("POWER3", b"TOGGLE"))[0] == (
        "stat/tasmota_D3E001/RESULT",
        '{"POWER3":"ON"}',
    )
    assert four.on == [True, False, True, False]
    four.obey("POWER0", b"OFF")
    assert four.on == [False] * 4


@pytest.mark.parametrize("question", [b"", b"?"])
def test_an_empty_power_is_a_question(question: bytes) -> None:
    lamp = box()
    lamp.press(1)
    assert pairs(lamp.obey("POWER", question))[1][1] == "ON"


def test_state_is_answered_as_a_result() -> None:
    said = box(2).obey("STATE", b"")
    assert said[0].topic == "stat/tasmota_D3E001/RESULT"
    state = json.loads(said[0].payload)
    assert (state["POWER1"], state["POWER2"]) == ("OFF", "OFF")


def test_an_unknown_command_is_called_unknown() -> None:
    assert json.loads(box().obey("FLY", b"")[0].payload)["Command"] == "Unknown"
    assert json.loads(box().obey("POWER5", b"ON")[0].payload)["Command"] == "Unknown"


def test_a_box_introduces_itself_with_retained_messages() -> None:
    config, sensors = box(4, name="Cột 1").discovery()
    assert config.topic == "tasmota/discovery/A0B1C2D3E001/config"
    assert config.retain
    assert sensors.retain
    content = json.loads(config.payload)
    assert content["mac"] == "A0B1C2D3E001"
    assert content["rl"] == [1, 1, 1, 1, 0, 0, 0, 0]
    assert content["tp"] == ["cmnd", "stat", "tele"]
    assert "ENERGY" in json.loads(sensors.payload)["sn"]


def test_the_topics_follow_the_order_that_discovery_names() -> None:
    other = box(full_topic="%topic%/%prefix%/")
    assert other.subscription == "tasmota_D3E001/cmnd/#"
    assert json.loads(other.discovery()[0].payload)["ft"] == "%topic%/%prefix%/"
    assert other.obey("POWER", b"ON")[0].topic == "tasmota_D3E001/stat/RESULT"


def test_booting_empties_its_own_command_topic_before_anything_else_is_reported() -> None:
    said = pairs(box().greeting(booted=True))
    assert said[0] == ("tele/tasmota_D3E001/LWT", "Online")
    assert said[1] == ("cmnd/tasmota_D3E001/POWER", "")
    lasts = [topic.rpartition("/")[2] for topic, _ in said[2:]]
    assert lasts == ["INFO1", "INFO2", "INFO3", "RESULT", "POWER", "STATE", "SENSOR"]
    assert "INFO1" not in str(box().greeting(booted=False))


def test_the_watts_follow_the_lamp_and_the_energy_its_hours() -> None:
    lamp = box()
    assert energy(lamp)["Power"] == 0
    before = energy(lamp)["Total"]
    lamp.obey("POWER", b"ON")
    assert 60 < energy(lamp)["Power"] < 80
    lamp.burn(3600)
    assert energy(lamp)["Total"] - before == pytest.approx(0.07, abs=0.01)


def test_several_relays_give_lists_of_watts() -> None:
    four = box(4)
    four.obey("POWER2", b"ON")
    watts = energy(four)["Power"]
    assert watts[0] == 0
    assert watts[1] > 60


def test_a_silent_relay_switches_and_says_nothing() -> None:
    lamp = box()
    lamp.silent.add(1)
    assert lamp.obey("POWER", b"ON") == []
    assert lamp.on == [True]
    assert lamp.obey("STATE", b"") == []


@pytest.mark.parametrize(("mac", "relays"), [("a0b1c2d3e001", 1), ("A0", 1), ("A0B1C2D3E001", 9)])
def test_a_box_that_cannot_be_is_refused(mac: str, relays: int) -> None:
    with pytest.raises(ValueError):
        Relays(mac, relays)


def energy(lamp: Relays) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lamp.sensor().payload)["ENERGY"]
    return content
