"""The hub is killed at named points of a command and starts again on what is on the disk."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from devices.models import commands
from tests.brokers import Mosquitto, running
from tests.integration.devices.conftest import LiveHub
from tests.integration.devices.relays import RelayBox

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("point", "outcome"),
    [
        ("command:committed", ("unconfirmed", "hub restarted")),
        ("command:published", ("unconfirmed", "hub restarted")),
        ("command:confirmed", ("confirmed", None)),
    ],
)
async def test_after_a_kill_the_target_stands_and_nothing_is_claimed_that_was_not_confirmed(
    tmp_path: Path,
    broker: Mosquitto,
    make_box: Callable[..., RelayBox],
    point: str,
    outcome: tuple[str, str | None],
) -> None:
    box = make_box()
    before = LiveHub(tmp_path, broker)
    await before.open()
    async with running(before.mqtt.run()), running(before.devices.run()):
        lamp = await before.light(box)
    await before.database.close()

    await killed_at(point, tmp_path, broker)

    after = LiveHub(tmp_path, broker)
    await after.database.open()
    await after.zones.open()
    await after.devices.open()
    device = after.devices.get_device(lamp.id)
    assert (device.name, device.zone_id) == (lamp.name, lamp.zone_id)
    assert device.state.stale
    assert device.state.on is (point == "command:confirmed")
    assert device.target is not None
    assert device.target.on
    async with after.database.reading() as connection:
        rows = await connection.execute(select(commands.c.outcome, commands.c.note))
        assert [tuple(row) for row in rows] == [outcome]
    async with running(after.mqtt.run()), running(after.devices.run()):
        await after.until(lambda: after.devices.get_device(lamp.id).state.on is True)
        await after.until(lambda: not after.devices.get_device(lamp.id).state.stale)
    assert box.on == {"POWER": "ON"}
    await after.database.close()


async def killed_at(point: str, folder: Path, broker: Mosquitto) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.devices.crashing_hub",
        str(folder),
        str(broker.port),
        point,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == -signal.SIGKILL
    assert b"confirmed\n" not in said
