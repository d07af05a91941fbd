"""What the hub knows of one adopted device, as it changes from message to message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from devices.driver import Box, Driver
from devices.models import Availability, Device, Kind, Source, State, Target
from devices.targets import effective

if TYPE_CHECKING:
    from devices.confirmation import Wait

READINGS = ("watts", "volume", "now_playing", "queue", "stations", "internet", "name")


@dataclass(slots=True, eq=False)
class Entry:
    """One adopted device. Only StateStore changes its state; monotonic times are in seconds.

    `heard`: reported live in this session of the broker. `returning`: came back to the broker,
    and has not yet reported since. `unsynced`: has not yet reported in this session.
    `reached`: the device has once reported what the present target wants. `submitted`: the
    override and programme that are on their way to the disk; acts that overlap build on them.
    """

    id: str
    kind: Kind
    name: str
    zone_id: str
    driver: Driver
    address: str
    channel: str
    box: Box | None
    created_at: datetime
    availability: Availability = "unknown"
    on: bool | None = None
    level: int | None = None
    source: Source | None = None
    reported_at: datetime | None = None
    readings: Mapping[str, object] = field(default_factory=dict)
    stale: bool = True
    override: Target | None = None
    programme: Target | None = None
    reached: bool = False
    submitted: tuple[Target | None, Target | None] | None = None
    wait: "Wait | None" = None
    heard: bool = False
    returning: bool = False
    unsynced: bool = True
    awaiting_until: float = 0.0
    heard_at: float = 0.0
    asked_at: float | None = None
    told_at: float = 0.0
    untold: bool = False
    counted: int = 0
    seen: Device | None = None

    @property
    def target(self) -> Target | None:
        """What the device should do now."""
        return effective(self.override, self.programme)

    @property
    def latest(self) -> tuple[Target | None, Target | None]:
        """Override and programme as they are once all that was submitted is on the disk."""
        return self.submitted or (self.override, self.programme)

    def view(self) -> Device:
        """The device as others see it: the same value until something changes."""
        if self.seen is None:
            self.seen = Device(
                self.id,
                self.name,
                self.kind,
                self.zone_id,
                self.driver.name,
                self.address,
                self.availability,
                self._state(),
                self.target,
                self.wait is not None,
            )
        return self.seen

    def _state(self) -> State:
        fixed = (self.on, self.level, self.reported_at, self.stale, self.source)
        return State(*fixed, **self.readings) if self.readings else State(*fixed)  # type: ignore[arg-type]
