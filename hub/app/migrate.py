"""Brings the database to the newest step.

Alembic is needed once after an update and never again, and it would cost memory for good: it runs
in a process of its own, and only when the database is not at the newest step.
"""

import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import column, create_engine, inspect, select, table
from sqlalchemy.engine import Connection, Engine, make_url

from hub.app.migrations import HEAD
from hub.database import sqlite_path
from hub.errors import Conflict, WorkerFailed

_FOLDER = Path(__file__).parent / "migrations"
_URL_VARIABLE = "VILLAGE_HUB_MIGRATE"  # a database address may hold a password: not in argv


async def bring_up_to_date(url: str) -> None:
    """Run the missing steps. Raises Conflict for a newer database, WorkerFailed otherwise."""
    path = sqlite_path(url)
    if path is not None and path.exists() and await asyncio.to_thread(revision_of, url) == HEAD:
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.app.migrate",
        env={**os.environ, _URL_VARIABLE: url},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        if "Can't locate revision" in last[0]:
            detail = "The database was written by a newer hub: install that one, or a backup"
            raise Conflict(detail)
        detail = f"The database could not be brought up to date: {last[0]}"
        raise WorkerFailed(detail)


def revision_of(url: str) -> str | None:
    """The step at which a database stands; None for an empty one."""
    engine = _engine(url)
    with engine.connect() as connection:
        revision = _revision(connection)
    engine.dispose()
    return revision


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = table("alembic_version", column("version_num"))
    found: str | None = connection.execute(select(version.c.version_num)).scalar()
    return found


def upgrade(url: str, to: str = "head") -> None:
    """Run the steps up to `to`, in this process."""
    from alembic import command  # noqa: PLC0415  see the docstring of this module
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    engine = _engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    engine.dispose()


def _engine(url: str) -> Engine:
    drivers = {"sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+psycopg"}
    parsed = make_url(url)
    return create_engine(parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername)))


if __name__ == "__main__":
    upgrade(os.environ[_URL_VARIABLE])
