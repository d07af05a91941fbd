import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from hub.actors import HUB
from hub.database import Database
from hub.errors import Busy, Expired, HubError
from hub.events import Events
from people.codes import new_code
from people.models import Session, persons, sessions, sign_in_codes
from people.permissions import Role
from people.service import People
from people.tries import TRIES_OF_ALL, TRIES_OF_ONE, WINDOW_S
from tests.fakes import FakeClock


async def count(database: Database, table: object) -> int:
    async with database.reading() as connection:
        return len((await connection.execute(select(table))).all())  # type: ignore[call-overload]


async def refusal(people: People, secret: str, address: str = "") -> HubError:
    with pytest.raises(HubError) as refused:
        await people.sign_in(secret, "", address)
    return refused.value


async def test_a_link_signs_one_phone_in(people: People, clock: FakeClock) -> None:
    secret, expires_at = await people.make_code(Role.HEAD, HUB)
    assert expires_at == clock.now() + timedelta(days=1)
    token, session = await people.sign_in(
        secret, "Mozilla/5.0 (Linux; Android 14) Chrome/131.0.0.0 Mobile Safari/537.36"
    )
    assert session.person.role is Role.HEAD
    assert session.person.name == "Trưởng thôn"
    assert session.phone == "Android, Chrome"
    assert await people.find_session(token) == session


async def test_only_hashes_are_stored(people: People, database: Database) -> None:
    secret, _ = await people.make_code(Role.HEAD, HUB)
    token, _ = await people.sign_in(secret, "")
    async with database.reading() as connection:
        stored = [
            str(row)
            for table in (persons, sign_in_codes, sessions)
            for row in await connection.execute(select(table))
        ]
    assert len(stored) == 3
    assert not any(secret in row or token in row for row in stored)


async def test_of_fifty_phones_with_one_link_one_wins(people: People, database: Database) -> None:
    secret, _ = await people.make_code(Role.HEAD, HUB)
    outcomes = await asyncio.gather(
        *(people.sign_in(secret, "", f"192.0.2.{n}") for n in range(50)), return_exceptions=True
    )
    kinds = Counter(type(outcome).__name__ for outcome in outcomes)
    assert kinds == {"tuple": 1, "Expired": 49}
    assert await count(database, sessions) == 1
    assert await count(database, persons) == 1


async def test_two_first_links_used_at_once_make_one_head(
    people: People, database: Database
) -> None:
    codes = [await people.make_code(Role.HEAD, HUB) for _ in range(8)]
    signed_in = await asyncio.gather(*(people.sign_in(code.secret, "") for code in codes))
    assert len({session.person.id for _, session in signed_in}) == 1
    assert await count(database, persons) == 1
    assert await count(database, sessions) == 8


async def test_each_resident_is_a_person_of_their_own(people: People) -> None:
    found: list[Session] = []
    for _ in range(2):
        code = await people.make_code(Role.RESIDENT, HUB)
        found.append((await people.sign_in(code.secret, ""))[1])
    assert {session.person.name for session in found} == {"Người dân"}
    assert len({session.person.id for session in found}) == 2
    assert not people.has_head()


async def test_unknown_used_expired_and_malformed_links_are_refused_in_the_same_words(
    people: People, clock: FakeClock
) -> None:
    used, _ = await people.make_code(Role.RESIDENT, HUB)
    await people.sign_in(used, "")
    old, _ = await people.make_code(Role.RESIDENT, HUB, valid_s=60)
    await clock.advance(60)
    sent = [used, old, "A" * 22, "", "x" * 100_000, "\ud800" * 22, "A" * 22 + "\n", "'; --"]
    refusals = [await refusal(people, secret, f"192.0.2.{n}") for n, secret in enumerate(sent)]
    assert {type(error) for error in refusals} == {Expired}
    assert len({(error.detail, str(error.context)) for error in refusals}) == 1


async def test_the_hub_knows_whether_it_has_a_head(
    people: People, database: Database, clock: FakeClock, events: Events
) -> None:
    assert not people.has_head()
    code = await people.make_code(Role.HEAD, HUB)
    assert not people.has_head()
    await people.sign_in(code.secret, "")
    again = People(database, clock, events)
    await again.open()
    assert people.has_head()
    assert again.has_head()


async def test_an_address_that_guesses_has_to_wait_a_minute(
    people: People, clock: FakeClock
) -> None:
    secret, _ = await people.make_code(Role.HEAD, HUB)
    for _ in range(TRIES_OF_ONE):
        assert isinstance(await refusal(people, "A" * 22, "192.0.2.1"), Expired)
    assert isinstance(await refusal(people, secret, "192.0.2.1"), Busy)
    await clock.advance(WINDOW_S)
    await people.sign_in(secret, "", "192.0.2.1")


async def test_a_flood_of_guesses_does_not_keep_another_phone_out(people: People) -> None:
    secret, _ = await people.make_code(Role.HEAD, HUB)
    for n in range(TRIES_OF_ALL):
        await refusal(people, "A" * 22, f"192.0.2.{n}")
    assert isinstance(await refusal(people, "A" * 22, "192.0.2.5"), Busy)
    await people.sign_in(secret, "", "198.51.100.1")


async def test_one_ipv6_network_counts_as_one_address(people: People) -> None:
    for n in range(TRIES_OF_ONE):
        await refusal(people, "A" * 22, f"2001:db8::{n:x}")
    assert isinstance(await refusal(people, "A" * 22, "2001:db8::ffff"), Busy)
    assert isinstance(await refusal(people, "A" * 22, "2001:db8:0:1::1"), Expired)


async def test_addresses_that_are_none_share_one_count(people: People) -> None:
    for n in range(TRIES_OF_ONE):
        await refusal(people, "A" * 22, f"nonsense {n}")
    assert isinstance(await refusal(people, "A" * 22, "x" * 4096), Busy)


async def test_a_code_can_name_the_person_it_is_for(
    people: People, database: Database, clock: FakeClock
) -> None:

    first = await people.make_code(Role.RESIDENT, HUB)
    _, session = await people.sign_in(first.secret, "")
    code, statement = new_code(Role.RESIDENT, "hub", clock.now(), None, session.person.id)
    await database.commit(statement)
    _, second = await people.sign_in(code.secret, "")
    assert second.person == session.person
    assert second.id != session.id
