"""Access points that run the village's agent: `village/access-point/<id>/...` (docs/topics.md)."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from devices.driver import (
    Announced,
    AskState,
    Channel,
    Heard,
    MalformedPayloadError,
    Order,
    Record,
    Report,
    Switch,
    UnsupportedOrderError,
    Withdrawn,
)
from devices.drivers.payload import object_of, whole, words
from devices.drivers.village import AGE_LIMIT_S, acknowledgement, introduced, order, status
from hub.mqtt import Publish

_ROOT: Final = "village/access-point/"


class AccessPoints:
    """The driver; an address is the id of the agent. On means: the guest network is on."""

    name = "access_point"
    filters = (f"{_ROOT}+/status", f"{_ROOT}+/state")
    age_limit_s = AGE_LIMIT_S

    def discover(self, topic: str, payload: bytes) -> Announced | Withdrawn | None:
        """An access point introduces itself by its retained status and state."""
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
            id_, record, "access point", (Channel("", id_, "access_point", name or id_),)
        )

    def box(self, record: Record) -> "AccessPointBox":
        """The agent behind a record."""
        return AccessPointBox(cast("str", record["id"]))

    def split(self, address: str) -> tuple[str, str]:
        """One agent, one guest network."""
        return address, ""

    def record_of(self, address: str) -> Record | None:
        """The address is all there is to know."""
        return {"id": address}


class AccessPointBox:
    """One agent."""

    filters = tuple(f"{_ROOT}+/{word}" for word in ("status", "state", "ack"))

    def __init__(self, id_: str) -> None:
        self._set = f"{_ROOT}{id_}/set"
        self.topics: Mapping[str, str] = {
            f"{_ROOT}{id_}/{word}": word for word in ("status", "state", "ack")
        }

    def decode(self, part: str, payload: bytes) -> Sequence[Heard]:
        """Read one message; raises MalformedPayloadError."""
        if part == "ack":
            return acknowledgement(payload)
        return _state(payload) if part == "state" else status(payload)

    def encode(self, channel: str, order_: Order) -> list[Publish]:
        """Write a Switch or an AskState."""
        match order_:
            case Switch(id_, on, not_after, _, minutes):
                turn = "on" if on else "off"
                return order(self._set, id_, "guest", not_after, turn=turn, minutes=minutes)
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


def _state(payload: bytes) -> Sequence[Heard]:
    if not payload:  # cleared
        return ()
    said = object_of(payload)
    guest = said.get("guest")
    if not isinstance(guest, dict) or not isinstance(guest.get("on"), bool):
        raise MalformedPayloadError("no guest network that is on or off")
    internet = said.get("internet")
    readings = {
        "stations": whole(guest.get("stations"), 0, 10_000),
        "name": words(guest.get("name")),
        "internet": internet if isinstance(internet, bool) else None,
    }
    return (Report("", on=guest["on"], readings=readings, acknowledged=True),)
