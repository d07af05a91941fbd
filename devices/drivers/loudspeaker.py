"""Loudspeakers that run the village's agent: `village/loudspeaker/<id>/...` (docs/topics.md)."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from devices.driver import (
    Alive,
    Announced,
    AskState,
    Channel,
    Heard,
    MalformedPayloadError,
    Order,
    PlaySound,
    Record,
    Report,
    SetVolume,
    StopSound,
    UnsupportedOrderError,
    Withdrawn,
)
from devices.drivers.payload import object_of, whole, words
from devices.drivers.village import AGE_LIMIT_S, acknowledgement, introduced, order, status
from hub.mqtt import Publish

_ROOT: Final = "village/loudspeaker/"


class Loudspeakers:
    """The driver; an address is the id of the agent."""

    name = "loudspeaker"
    filters = (f"{_ROOT}+/status", f"{_ROOT}+/state")
    age_limit_s = AGE_LIMIT_S

    def discover(self, topic: str, payload: bytes) -> Announced | Withdrawn | None:
        """A loudspeaker introduces itself by its retained status and state."""
        found = introduced(_ROOT, topic)
        if found is None:
            return None
        id_, word = found
        if not payload:
            return Withdrawn(id_) if word == "status" else None
        if word == "status":
            status(payload)
        else:
            _state(payload)
        name = words(object_of(payload).get("name")) if word == "state" else None
        record = {"id": id_} if name is None else {"id": id_, "name": name}
        return Announced(
            id_, record, "loudspeaker", (Channel("", id_, "loudspeaker", name or id_),)
        )

    def box(self, record: Record) -> "LoudspeakerBox":
        """The agent behind a record."""
        return LoudspeakerBox(cast("str", record["id"]))

    def split(self, address: str) -> tuple[str, str]:
        """One agent, one loudspeaker."""
        return address, ""

    def record_of(self, address: str) -> Record | None:
        """The address is all there is to know."""
        return {"id": address}


class LoudspeakerBox:
    """One agent."""

    filters = tuple(f"{_ROOT}+/{word}" for word in ("status", "state", "ack", "tele"))

    def __init__(self, id_: str) -> None:
        self._set = f"{_ROOT}{id_}/set"
        self.topics: Mapping[str, str] = {
            f"{_ROOT}{id_}/{word}": word for word in ("status", "state", "ack", "tele")
        }

    def decode(self, part: str, payload: bytes) -> Sequence[Heard]:
        """Read one message; raises MalformedPayloadError."""
        if part == "ack":
            return acknowledgement(payload)
        if part == "state":
            return _state(payload)
        if part == "status":
            return status(payload)
        return (Alive(),)

    def encode(self, channel: str, order_: Order) -> list[Publish]:
        """Write any order but a Switch."""
        match order_:
            case PlaySound():
                return self._play(order_)
            case StopSound(id_, target, not_after):
                return order(self._set, id_, "stop", not_after, target=target)
            case SetVolume(id_, percent, not_after):
                return order(self._set, id_, "volume", not_after, percent=percent)
            case AskState():
                return self.query(channel, order_)
            case _:
                raise UnsupportedOrderError

    def query(self, channel: str, order_: AskState) -> list[Publish]:
        """Ask for the state; the answer is the retained `state`, said again."""
        del channel
        return order(self._set, order_.id, "state", order_.not_after)

    def dims(self, channel: str) -> bool:
        """Never."""
        del channel
        return False

    def _play(self, sound: PlaySound) -> list[Publish]:
        return order(
            self._set,
            sound.id,
            "play",
            sound.not_after,
            url=sound.url,
            sha256=sound.sha256,
            **{"class": sound.class_},
            volume=sound.volume_percent,
            repeat=sound.repeat,
        )


def _state(payload: bytes) -> Sequence[Heard]:
    if not payload:  # cleared
        return ()
    said = object_of(payload)
    now, volume = said.get("now"), whole(said.get("volume"), 0, 100)
    if volume is None:
        raise MalformedPayloadError("a state without volume")
    playing = now.get("id") if isinstance(now, dict) else None
    readings = {
        "now_playing": words(playing),
        "volume": volume,
        "queue": whole(said.get("queue"), 0, 10_000),
    }
    return (Report("", readings=readings, acknowledged=True),)
