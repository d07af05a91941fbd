"""The map of the village: roads, alleys and hamlets, nested."""

from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, String, Table, delete, insert, select, update

from hub.database import Database, metadata
from hub.errors import Conflict, InvalidInput, NotFound
from hub.events import Events
from hub.ids import new_id

zones = Table(
    "zones",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("parent_id", String(32), ForeignKey("zones.id"), nullable=True),
)

_MOST_ZONES = 500
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the village; `parent_id` is the zone around it."""

    id: str
    name: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """A zone is new, renamed or moved."""

    zone: Zone


@dataclass(frozen=True, slots=True)
class ZoneRemoved:
    """A zone is gone."""

    id: str


class Zones:
    """All zones, kept in memory: every command asks which devices lie within one."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events
        self._zones: dict[str, Zone] = {}

    async def open(self) -> None:
        """Read the zones."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(zones))
            self._zones = {row.id: Zone(row.id, row.name, row.parent_id) for row in rows}

    def list_zones(self) -> list[Zone]:
        """All zones, in the order they were made."""
        return sorted(self._zones.values(), key=lambda zone: zone.id)

    def get_zone(self, zone_id: str) -> Zone:
        """Raises NotFound."""
        zone = self._zones.get(zone_id)
        if zone is None:
            detail = "There is no such road or zone: look at the list of zones"
            raise NotFound(detail, zone=zone_id)
        return zone

    def find_by_name(self, name: str) -> Zone | None:
        """The zone with this name."""
        return next((zone for zone in self._zones.values() if zone.name == name), None)

    def members(self, zone_id: str) -> set[str]:
        """The ids of this zone and of all zones within it."""
        found = {self.get_zone(zone_id).id}
        grew = True
        while grew:
            within = {zone.id for zone in self._zones.values() if zone.parent_id in found}
            grew = not within <= found
            found |= within
        return found

    async def add_zone(self, name: str, parent_id: str | None = None) -> Zone:
        """Raises InvalidInput, NotFound for the parent, or Conflict when the name is taken."""
        if len(self._zones) >= _MOST_ZONES:
            detail = f"A village has at most {_MOST_ZONES} zones: remove one first"
            raise InvalidInput(detail)
        zone = Zone(new_id(), self._checked(name, None), parent_id)
        self._check_depth(zone)
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(zones).values(id=zone.id, name=zone.name, parent_id=parent_id)
            )
        self._set(zone)
        return zone

    async def change_zone(self, zone_id: str, name: str | None, parent_id: str | None) -> Zone:
        """Rename or move. `name` None keeps the name; `parent_id` is the new place."""
        old = self.get_zone(zone_id)
        zone = Zone(zone_id, old.name if name is None else self._checked(name, zone_id), parent_id)
        if parent_id is not None and parent_id in self.members(zone_id):
            detail = "A zone cannot lie within itself: choose another parent"
            raise InvalidInput(detail)
        self._check_depth(zone)
        async with self._database.transaction() as connection:
            await connection.execute(
                update(zones)
                .where(zones.c.id == zone_id)
                .values(name=zone.name, parent_id=parent_id)
            )
        self._set(zone)
        return zone

    async def remove_zone(self, zone_id: str) -> None:
        """Remove an empty zone; Conflict when zones lie within it."""
        zone = self.get_zone(zone_id)
        if any(other.parent_id == zone.id for other in self._zones.values()):
            detail = "Other zones lie within this one: move or remove them first"
            raise Conflict(detail)
        async with self._database.transaction() as connection:
            await connection.execute(delete(zones).where(zones.c.id == zone_id))
        del self._zones[zone_id]
        self._events.publish(ZoneRemoved(zone_id))

    def _set(self, zone: Zone) -> None:
        self._zones[zone.id] = zone
        self._events.publish(ZoneChanged(zone))

    def _checked(self, name: str, own_id: str | None) -> str:
        name = " ".join(name.split())
        if not 1 <= len(name) <= 80 or not name.isprintable():  # noqa: PLR2004  the column's width
            detail = "A zone needs a name of 1 to 80 letters"
            raise InvalidInput(detail)
        taken = self.find_by_name(name)
        if taken is not None and taken.id != own_id:
            detail = "Another zone has this name: choose a different one"
            raise Conflict(detail, name=name)
        return name

    def _check_depth(self, zone: Zone) -> None:
        depth, above = 1, zone.parent_id
        while above is not None:
            depth, above = depth + 1, self.get_zone(above).parent_id
        if depth > _DEEPEST:
            detail = f"Zones nest at most {_DEEPEST} deep: choose a higher parent"
            raise InvalidInput(detail)
