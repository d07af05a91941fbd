"""A few facts about this installation that belong to no part of the village."""

import secrets

from sqlalchemy import Column, String, Table, insert, select

from hub.database import Database, metadata

facts = Table(
    "facts",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)


async def find_fact(database: Database, key: str) -> str | None:
    """The value of a fact, if it is known."""
    async with database.reading() as connection:
        found = await connection.execute(select(facts.c.value).where(facts.c.key == key))
        value: str | None = found.scalar_one_or_none()
    return value


async def add_fact(database: Database, key: str, value: str) -> None:
    """Write a fact that was not known before."""
    async with database.transaction() as connection:
        await connection.execute(insert(facts).values(key=key, value=value))


async def own_secret(database: Database, key: str) -> bytes:
    """A secret of this installation: made once, kept."""
    kept = await find_fact(database, key)
    if kept is None:
        kept = secrets.token_hex(32)
        await add_fact(database, key, kept)
    return bytes.fromhex(kept)
