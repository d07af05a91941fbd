"""Carrying out what was decided: each step alone, in the order of its kind."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final

import structlog

from hub.actors import Actor
from hub.clock import Clock
from hub.errors import BrokerDown, Expired, HubError, NoAnswer, WorkerFailed
from scheduler.actions import Announcement, Light, Wifi
from scheduler.models import Outcome, Reason
from scheduler.steps import Plan
from scheduler.verbs import Verbs

log = structlog.get_logger(__name__)

VERB_LIMIT_S: Final = 60.0
BROKER_PATIENCE_S: Final = 60.0
_RETRY_S: Final = 1.0

Ended = Callable[[Plan, Outcome, str | None], Awaitable[None]]


class Acts:
    """Turns plans into verbs. Steps for the same targets keep their order; each fails alone."""

    def __init__(self, verbs: Verbs, clock: Clock, grace_s: float, ended: Ended) -> None:
        self._verbs = verbs
        self._clock = clock
        self._grace = timedelta(seconds=grace_s)
        self._ended = ended
        # A later step for the same lamps must not overtake an earlier one that is still waiting.
        self._turns = {kind: asyncio.Lock() for kind in (Light, Announcement, Wifi)}

    async def carry_out(self, plans: Iterable[Plan]) -> None:
        """Do all that is to be done; returns when each has ended."""
        by_kind: dict[type[Light | Announcement | Wifi], list[Plan]] = {}
        for plan in plans:
            if plan.deed != "none":
                by_kind.setdefault(type(plan.action), []).append(plan)
        await asyncio.gather(*(self._in_turn(kind, each) for kind, each in by_kind.items()))

    async def _in_turn(
        self, kind: type[Light | Announcement | Wifi], plans: Iterable[Plan]
    ) -> None:
        async with self._turns[kind]:
            for group in _apart(plans):
                await asyncio.gather(*(self._one(plan) for plan in group))

    async def _one(self, plan: Plan) -> None:
        outcome, reason = await self._outcome(plan)
        await self._ended(plan, outcome, reason)

    async def _outcome(self, plan: Plan) -> tuple[Outcome, str | None]:
        try:
            return await self._do(plan)
        except (NoAnswer, WorkerFailed, BrokerDown) as error:
            outcome, reason = Outcome.FAILED, error.code
        except Expired:
            outcome, reason = Outcome.MISSED, Reason.TOO_LATE.value
        except HubError as error:
            outcome, reason = Outcome.REFUSED, error.code
        except TimeoutError:
            outcome, reason = Outcome.FAILED, NoAnswer.code
        except Exception:  # a fault in one verb must not keep the other steps from happening
            log.exception("a scheduled step met a fault", schedule=plan.step.schedule_id)
            return Outcome.FAILED, Reason.FAULT
        log.warning("a scheduled step was not done", schedule=plan.step.schedule_id, reason=reason)
        return outcome, reason

    async def _do(self, plan: Plan) -> tuple[Outcome, str | None]:
        step, action = plan.step, plan.action
        by = Actor("schedule", step.schedule_id, step.name)
        match action:
            case Light():
                await self._patiently(
                    lambda: self._verbs.switch_lights(
                        zone_ids=action.zones,
                        turn=action.turn,
                        level=action.level,
                        by=by,
                        reason=step.name,
                    )
                )
            case Wifi():
                await self._patiently(
                    lambda: self._verbs.switch_wifi(
                        device_ids=action.devices, turn=action.turn, by=by, reason=step.name
                    )
                )
            case Announcement():
                return await self._speak(plan, action, by)
        return Outcome.DONE, plan.reason

    async def _speak(
        self, plan: Plan, action: Announcement, by: Actor
    ) -> tuple[Outcome, str | None]:
        not_after = plan.step.due_at + self._grace
        missed: str | None = plan.reason if plan.deed == "record" else None
        # Cut off behind the act: what became of it stands with the announcement itself.
        if plan.step.interrupted and await self._verbs.has_announced(by, plan.step.due_at):
            return Outcome.DONE, None
        while missed is None:
            if self._clock.now() > not_after:
                missed = Reason.TOO_LATE
                break
            try:
                async with asyncio.timeout(VERB_LIMIT_S):
                    await self._verbs.announce(
                        text=action.text,
                        zone_ids=action.zones,
                        class_=action.class_,
                        repeat=action.repeat,
                        by=by,
                        not_after=not_after,
                    )
            except BrokerDown as error:
                if self._clock.now() + timedelta(seconds=_RETRY_S) > not_after:
                    missed = error.code
                else:
                    await self._clock.sleep(_RETRY_S)
            else:
                return Outcome.DONE, plan.reason
        await self._record(plan, action, by, missed)
        return Outcome.MISSED, missed

    async def _record(self, plan: Plan, action: Announcement, by: Actor, reason: str) -> None:
        async with asyncio.timeout(VERB_LIMIT_S):
            await self._verbs.record_missed_announcement(
                text=action.text,
                zone_ids=action.zones,
                class_=action.class_,
                repeat=action.repeat,
                by=by,
                due_at=plan.step.due_at,
                reason=reason,
            )

    async def _patiently(self, verb: Callable[[], Awaitable[None]]) -> None:
        """Wait for the broker: after a power cut it comes up beside the hub."""
        give_up_at = self._clock.monotonic() + BROKER_PATIENCE_S
        while True:
            try:
                async with asyncio.timeout(VERB_LIMIT_S):
                    await verb()
            except BrokerDown:
                if self._clock.monotonic() >= give_up_at:
                    raise
                await self._clock.sleep(_RETRY_S)
            else:
                return


def _apart(plans: Iterable[Plan]) -> list[list[Plan]]:
    """Split plans, in their order, into groups that have no lamp or device in common."""
    groups: list[list[Plan]] = []
    covered: set[str] = set()
    for plan in plans:
        if not groups or covered & plan.cover:
            groups.append([])
            covered = set()
        groups[-1].append(plan)
        covered |= plan.cover
    return groups
