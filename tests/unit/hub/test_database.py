"""The database: one hub, whole transactions, commits in groups."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from hub.database import Change, Database, Instant
from hub.errors import Conflict

lamps = Table("lamps", MetaData(), Column("id", Integer, primary_key=True), Column("at", Instant))


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hub.sqlite'}")
    await database.open()
    async with database.transaction() as connection:
        await connection.run_sync(lamps.metadata.create_all)
    yield database
    await database.close()


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(lamps))).scalar_one()


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def add_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(insert(lamps).values(id=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await add_and_fail()
    assert await count(database) == 0


async def test_transactions_wait_for_one_another(database: Database) -> None:
    async def add(number: int) -> None:
        async with database.transaction() as connection:
            taken = (await connection.execute(select(func.max(lamps.c.id)))).scalar()
            await asyncio.sleep(0)
            await connection.execute(insert(lamps).values(id=(taken or 0) + 1))
            del number

    await asyncio.gather(*(add(number) for number in range(20)))
    assert await count(database) == 20


async def test_commits_that_arrive_together_are_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0
    original = database._run

    def counted(changes: Sequence[Change]) -> None:
        nonlocal begun
        begun += 1
        original(changes)

    monkeypatch.setattr(database, "_run", counted)
    await asyncio.gather(
        *(database.commit(insert(lamps).values(id=number)) for number in range(100))
    )
    assert begun <= 2
    assert await count(database) == 100


async def test_one_bad_commit_does_not_take_its_neighbours_with_it(database: Database) -> None:
    results = await asyncio.gather(
        *(database.commit(insert(lamps).values(id=number)) for number in (1, 2, 2, 3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert await count(database) == 3


async def test_instants_keep_their_moment_and_get_a_zone(database: Database) -> None:
    hanoi = datetime(2026, 11, 22, 7, tzinfo=timezone(timedelta(hours=7)))
    await database.commit(insert(lamps).values(id=1, at=hanoi))
    async with database.reading() as connection:
        found = (await connection.execute(select(lamps.c.at))).scalar_one()
    assert found == hanoi
    assert found.tzinfo is UTC


async def test_a_naive_instant_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 22, 7)  # noqa: DTZ001  that is the point
    with pytest.raises(Exception, match="without time zone"):
        await database.commit(insert(lamps).values(id=1, at=naive))


async def test_a_second_hub_on_the_same_database_refuses_to_start(
    database: Database, tmp_path: Path
) -> None:
    del database
    second = Database(f"sqlite+aiosqlite:///{tmp_path / 'hub.sqlite'}")
    with pytest.raises(Conflict, match="Another hub"):
        await second.open()


async def test_what_was_committed_survives_and_is_synchronous(database: Database) -> None:
    async with database.reading() as connection:
        mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar()
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar()
    assert (mode, synchronous) == ("wal", 2)
