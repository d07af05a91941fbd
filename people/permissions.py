"""The one permission table: which role may do what. What does not stand in it is denied."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a person is to the village."""

    HEAD = "head"
    RESIDENT = "resident"


class Verb(StrEnum):
    """What a person may be permitted to do; every route names one."""

    SESSION_OWN = "session.own"
    EVENTS_FOLLOW = "events.follow"
    ZONES_SEE = "zones.see"
    ZONES_CHANGE = "zones.change"
    DEVICES_SEE = "devices.see"
    DEVICES_CHANGE = "devices.change"
    DEVICES_COMMAND = "devices.command"
    ANNOUNCEMENTS_SEE = "announcements.see"
    ANNOUNCEMENTS_ANNOUNCE = "announcements.announce"
    ANNOUNCEMENTS_STOP = "announcements.stop"
    CAMERAS_WATCH = "cameras.watch"
    CAMERAS_CHANGE = "cameras.change"
    SCHEDULES_SEE = "schedules.see"
    SCHEDULES_CHANGE = "schedules.change"
    PEOPLE_INVITE = "people.invite"
    HUB_STATUS = "hub.status"
    HUB_DESCRIBE = "hub.describe"


_HEAD: Final = frozenset({Role.HEAD})
_EVERYONE: Final = frozenset(Role)

PERMITTED: Final[Mapping[Verb, frozenset[Role]]] = MappingProxyType(
    {
        Verb.SESSION_OWN: _EVERYONE,
        Verb.EVENTS_FOLLOW: _EVERYONE,
        # Residents read the names of roads beside cameras and announcements.
        Verb.ZONES_SEE: _EVERYONE,
        Verb.ZONES_CHANGE: _HEAD,
        Verb.DEVICES_SEE: _HEAD,
        Verb.DEVICES_CHANGE: _HEAD,
        Verb.DEVICES_COMMAND: _HEAD,
        Verb.ANNOUNCEMENTS_SEE: _EVERYONE,
        Verb.ANNOUNCEMENTS_ANNOUNCE: _HEAD,
        Verb.ANNOUNCEMENTS_STOP: _HEAD,
        Verb.CAMERAS_WATCH: _EVERYONE,
        Verb.CAMERAS_CHANGE: _HEAD,
        Verb.SCHEDULES_SEE: _HEAD,
        Verb.SCHEDULES_CHANGE: _HEAD,
        Verb.PEOPLE_INVITE: _HEAD,
        Verb.HUB_STATUS: _HEAD,
        Verb.HUB_DESCRIBE: _HEAD,
    }
)


def may(role: Role, verb: Verb) -> bool:
    """Whether a person of this role may do this."""
    return role in PERMITTED.get(verb, frozenset())
