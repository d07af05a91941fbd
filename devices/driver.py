"""What a driver is: bytes in, values out. It holds no state and reaches for no clock or network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from devices.models import Kind
from hub.mqtt import Publish

Record = Mapping[str, object]
"""What a driver needs to know of a box, JSON-able, as it is kept in the database."""


class MalformedPayloadError(Exception):
    """A payload that cannot be used; the text says why. Never leaves `devices`."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing that can be adopted in an announced box."""

    channel: str
    address: str
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Announced:
    """A box introduced itself."""

    box_id: str
    record: Record
    model: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A box took its introduction back."""

    box_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a device says about itself; None where it says nothing.

    `acknowledged`: it was said in answer to a command (or at a change, or at boot), not as one of
    the periodic messages. Only such a report may confirm a command.
    """

    channel: str
    on: bool | None = None
    level: int | None = None
    acknowledged: bool = False
    readings: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Reachable:
    """The will of the box: it is connected to the broker, or no longer."""

    online: bool


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life that says nothing of the state."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What became of the order with this id; `at` None when the device did not say when."""

    order_id: str
    status: str
    reason: str
    at: datetime | None
    position_s: float | None


Heard = Report | Reachable | Alive | Acknowledged


@dataclass(frozen=True, slots=True)
class Switch:
    """Turn on or off; `level` in percent, `minutes` after which the device turns off by itself."""

    id: str
    on: bool
    not_after: datetime
    level: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Fetch a sound and play it `repeat` times, unless `not_after` has passed."""

    id: str
    url: str
    sha256: str
    class_: Literal["normal", "priority", "emergency"]
    not_after: datetime
    repeat: int = 1
    volume_percent: int | None = None


@dataclass(frozen=True, slots=True)
class StopSound:
    """Stop the order `target`, or everything when it is None."""

    id: str
    target: str | None
    not_after: datetime


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Set the volume, in percent."""

    id: str
    percent: int
    not_after: datetime


@dataclass(frozen=True, slots=True)
class AskState:
    """Say the state again."""

    id: str
    not_after: datetime


Order = Switch | PlaySound | StopSound | SetVolume | AskState


class UnsupportedOrderError(Exception):
    """This kind of device cannot carry out this kind of order."""


class Box(Protocol):
    """A box as its driver understands it: its topics, and how to read and write them."""

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to, as wide as other boxes of the driver can share."""
        ...

    @property
    def topics(self) -> Mapping[str, str]:
        """Each topic that the box speaks on, with the part that `decode` wants for it."""
        ...

    def decode(self, part: str, payload: bytes) -> Sequence[Heard]:
        """Read one message. Raises MalformedPayloadError."""
        ...

    def encode(self, channel: str, order: Order) -> list[Publish]:
        """Write one order. Raises UnsupportedOrderError."""
        ...

    def query(self, channel: str, order: AskState) -> list[Publish]:
        """Write the question for the state of a channel."""
        ...

    def dims(self, channel: str) -> bool:
        """Whether the channel takes a level."""
        ...


class Driver(Protocol):
    """One family of devices."""

    @property
    def name(self) -> str:
        """The name in addresses and in the API."""
        ...

    @property
    def filters(self) -> tuple[str, ...]:
        """Where boxes of this family introduce themselves."""
        ...

    @property
    def age_limit_s(self) -> float:
        """A state older than this is stale."""
        ...

    def discover(self, topic: str, payload: bytes) -> Announced | Withdrawn | None:
        """Read an introduction; None for any other message. Raises MalformedPayloadError."""
        ...

    def box(self, record: Record) -> Box:
        """The box behind a record that `discover` made."""
        ...

    def split(self, address: str) -> tuple[str, str]:
        """The box and the channel of an address."""
        ...

    def record_of(self, address: str) -> Record | None:
        """The record of a box that was never heard, where the address alone is enough."""
        ...
