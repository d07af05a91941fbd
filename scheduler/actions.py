"""What a schedule does: switch lights, announce, switch wifi."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeGuard

from scheduler.fields import check_keys, ids, whole_number, wrong

LONGEST_TEXT: Final = 2_000
MOST_REPEATS: Final = 3
_MOST_IDS: Final = 500

Turn = Literal["on", "off"]
ScheduledClass = Literal["normal", "priority"]


@dataclass(frozen=True, slots=True)
class Light:
    """Switch the lights of some zones."""

    zones: tuple[str, ...]
    turn: Turn
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Speak a text in some zones. An emergency cannot be foreseen, so it is not scheduled."""

    zones: tuple[str, ...]
    text: str
    class_: ScheduledClass = "normal"
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Wifi:
    """Switch the guest network of some access points."""

    devices: tuple[str, ...]
    turn: Turn


Action = Light | Announcement | Wifi


def parse_action(raw: Mapping[str, object]) -> Action:
    """Read the JSON shape of an action. Raises InvalidInput that names the field."""
    match raw.get("type"):
        case "light":
            return _light(raw)
        case "announcement":
            return _announcement(raw)
        case "wifi":
            check_keys(raw, "action", ("type", "devices", "turn"))
            return Wifi(ids(raw["devices"], "action.devices", _MOST_IDS), _turn(raw["turn"]))
        case _:
            raise wrong("action.type", "light, announcement or wifi")


def action_json(action: Action) -> dict[str, object]:
    """The JSON shape of an action, every key written out."""
    match action:
        case Light(zones, turn, level):
            light: dict[str, object] = {"type": "light", "zones": list(zones), "turn": turn}
            return light if level is None else light | {"level": level}
        case Announcement(zones, text, class_, repeat):
            return {
                "type": "announcement",
                "zones": list(zones),
                "text": text,
                "class": class_,
                "repeat": repeat,
            }
        case Wifi(devices, turn):
            return {"type": "wifi", "devices": list(devices), "turn": turn}


def _light(raw: Mapping[str, object]) -> Light:
    check_keys(raw, "action", ("type", "zones", "turn"), ("level",))
    turn = _turn(raw["turn"])
    level = raw.get("level")
    if level is not None:
        level = whole_number(level, "action.level", 0, 100)
        if turn == "off":
            raise wrong("action.level", "left out when the lights go off")
    return Light(ids(raw["zones"], "action.zones", _MOST_IDS), turn, level)


def _announcement(raw: Mapping[str, object]) -> Announcement:
    check_keys(raw, "action", ("type", "zones", "text"), ("class", "repeat"))
    text = raw["text"]
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise wrong("action.text", f"a text of 1 to {LONGEST_TEXT} letters")
    class_ = raw.get("class", "normal")
    if not _may_be_scheduled(class_):
        raise wrong("action.class", "normal or priority: an emergency cannot be scheduled")
    return Announcement(
        ids(raw["zones"], "action.zones", _MOST_IDS),
        text.strip(),
        class_,
        whole_number(raw.get("repeat", 1), "action.repeat", 1, MOST_REPEATS),
    )


def _turn(raw: object) -> Turn:
    if raw == "on":
        return "on"
    if raw == "off":
        return "off"
    raise wrong("action.turn", "on or off")


def _may_be_scheduled(raw: object) -> TypeGuard[ScheduledClass]:
    return isinstance(raw, str) and raw in {"normal", "priority"}
