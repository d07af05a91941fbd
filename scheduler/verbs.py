"""What a schedule may ask of the parts below: the same verbs as a phone's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from hub.actors import Actor


class Verbs(Protocol):
    """Carried out by devices and announcements; wired by the composition root.

    Each returns once the wish is stored and sent, without waiting for lamps or loudspeakers, and
    raises HubError otherwise. BrokerDown means that nothing was begun: it is tried again.
    """

    async def switch_lights(
        self,
        *,
        zone_ids: Sequence[str],
        turn: Literal["on", "off"],
        level: int | None,
        by: Actor,
        reason: str,
    ) -> None:
        """Set the programme target of all lights in these zones."""
        ...

    async def switch_wifi(
        self, *, device_ids: Sequence[str], turn: Literal["on", "off"], by: Actor, reason: str
    ) -> None:
        """Switch the guest network of these access points."""
        ...

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
        ...

    async def has_announced(self, by: Actor, since: datetime) -> bool:
        """Whether this schedule has announced anything since then, heard or not."""
        ...

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
        """Write down that this was not said; it is never played."""
        ...
