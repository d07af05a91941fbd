"""Who does something: a person, a schedule, or the hub by itself."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """The one in whose name an act is carried out, as it is written into every record."""

    kind: Literal["person", "schedule", "hub"]
    id: str
    name: str


HUB = Actor("hub", "hub", "hub")
