"""What a message from a device means: for its state, for a command that waits, for its target."""

from typing import Final

from devices.confirmation import BROKER_LOST, Wait
from devices.driver import Acknowledged, Alive, Heard, Reachable, Report
from devices.entry import Entry
from devices.models import Source
from devices.orders import Orders
from devices.pacing import Lane
from devices.sending import Sender
from devices.state import StateStore
from devices.targets import met
from devices.wiring import Wire
from hub.clock import Clock
from hub.errors import BrokerDown
from hub.ids import new_id

# A box whose retained will says online, and that does not answer for so long, is not known to be.
ANSWERS_WITHIN_S: Final = 10.0


class Reports:
    """Merges reports, confirms commands, and sends targets again to devices that come back."""

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        sender: Sender,
        orders: Orders,
        asking: Lane,
        following: Lane,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender
        self._orders = orders
        self._asking = asking
        self._following = following

    def heard(self, wire: Wire, said: Heard, retained: bool) -> None:  # noqa: FBT001  the flag
        """One thing that a box said."""
        if isinstance(said, Report):
            entry = wire.channels.get(said.channel)
            if entry is not None:
                self._reported(entry, said, retained=retained)
            return
        for entry in wire.channels.values():
            if isinstance(said, Reachable):
                self._reachable(entry, online=said.online, retained=retained)
            elif not retained:
                self._alive(entry, said)

    def connected(self) -> None:
        """A session with the broker began: what stands is old until it is heard again."""
        for entry in self._store:
            entry.heard, entry.unsynced, entry.returning = False, True, False
            self._asking.add(entry)

    def lost(self) -> None:
        """The session ended: nothing can be heard, and nothing that waits can be confirmed."""
        self._asking.clear()
        self._following.clear()
        self._orders.lost()
        for entry in self._store:
            if entry.wait is not None:
                entry.wait.settle("unconfirmed", BROKER_LOST)
                self._store.touch(entry)
            entry.asked_at = None
            self._store.go_stale(entry)
            self._store.set_availability(entry, "unknown")
            self._store.tell(entry)

    def grow_old(self) -> None:
        """Mark the states that are past their age, and boxes that do not answer."""
        now = self._clock.monotonic()
        for entry in self._store:
            if not entry.stale and now - entry.heard_at > entry.driver.age_limit_s:
                self._store.go_stale(entry)
            asked_at = entry.asked_at
            if asked_at is not None and now - asked_at > ANSWERS_WITHIN_S:
                entry.asked_at = None
                if entry.availability == "online" and not entry.heard:
                    self._store.set_availability(entry, "unknown")
            self._store.tell(entry)

    def _alive(self, entry: Entry, said: Acknowledged | Alive) -> None:
        self._store.alive(entry)
        if isinstance(said, Acknowledged):
            self._orders.acknowledged(entry, said)
        self._store.tell(entry)

    def _reachable(self, entry: Entry, *, online: bool, retained: bool) -> None:
        if not retained:
            self._store.set_availability(entry, "online" if online else "offline")
            if online:
                self._came_back(entry)
        elif not entry.heard:
            # Kept by the broker, perhaps from long ago: believed until the device contradicts it.
            self._store.set_availability(entry, "online" if online else "offline")
        self._store.tell(entry)

    def _came_back(self, entry: Entry) -> None:
        entry.returning = True
        if entry.wait is not None:
            entry.wait.void()
        self._asking.add(entry)

    def _reported(self, entry: Entry, report: Report, *, retained: bool) -> None:
        if retained:
            if not entry.heard:
                self._store.recall(entry, report)
                self._store.tell(entry)
            return
        if report.on is None and report.level is None:
            self._store.hear(entry, report, entry.source)
            self._orders.reported(entry)
        else:
            self._switched(entry, report)
        self._store.tell(entry)

    def _switched(self, entry: Entry, report: Report) -> None:
        first, returning = entry.unsynced, entry.returning
        self._store.hear(entry, report, self._source(entry, report))
        wait = entry.wait
        if returning:
            if report.acknowledged:
                entry.returning = False
                self._restore(entry, wait)
        elif wait is not None:
            if report.acknowledged and wait.answered(report):
                self._confirm(wait)
        elif not entry.reached:
            self._compare(entry, first=first)

    def _source(self, entry: Entry, report: Report) -> Source | None:
        """Who changed it; an echo belongs to the hub only if the hub waits for one."""
        if entry.returning:
            return "boot"
        on = entry.on if report.on is None else report.on
        level_same = report.level is None or entry.level in (None, report.level)
        same = on == entry.on and level_same
        wanted = entry.target if entry.wait is None else entry.wait.target
        waits = entry.wait is not None or self._clock.monotonic() < entry.awaiting_until
        if waits and wanted is not None and on == wanted.on and (report.acknowledged or not same):
            return "command"
        return entry.source if same or entry.on is None else "local"

    def _restore(self, entry: Entry, wait: Wait | None) -> None:
        """After a power cut a light gets its target again; a person's command at once."""
        if wait is not None:
            self._send_again(wait)
        elif entry.target is not None and not met(entry.target, entry.on, entry.level):
            self._following.add(entry)

    def _send_again(self, wait: Wait) -> None:
        try:
            self._sender.send_target(wait.entry, wait.target, new_id(), wait.acknowledged)
        except BrokerDown:
            wait.settle("unconfirmed", BROKER_LOST)

    def _confirm(self, wait: Wait) -> None:
        entry = wait.entry
        entry.reached, entry.awaiting_until = True, 0.0
        wait.settle("confirmed")
        self._store.touch(entry)

    def _compare(self, entry: Entry, *, first: bool) -> None:
        """An answer that came too late to confirm, or the first one after the hub was away."""
        target = entry.target
        if target is None:
            return
        if met(target, entry.on, entry.level):
            entry.reached, entry.awaiting_until = True, 0.0
        elif first:
            self._following.add(entry)
