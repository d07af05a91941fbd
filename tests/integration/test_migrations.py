"""The steps of the database: one line, from every older state, to what the code expects."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

# Importing the composition root declares the tables of every part.
import hub.app.main
from hub.app.migrate import bring_up_to_date, revision_of, upgrade
from hub.app.migrations import HEAD
from hub.database import metadata
from hub.errors import Conflict

FOLDER = Path(hub.app.main.__file__).parent / "migrations"


def steps() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(config)


def address(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'hub.sqlite'}"


def test_the_steps_are_one_line_and_its_end_is_known() -> None:
    assert steps().get_heads() == [HEAD]
    assert len(steps().get_bases()) == 1


@pytest.mark.parametrize("older", [None, *(step.revision for step in steps().walk_revisions())])
def test_every_older_state_becomes_what_the_code_expects(tmp_path: Path, older: str | None) -> None:
    url = address(tmp_path)
    if older is not None:
        upgrade(url, older)
    asyncio.run(bring_up_to_date(url))
    assert revision_of(url) == HEAD
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_hub_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = address(tmp_path)
    upgrade(url)
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer hub"):
        asyncio.run(bring_up_to_date(url))
    assert revision_of(url) == "9999"
    engine.dispose()
