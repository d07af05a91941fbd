"""The map of the village."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.database import Database
from hub.errors import Conflict, InvalidInput, NotFound
from hub.events import Events
from hub.zones import ZoneChanged, ZoneRemoved, Zones, zones


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hub.sqlite'}")
    await database.open()
    async with database.transaction() as connection:
        await connection.run_sync(zones.create)
    yield database
    await database.close()


async def test_a_zone_holds_what_lies_within_it(database: Database) -> None:
    village = Zones(database, Events())
    hamlet = await village.add_zone("Xóm Đình")
    road = await village.add_zone("Đường Đình", hamlet.id)
    alley = await village.add_zone("Ngõ 1", road.id)
    other = await village.add_zone("Ngõ 2")
    assert village.members(hamlet.id) == {hamlet.id, road.id, alley.id}
    assert village.members(other.id) == {other.id}


async def test_zones_are_there_after_a_restart(database: Database) -> None:
    road = await Zones(database, Events()).add_zone("  Đường   Đình ")
    again = Zones(database, Events())
    await again.open()
    assert again.get_zone(road.id).name == "Đường Đình"


async def test_two_zones_never_share_a_name(database: Database) -> None:
    village = Zones(database, Events())
    await village.add_zone("Ngõ 1")
    other = await village.add_zone("Ngõ 2")
    with pytest.raises(Conflict):
        await village.add_zone("Ngõ 1")
    with pytest.raises(Conflict):
        await village.change_zone(other.id, "Ngõ 1", None)
    assert (await village.change_zone(other.id, "Ngõ 2", None)).name == "Ngõ 2"


async def test_a_zone_never_lies_within_itself(database: Database) -> None:
    village = Zones(database, Events())
    outer = await village.add_zone("Xóm Đình")
    inner = await village.add_zone("Ngõ 1", outer.id)
    with pytest.raises(InvalidInput):
        await village.change_zone(outer.id, None, inner.id)
    with pytest.raises(Conflict):
        await village.remove_zone(outer.id)


async def test_a_zone_that_is_none_is_not_found(database: Database) -> None:
    village = Zones(database, Events())
    with pytest.raises(NotFound):
        village.members("nowhere")
    with pytest.raises(NotFound):
        await village.add_zone("Ngõ 1", "nowhere")


async def test_nesting_has_a_limit(database: Database) -> None:
    village = Zones(database, Events())
    parent = None
    for depth in range(8):
        parent = (await village.add_zone(f"Ngõ {depth}", parent)).id
    with pytest.raises(InvalidInput):
        await village.add_zone("Ngõ sâu", parent)


async def test_changes_are_told_after_the_commit(database: Database) -> None:
    events, told = Events(), []
    events.listen(ZoneChanged, lambda event: told.append(event.zone.name))
    events.listen(ZoneRemoved, lambda event: told.append(event.id))
    village = Zones(database, events)
    zone = await village.add_zone("Ngõ 1")
    await village.remove_zone(zone.id)
    assert told == ["Ngõ 1", zone.id]
