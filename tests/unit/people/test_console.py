import asyncio
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from hub.database import Database
from hub.errors import Busy, NotFound
from people.console import write_code
from people.permissions import Role
from people.service import People
from tests.fakes import FakeClock

OTHER_PROCESS = """
import asyncio, sys
from datetime import UTC, datetime
from people.console import write_code
from people.permissions import Role
code = asyncio.run(write_code(sys.argv[1], Role.HEAD, datetime.fromisoformat(sys.argv[2])))
sys.stdout.write(code.secret)
"""


async def test_a_link_from_another_process_works_beside_the_running_hub(
    people: People, url: str, clock: FakeClock
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OTHER_PROCESS,
        url,
        clock.now().isoformat(),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 0
    _, session = await people.sign_in(output.decode(), "")
    assert session.person.role is Role.HEAD


async def test_a_head_who_lost_the_phone_signs_in_as_the_same_person(
    people: People, url: str, clock: FakeClock
) -> None:
    first = await write_code(url, Role.HEAD, clock.now())
    _, before = await people.sign_in(first.secret, "")
    second = await write_code(url, Role.HEAD, clock.now())
    _, after = await people.sign_in(second.secret, "")
    assert after.person == before.person


async def test_the_link_waits_for_the_hub_to_finish_writing(
    people: People, database: Database, url: str, clock: FakeClock
) -> None:
    async with database.transaction():
        waiting = asyncio.create_task(write_code(url, Role.RESIDENT, clock.now()))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
    code = await waiting
    assert code.expires_at == clock.now() + timedelta(days=3)
    await people.sign_in(code.secret, "")


async def test_a_database_that_stays_locked_is_busy(
    database: Database, url: str, clock: FakeClock
) -> None:
    async with database.transaction():
        with pytest.raises(Busy):
            await write_code(url, Role.HEAD, clock.now(), patience_s=0.05)


async def test_before_the_first_start_there_is_nothing_to_sign_in_to(
    tmp_path: Path, clock: FakeClock
) -> None:
    missing = tmp_path / "none.sqlite"
    with pytest.raises(NotFound):
        await write_code(f"sqlite+aiosqlite:///{missing}", Role.HEAD, clock.now())
    assert not missing.exists()
    sqlite3.connect(missing).close()
    missing.touch()
    with pytest.raises(NotFound):
        await write_code(f"sqlite+aiosqlite:///{missing}", Role.HEAD, clock.now())
