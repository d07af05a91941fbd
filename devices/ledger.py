"""Devices and commands on the disk: acts that wait together are written together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, bindparam, delete, insert, select, update

from devices.confirmation import HUB_RESTARTED, Batch, Wait
from devices.entry import Entry
from devices.models import commands, devices
from devices.targets import written
from hub.database import Change, Database, GroupCommit

Row = Mapping[str, Any]

_ADOPT = insert(devices)
_OPEN = insert(commands)
_SETTLE = (
    update(commands)
    .where(commands.c.id == bindparam("command"))
    .values(outcome=bindparam("outcome"), note=bindparam("note"), settled_at=bindparam("settled"))
)
# The rest of a road has confirmed: one statement for all of them.
_SETTLE_REST = (
    update(commands)
    .where(commands.c.zone_command_id == bindparam("road"), commands.c.outcome == "open")
    .values(outcome="confirmed", settled_at=bindparam("settled"))
)
_TARGET = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(
        override=bindparam("override"), programme=bindparam("programme"), reached=bindparam("done")
    )
)
_STATE = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(
        is_on=bindparam("is_on"),
        level=bindparam("level"),
        source=bindparam("source"),
        readings=bindparam("readings"),
        reported_at=bindparam("reported_at"),
    )
)
# The same, and the target is reached.
_STATE_REACHED = _STATE.values(reached=True)
_DESCRIBE = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(name=bindparam("name"), zone_id=bindparam("zone"))
)
_BOX = update(devices).where(devices.c.id == bindparam("device")).values(box=bindparam("box"))
_REMOVE = delete(devices).where(devices.c.id == bindparam("device"))

# Within one transaction. A target comes after the states: what was reached was an older one.
_ORDER = (
    _ADOPT,
    _OPEN,
    _SETTLE,
    _SETTLE_REST,
    _STATE,
    _STATE_REACHED,
    _BOX,
    _DESCRIBE,
    _TARGET,
    _REMOVE,
)


class Ledger:
    """Writes rows, many at a time: each statement runs once with the rows of all who wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group = GroupCommit(database.run, _arranged)

    async def rows(self, now: datetime) -> Sequence[Any]:
        """All devices; commands that were open when the hub ended are settled as unconfirmed."""
        interrupted = (
            update(commands)
            .where(commands.c.outcome == "open")
            .values(outcome="unconfirmed", note=HUB_RESTARTED, settled_at=now)
        )
        async with self._database.transaction() as connection:
            await connection.execute(interrupted)
            return (await connection.execute(select(devices).order_by(devices.c.id))).all()

    async def adopt(self, entry: Entry, record: object) -> None:
        """A new device."""
        row = {
            "id": entry.id,
            "kind": entry.kind,
            "name": entry.name,
            "zone_id": entry.zone_id,
            "driver": entry.driver.name,
            "address": entry.address,
            "box": record,
            "created_at": entry.created_at,
            "reached": False,
        }
        await self._write((_ADOPT, [row]))

    async def describe(self, device_id: str, name: str, zone_id: str) -> None:
        """A new name or zone."""
        await self._write((_DESCRIBE, [{"device": device_id, "name": name, "zone": zone_id}]))

    async def remove(self, device_id: str) -> None:
        """The device is gone; its commands stay on record."""
        await self._write((_REMOVE, [{"device": device_id}]))

    async def save_boxes(self, boxes: Mapping[str, object]) -> None:
        """What boxes announced, by device id."""
        rows = [{"device": device_id, "box": record} for device_id, record in boxes.items()]
        await self._write((_BOX, rows))

    async def open(self, batch: Batch, targets: Iterable[Row]) -> None:
        """Commands and the targets that they set, on the disk before anything is sent."""
        rows = [_command_row(batch, wait) for wait in batch.waits]
        await self._write((_OPEN, rows), (_TARGET, targets))

    async def settle(self, batch: Batch, settled_at: datetime) -> None:
        """What became of commands, with the states that confirmed them."""
        confirmed = [wait for wait in batch.waits if wait.outcome == "confirmed"]
        states = _states(wait.entry for wait in confirmed)
        road = batch.zone_command_id
        if road is None:
            await self._write((_SETTLE, _settlements(batch.waits, settled_at)), *states)
            return
        others = [wait for wait in batch.waits if wait.outcome != "confirmed"]
        rest = [{"road": road, "settled": settled_at}] if confirmed else []
        await self._write(
            (_SETTLE, _settlements(others, settled_at)), (_SETTLE_REST, rest), *states
        )

    async def save_targets(self, targets: Iterable[Row]) -> None:
        """Targets alone: a programme step, or the end of an override."""
        await self._write((_TARGET, targets))

    async def save_states(self, entries: Iterable[Entry]) -> None:
        """What devices reported."""
        await self._write(*_states(entries))

    async def _write(self, *changes: tuple[Executable, Iterable[Row]]) -> None:
        """Return when the rows are on the disk, in one transaction with all who wait now."""
        filled = [(statement, list(rows)) for statement, rows in changes]
        there = [change for change in filled if change[1]]
        if there:
            await self._group.add(there)


def _arranged(changes: list[Change]) -> list[Change]:
    """Each statement once, with its rows in the order in which they were given."""
    merged: dict[Executable, list[Row]] = {}
    for statement, rows in changes:
        merged.setdefault(statement, []).extend(rows)
    return [(statement, merged[statement]) for statement in _ORDER if statement in merged]


def _command_row(batch: Batch, wait: Wait) -> Row:
    return {
        "id": wait.command_id,
        "device_id": wait.entry.id,
        "zone_command_id": batch.zone_command_id,
        "turn": batch.wish.turn,
        "level": wait.target.level,
        "until": batch.wish.until,
        "reason": batch.wish.reason,
        "by_kind": batch.by.kind,
        "by_id": batch.by.id,
        "by_name": batch.by.name,
        "created_at": batch.created_at,
        "outcome": wait.outcome,
    }


def target_row(entry: Entry) -> Row:
    """The row of the target that was submitted for a device."""
    override, programme = entry.latest
    return {
        "device": entry.id,
        "override": written(override),
        "programme": written(programme),
        "done": False,
    }


def _settlements(waits: Iterable[Wait], settled_at: datetime) -> list[Row]:
    return [
        {
            "command": wait.command_id,
            "outcome": wait.outcome,
            "note": wait.note,
            "settled": settled_at,
        }
        for wait in waits
    ]


def _states(entries: Iterable[Entry]) -> tuple[tuple[Executable, list[Row]], ...]:
    states: list[Row] = []
    reached: list[Row] = []
    for entry in entries:
        # A target on its way to the disk is a newer one, and not reached.
        done = entry.reached and entry.submitted is None
        (reached if done else states).append(_state_row(entry))
    return (_STATE, states), (_STATE_REACHED, reached)


def _state_row(entry: Entry) -> Row:
    return {
        "device": entry.id,
        "is_on": entry.on,
        "level": entry.level,
        "source": entry.source,
        "readings": entry.readings or None,
        "reported_at": entry.reported_at,
    }
