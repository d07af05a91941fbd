from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.database import Database, metadata
from hub.events import Events
from people.models import SessionEnded
from people.service import People
from tests.fakes import FakeClock


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    async with database.transaction() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def ended(events: Events) -> list[SessionEnded]:
    seen: list[SessionEnded] = []
    events.listen(SessionEnded, seen.append)
    return seen


@pytest.fixture
async def people(database: Database, clock: FakeClock, events: Events) -> People:
    people = People(database, clock, events)
    await people.open()
    return people
