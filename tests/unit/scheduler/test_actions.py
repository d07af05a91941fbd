import pytest

from hub.errors import InvalidInput
from scheduler.actions import action_json, parse_action

LIGHT = {"type": "light", "zones": ["lane-1"], "turn": "on"}
SPEECH = {"type": "announcement", "zones": ["lane-1"], "text": "xin chào"}
WIFI = {"type": "wifi", "devices": ["hall"], "turn": "on"}


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ({}, "action.type"),
        ({"type": "siren"}, "action.type"),
        ({"type": "light", "turn": "on"}, "action.zones"),
        (LIGHT | {"zones": []}, "action.zones"),
        (LIGHT | {"zones": "lane-1"}, "action.zones"),
        (LIGHT | {"zones": ["lane-1", "lane-1"]}, "action.zones"),
        (LIGHT | {"zones": [1]}, "action.zones"),
        (LIGHT | {"zones": ["x" * 100_000]}, "action.zones"),
        (LIGHT | {"turn": "toggle"}, "action.turn"),
        (LIGHT | {"turn": True}, "action.turn"),
        (LIGHT | {"level": 101}, "action.level"),
        (LIGHT | {"level": True}, "action.level"),
        (LIGHT | {"turn": "off", "level": 10}, "action.level"),
        (LIGHT | {"devices": ["hall"]}, "action.devices"),
        (LIGHT | {"x" * 100_000: 1}, f"action.{'x' * 40}"),
        (SPEECH | {"text": ""}, "action.text"),
        (SPEECH | {"text": " \n "}, "action.text"),
        (SPEECH | {"text": "x" * 100_000}, "action.text"),
        (SPEECH | {"text": None}, "action.text"),
        (SPEECH | {"class": "emergency"}, "action.class"),
        (SPEECH | {"class": ["normal"]}, "action.class"),
        (SPEECH | {"repeat": 0}, "action.repeat"),
        (SPEECH | {"repeat": 1000}, "action.repeat"),
        (WIFI | {"zones": ["lane-1"]}, "action.zones"),
    ],
)
def test_a_malformed_action_is_refused_by_the_name_of_its_field(
    action: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_action(action)
    assert refused.value.context["field"] == field
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize(
    "shape",
    [
        LIGHT | {"level": 0},
        LIGHT | {"turn": "off"},
        SPEECH | {"class": "priority", "repeat": 3},
        WIFI,
    ],
)
def test_an_action_is_written_as_it_was_read(shape: dict[str, object]) -> None:
    assert action_json(parse_action(shape)) == shape
