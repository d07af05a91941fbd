"""The JSON of each noun, the same in answers and in events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from announcements.models import Announcement, Delivery
from camera.models import Camera
from devices.models import Command, Device, Found, State, Target
from hub.zones import Zone
from people.models import Person
from scheduler.models import Run, Schedule

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Local:
    """Shows instants in the zone of the village, with their offset."""

    zone: Any

    def time(self, at: datetime | None) -> datetime | None:
        """The same instant, on the village's clock."""
        return None if at is None else at.astimezone(self.zone)


class ZoneBody(TypedDict):
    """A road, alley or hamlet."""

    id: str
    name: str
    parent: str | None


def zone_body(zone: Zone) -> ZoneBody:
    """A zone."""
    return {"id": zone.id, "name": zone.name, "parent": zone.parent_id}


def state_body(state: State, local: Local) -> Body:
    """What the device itself reported; keys that it never reports are absent."""
    known: dict[str, object] = {
        "on": state.on,
        "level": state.level,
        "reported_at": local.time(state.reported_at),
        "stale": state.stale,
        "source": state.source,
    }
    optional = {
        "watts": state.watts,
        "volume": state.volume,
        "stations": state.stations,
        "internet": state.internet,
        "name": state.name,
    }
    return known | {key: value for key, value in optional.items() if value is not None}


def target_body(target: Target | None, local: Local) -> Body | None:
    """What was asked of the device, by whom and until when."""
    if target is None:
        return None
    return {
        "on": target.on,
        "level": target.level,
        "source": target.source,
        "by": target.by,
        "reason": target.reason,
        "until": local.time(target.until),
    }


def device_body(device: Device, local: Local) -> Body:
    """A device."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": device.kind,
        "zone": device.zone_id,
        "driver": device.driver,
        "address": device.address,
        "availability": device.availability,
        "state": state_body(device.state, local),
        "target": target_body(device.target, local),
        "open": device.open,
    }


def found_body(found: Found, local: Local) -> Body:
    """A device that waits to be named."""
    return {
        "id": found.id,
        "driver": found.driver,
        "address": found.address,
        "kind": found.kind,
        "name": found.name,
        "model": found.model,
        "heard_at": local.time(found.heard_at),
    }


def command_body(command: Command, local: Local) -> Body:
    """A command and what became of it."""
    return {
        "id": command.id,
        "device": command.device_id,
        "turn": command.turn,
        "level": command.level,
        "outcome": command.outcome,
        "by": command.by_name,
        "reason": command.reason,
        "note": command.note,
        "created_at": local.time(command.created_at),
        "confirmed_at": local.time(command.settled_at if command.outcome == "confirmed" else None),
    }


def delivery_body(delivery: Delivery, local: Local) -> Body:
    """What became of an announcement on one loudspeaker."""
    return {
        "id": delivery.id,
        "announcement": delivery.announcement_id,
        "device": delivery.loudspeaker_id,
        "name": delivery.loudspeaker_name,
        "state": delivery.state,
        "reason": delivery.reason,
        "at": local.time(delivery.ended_at or delivery.started_at or delivery.sent_at),
    }


def announcement_body(announcement: Announcement, local: Local, *, deliveries: bool) -> Body:
    """An announcement; with its deliveries for those who may see devices."""
    body: dict[str, object] = {
        "id": announcement.id,
        "text": announcement.text,
        "spoken": announcement.spoken,
        "class": announcement.class_,
        "repeat": announcement.repeat,
        "zones": list(announcement.zones),
        "by": announcement.by.name,
        "created_at": local.time(announcement.created_at),
        "not_after": local.time(announcement.not_after),
        "state": announcement.progress,
        "reason": announcement.missed,
        "seconds": announcement.seconds,
        "audio": (
            f"/api/v1/announcements/{announcement.id}/audio.mp3"
            if announcement.seconds is not None
            else None
        ),
    }
    if deliveries:
        body["deliveries"] = [delivery_body(each, local) for each in announcement.deliveries]
    return body


def camera_body(camera: Camera, local: Local) -> Body:
    """A camera; its address, which may hold a password, never leaves the hub."""
    return {
        "id": camera.id,
        "name": camera.name,
        "zone": camera.zone_id,
        "availability": camera.availability,
        "frame_at": local.time(camera.frame_at),
        "says": camera.says,
        "snapshot": f"/api/v1/cameras/{camera.id}/snapshot.jpg",
        "stream": f"/api/v1/cameras/{camera.id}/stream.mjpeg",
    }


def run_body(run: Run | None, local: Local) -> Body | None:
    """One run of a schedule."""
    if run is None:
        return None
    return {
        "due_at": local.time(run.due_at),
        "outcome": run.outcome,
        "reason": run.reason,
    }


def schedule_body(schedule: Schedule, local: Local) -> Body:
    """A schedule with its next and its last run."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "trigger": schedule.trigger,
        "action": schedule.action,
        "enabled": schedule.enabled,
        "next_at": local.time(schedule.next_at),
        "last_run": run_body(schedule.last_run, local),
    }


def person_body(person: Person) -> Body:
    """A person."""
    return {"id": person.id, "name": person.name, "role": person.role}
