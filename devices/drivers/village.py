"""What the village's own agents have in common: topics, ids and expiry (docs/topics.md)."""

import json
import re
from datetime import datetime
from typing import Final

from devices.driver import Acknowledged, Heard, MalformedPayloadError, Reachable
from devices.drivers.payload import instant, number, object_of, text_of, words
from hub.mqtt import Publish

AGE_LIMIT_S: Final = 180.0  # agents speak every 60 s
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATUSES: Final = frozenset(
    {"accepted", "playing", "done", "stopped", "preempted", "rejected", "failed"}
)


def introduced(root: str, topic: str) -> tuple[str, str] | None:
    """The id and the last word of `<root>/<id>/status` or `.../state`; None for anything else."""
    if not topic.startswith(root):
        return None
    parts = topic[len(root) :].split("/")
    if len(parts) != 2 or parts[1] not in ("status", "state"):  # noqa: PLR2004  id and word
        return None
    if _ID.fullmatch(parts[0]) is None:
        raise MalformedPayloadError("an id of other signs than letters, digits, - and _")
    return parts[0], parts[1]


def status(payload: bytes) -> tuple[Heard, ...]:
    """The will: `online` or `offline`; empty when it was cleared."""
    word = text_of(payload)
    if word == "online":
        return (Reachable(online=True),)
    if word in ("offline", ""):
        return (Reachable(online=False),)
    raise MalformedPayloadError("a status that is neither online nor offline")


def acknowledgement(payload: bytes) -> tuple[Heard, ...]:
    """`{"id","status","reason"?,"at"?,"position_s"?}`."""
    said = object_of(payload)
    order_id, its_status = said.get("id"), said.get("status")
    if not isinstance(order_id, str) or len(order_id) > 64:  # noqa: PLR2004  as in _ID
        raise MalformedPayloadError("an ack without id")
    if not isinstance(its_status, str) or its_status not in _STATUSES:
        raise MalformedPayloadError("an ack with an unknown status")
    return (
        Acknowledged(
            order_id,
            its_status,
            words(said.get("reason")) or "",
            instant(said.get("at")),
            number(said.get("position_s")),
        ),
    )


def order(topic: str, id_: str, op: str, not_after: datetime, **more: object) -> list[Publish]:
    """One order as JSON; what is None is left out, except the target of a stop."""
    said: dict[str, object] = {"id": id_, "op": op}
    said |= {key: value for key, value in more.items() if value is not None or key == "target"}
    said["not_after"] = not_after.isoformat(timespec="seconds")
    return [Publish(topic, json.dumps(said).encode())]
