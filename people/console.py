"""A sign-in link made on the hub's own console, also while a hub runs on the same database."""

from datetime import datetime
from typing import Final

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hub.database import sqlite_path
from hub.errors import Busy, NotFound
from people.codes import Code, new_code
from people.permissions import Role

_NO_DATABASE: Final = "There is no database yet: start the hub once, then ask for a link"


async def write_code(
    database_url: str,
    role: Role,
    now: datetime,
    valid_s: float | None = None,
    patience_s: float = 10.0,
) -> Code:
    """Make a code for a one-time link from another process than the hub's.

    It opens a connection of its own and does not take the hub's lock: the hub looks codes up in
    the database. Raises NotFound before the first start, and Busy when the database stays locked
    for `patience_s`.
    """
    path = sqlite_path(database_url)
    if path is not None and not path.exists():
        raise NotFound(_NO_DATABASE)
    code, statement = new_code(role, "console", now, valid_s)
    # `timeout` is SQLite's wait for the writer of the running hub.
    options = {} if path is None else {"timeout": patience_s}
    engine = create_async_engine(database_url, poolclass=NullPool, connect_args=options)
    try:
        async with engine.begin() as connection:
            await connection.execute(statement)
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise Busy("The database is busy: try again in a moment") from error
        if "no such table" in str(error.orig):
            raise NotFound(_NO_DATABASE) from error
        raise
    finally:
        await engine.dispose()
    return code
