"""What is to be done of all that is due: a pure decision, the same on time and after a gap.

Of several steps for the same lamps or wifi, only the newest is wanted now. Speech has its grace,
after which it is never played.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.errors import HubError, InvalidInput
from scheduler.actions import Action, Announcement, Wifi
from scheduler.models import Outcome, Reason
from scheduler.triggers import Place
from scheduler.trust import kernel_is_synchronised

ON_TIME: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Site:
    """What the schedules know of the village and of its computer.

    `zone_members` gives a zone and all zones within it, `check_access_point` looks a device up;
    both raise NotFound. `grace_s`: how late speech may still begin.
    """

    place: Place
    zone_members: Callable[[str], set[str]]
    check_access_point: Callable[[str], object]
    grace_s: float = 300.0
    synchronised: Callable[[], bool] = kernel_is_synchronised

    def check_targets(self, action: Action) -> None:
        """Raise InvalidInput for a zone or device that does not exist."""
        field, targets = _targets(action)
        for target in targets:
            if not self._covered(action, target):
                raise InvalidInput(
                    f"{field} names what does not exist: look at the list again",
                    field=field,
                    id=target,
                )

    def cover(self, action: Action) -> dict[str, set[str]]:
        """Each target that still exists, with all that lies within it."""
        _, targets = _targets(action)
        return {each: found for each in targets if (found := self._covered(action, each))}

    def _covered(self, action: Action, target: str) -> set[str]:
        try:
            if not isinstance(action, Wifi):
                return self.zone_members(target)
            self.check_access_point(target)
        except HubError:
            return set()
        return {target}


@dataclass(frozen=True, slots=True)
class Step:
    """One due time of a schedule. `interrupted`: the hub stopped while it was being done."""

    run_id: str
    schedule_id: str
    name: str
    action: Action
    due_at: datetime
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a step: act, record speech that was missed, or nothing more.

    `action` holds only the targets that are left, `cover` all that lies within them. `outcome` is
    final when there is nothing to do.
    """

    step: Step
    action: Action
    deed: Literal["act", "record", "none"]
    outcome: Outcome = Outcome.RUNNING
    reason: Reason | None = None
    cover: frozenset[str] = frozenset()


def plan(steps: Iterable[Step], now: datetime, site: Site) -> list[Plan]:
    """Decide on all steps that are due, and give the plans in the order of their due times."""
    taken: set[str] = set()
    newest_first = sorted(steps, key=lambda step: (step.due_at, step.schedule_id), reverse=True)
    plans = [_plan_one(step, now, site, taken) for step in newest_first]
    return plans[::-1]


def _plan_one(step: Step, now: datetime, site: Site, taken: set[str]) -> Plan:
    cover = site.cover(step.action)
    if not cover:
        return Plan(step, step.action, "none", Outcome.FAILED, Reason.NOTHING_LEFT)
    all_within = frozenset[str]().union(*cover.values())
    late = Reason.LATE if now - step.due_at > ON_TIME else None
    if isinstance(step.action, Announcement):
        said = replace(step.action, zones=tuple(cover))
        if step.interrupted:
            return Plan(step, said, "record", reason=Reason.INTERRUPTED)
        if now > step.due_at + timedelta(seconds=site.grace_s):
            return Plan(step, said, "record", reason=Reason.TOO_LATE)
        return Plan(step, said, "act", reason=late, cover=all_within)
    left = tuple(target for target, within in cover.items() if not within <= taken)
    if not left:
        return Plan(step, step.action, "none", Outcome.MISSED, Reason.SUPERSEDED)
    taken |= all_within
    return Plan(step, _narrowed(step.action, left), "act", reason=late, cover=all_within)


def _narrowed(action: Action, targets: tuple[str, ...]) -> Action:
    if isinstance(action, Wifi):
        return replace(action, devices=targets)
    return replace(action, zones=targets)


def _targets(action: Action) -> tuple[str, tuple[str, ...]]:
    if isinstance(action, Wifi):
        return "action.devices", action.devices
    return "action.zones", action.zones
