"""The verbs of schedules, carried out by the same services that phones call."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from announcements.service import Announcements
from devices.models import Device, Wish
from devices.service import Devices
from hub.actors import Actor
from hub.errors import NotFound


def find_access_point(devices: Devices, device_id: str) -> Device:
    """The access point with this id. Raises NotFound, also for a device of another kind."""
    device = devices.get_device(device_id)
    if device.kind != "access_point":
        detail = "This is not an access point: look at the list of devices"
        raise NotFound(detail, device=device_id)
    return device


class VillageVerbs:
    """What a schedule may do, on the real devices."""

    def __init__(self, devices: Devices, announcements: Announcements) -> None:
        self._devices = devices
        self._announcements = announcements

    async def switch_lights(
        self,
        *,
        zone_ids: Sequence[str],
        turn: Literal["on", "off"],
        level: int | None,
        by: Actor,
        reason: str,
    ) -> None:
        """Set the programme of these zones; lamps that are away follow when they return."""
        await self._devices.apply_programme(zone_ids, turn, level, by, reason)

    async def switch_wifi(
        self, *, device_ids: Sequence[str], turn: Literal["on", "off"], by: Actor, reason: str
    ) -> None:
        """Switch guest networks, each for itself. Raises the first error when all were tried."""
        wish = Wish(turn=turn, reason=reason)
        commands = (self._devices.command(device_id, wish, by) for device_id in device_ids)
        for outcome in await asyncio.gather(*commands, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def announce(
        self,
        *,
        text: str,
        zone_ids: Sequence[str],
        class_: Literal["normal", "priority"],
        repeat: int,
        by: Actor,
        not_after: datetime,
    ) -> None:
        """Speak, once, unless it is later than `not_after`."""
        await self._announcements.announce(text, zone_ids, class_, repeat, by, not_after)

    async def has_announced(self, by: Actor, since: datetime) -> bool:
        """Whether this schedule has announced anything since then."""
        return await self._announcements.has_announced(by, since)

    async def record_missed_announcement(
        self,
        *,
        text: str,
        zone_ids: Sequence[str],
        class_: Literal["normal", "priority"],
        repeat: int,
        by: Actor,
        due_at: datetime,
        reason: str,
    ) -> None:
        """Write down that this was not said."""
        await self._announcements.record_missed(text, zone_ids, class_, repeat, by, due_at, reason)
