"""Waiting for the devices' own answers.

An answer confirms only if it is newer than the broker's acknowledgement of that very publish,
came in the same session, was neither retained nor said at boot, and is what was wished.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from devices.driver import Report
from devices.entry import Entry
from devices.models import Command, Outcome, Target, Wish
from hub.actors import Actor
from hub.ids import new_id

SILENT = "silent"
SUPERSEDED = "superseded"
BROKER_LOST = "broker lost"
NEVER_HEARD = "never heard"
REMOVED = "removed"
HUB_RESTARTED = "hub restarted"


@dataclass(slots=True, eq=False)
class Wait:
    """One device of a batch."""

    batch: "Batch"
    entry: Entry
    command_id: str
    target: Target
    outcome: Outcome = "open"
    note: str | None = None
    in_force: bool = False
    said_on: bool | None = None
    said_level: int | None = None

    def acknowledged(self) -> None:
        """The broker has the publish: from now on an answer counts."""
        self.in_force = True

    def void(self) -> None:
        """The publish may never have arrived: only the answer to another one counts."""
        self.in_force, self.said_on, self.said_level = False, None, None

    def answered(self, report: Report) -> bool:
        """Whether the device has now said all that was wished."""
        if not self.in_force:
            return False
        if report.on is not None:
            self.said_on = report.on
        if report.level is not None:
            self.said_level = report.level
        wanted = self.target
        if self.said_on != wanted.on:
            return False
        return not wanted.on or wanted.level is None or self.said_level == wanted.level

    def settle(self, outcome: Outcome, note: str | None = None) -> None:
        """Say what became of it; only the first word counts."""
        if self.outcome != "open":
            return
        self.outcome, self.note = outcome, note
        if self.entry.wait is self:
            self.entry.wait = None
        self.batch.settled_one()


class Batch:
    """All devices of one wish: one countdown, no task per device."""

    def __init__(
        self, wish: Wish, by: Actor, created_at: datetime, zone_command_id: str | None
    ) -> None:
        self.wish = wish
        self.by = by
        self.created_at = created_at
        self.zone_command_id = zone_command_id
        self.waits: list[Wait] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = 0

    def add(self, entry: Entry, target: Target) -> None:
        """One more device."""
        self.waits.append(Wait(self, entry, new_id(), target))
        self._left += 1

    def settled_one(self) -> None:
        """One less to wait for."""
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)

    def command(self, wait: Wait, settled_at: datetime | None = None) -> Command:
        """The command to one device, as it stands."""
        return Command(
            wait.command_id,
            wait.entry.id,
            self.zone_command_id,
            self.wish.turn,
            wait.target.level,
            self.wish.until,
            self.wish.reason,
            self.by.kind,
            self.by.id,
            self.by.name,
            self.created_at,
            wait.outcome,
            wait.note,
            settled_at,
        )
