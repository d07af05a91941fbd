import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from hub.actors import HUB
from hub.database import Database
from hub.errors import NotFound
from hub.events import Events
from people.models import Session, SessionEnded, sessions, sign_in_codes
from people.permissions import Role
from people.service import SESSION_DAYS, People
from tests.fakes import FakeClock, settle

DAY_S = 86_400


async def signed_in(people: People) -> tuple[str, Session]:
    code = await people.make_code(Role.RESIDENT, HUB)
    return await people.sign_in(code.secret, "Mozilla/5.0 (iPhone) Safari/604.1")


async def restarted(database: Database, clock: FakeClock, events: Events) -> People:
    people = People(database, clock, events)
    await people.open()
    return people


async def test_sessions_outlive_a_restart(
    people: People, database: Database, clock: FakeClock, events: Events
) -> None:
    token, session = await signed_in(people)
    again = await restarted(database, clock, events)
    assert await again.find_session(token) == session


@pytest.mark.parametrize("token", ["", "A" * 43, "\ud800" * 43, "x" * 100_000, "é" * 43])
async def test_a_token_that_is_none_finds_nothing(people: People, token: str) -> None:
    await signed_in(people)
    assert await people.find_session(token) is None


async def test_a_request_costs_no_sql(people: People, database: Database) -> None:
    token, _ = await signed_in(people)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = database._engine
    assert engine is not None
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    for _ in range(100):
        assert await people.find_session(token) is not None
    assert statements == []


async def test_a_session_ends_400_days_after_its_last_use(people: People, clock: FakeClock) -> None:
    token, _ = await signed_in(people)
    await clock.advance((SESSION_DAYS - 1) * DAY_S)
    assert await people.find_session(token) is not None
    await clock.advance((SESSION_DAYS - 1) * DAY_S)
    assert await people.find_session(token) is not None
    await clock.advance(SESSION_DAYS * DAY_S)
    assert await people.find_session(token) is None


async def test_a_clock_that_ran_ahead_signs_nobody_out_for_good(
    people: People, database: Database, clock: FakeClock, events: Events
) -> None:
    token, _ = await signed_in(people)
    clock.jump((SESSION_DAYS + 10) * DAY_S)
    again = await restarted(database, clock, events)
    assert await again.find_session(token) is None
    clock.jump(-(SESSION_DAYS + 10) * DAY_S)
    assert await again.find_session(token) is not None


async def test_the_last_use_is_written_at_most_once_an_hour_and_by_the_minute(
    people: People, database: Database, clock: FakeClock
) -> None:
    token, session = await signed_in(people)

    async def last_used() -> object:
        async with database.reading() as connection:
            return (await connection.execute(select(sessions.c.last_used_at))).scalar_one()

    running = asyncio.create_task(people.run())
    await clock.advance(3_599)
    await people.find_session(token)
    await clock.advance(1)
    assert await last_used() == session.last_used_at
    used = await people.find_session(token)
    assert used is not None
    assert used.last_used_at == session.last_used_at + timedelta(hours=1)
    await clock.advance(60)
    async with asyncio.timeout(5):
        while await last_used() == session.last_used_at:
            await settle()
    assert await last_used() == used.last_used_at
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_signing_out_ends_the_session_and_says_so(
    people: People,
    database: Database,
    clock: FakeClock,
    events: Events,
    ended: list[SessionEnded],
) -> None:
    token, session = await signed_in(people)
    other, _ = await signed_in(people)
    await people.sign_out(token)
    await people.sign_out(token)
    assert ended == [SessionEnded(session.id)]
    assert await people.find_session(token) is None
    assert await people.find_session(other) is not None
    again = await restarted(database, clock, events)
    assert await again.find_session(token) is None


async def test_a_lost_phone_is_signed_out_from_another(
    people: People, ended: list[SessionEnded]
) -> None:
    token, session = await signed_in(people)
    await people.revoke(session.id)
    assert await people.find_session(token) is None
    assert ended == [SessionEnded(session.id)]
    with pytest.raises(NotFound):
        await people.revoke(session.id)


async def test_what_is_long_over_is_forgotten_at_the_next_start(
    people: People, database: Database, clock: FakeClock, events: Events
) -> None:
    token, _ = await signed_in(people)
    await people.sign_out(token)
    kept, _ = await signed_in(people)
    await clock.advance(40 * DAY_S)
    again = await restarted(database, clock, events)
    async with database.reading() as connection:
        assert len((await connection.execute(select(sessions.c.id))).all()) == 1
        assert (await connection.execute(select(sign_in_codes.c.id))).all() == []
    assert await again.find_session(kept) is not None


async def test_a_full_disk_signs_nobody_out_and_the_use_is_written_later(
    people: People, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, session = await signed_in(people)
    await clock.advance(7_200)

    async def full(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    monkeypatch.setattr(database, "commit", full)
    used = await people.find_session(token)
    with pytest.raises(OperationalError):
        await people.write_uses()
    assert used == await people.find_session(token)
    monkeypatch.undo()
    await people.write_uses()
    async with database.reading() as connection:
        written = (await connection.execute(select(sessions.c.last_used_at))).scalar_one()
    assert written == session.last_used_at + timedelta(hours=2)
