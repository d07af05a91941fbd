"""A thousand kills at points and moments of chance, with the same that must hold after each.

    make drill
    VILLAGE_DRILL_KILLS=200 VILLAGE_DRILL_SEED=7 make drill TESTS=tests/drill

The seed is named in each failure, so that a run can be repeated.
"""

import os
import random
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.drill.kills import POINTS, Drill

pytestmark = pytest.mark.drill

KILLS = int(os.environ.get("VILLAGE_DRILL_KILLS", "1000"))
SEED = int(os.environ.get("VILLAGE_DRILL_SEED", "20261122"))
LONGEST_LIFE_S = 6.0


def live_and_die(drill: Drill, chance: random.Random) -> None:
    """One life with people at work, ended at a named point or at any moment."""
    point = chance.choice(POINTS) if chance.random() < 0.7 else ""
    die_at = f"{point}:{chance.randint(1, 8)}" if point else ""
    if chance.random() < 0.3:
        drill.tomorrow_evening()
    if chance.random() < 0.1:
        drill.later(chance.uniform(1, 400))
    announces = chance.random() < 0.6
    if not drill.live(die_at):
        drill.kill()
        return

    def work() -> None:
        if announces and chance.random() < 0.3:
            drill.announce(f"Alo, lần {len(drill.sent) % 5}")
        drill.switch()
        if chance.random() < 0.05:
            drill.phone.post("/api/v1/loudspeakers/stop")

    moment = None
    if not point:
        moment = threading.Timer(chance.uniform(0, LONGEST_LIFE_S), drill.hub.process.kill)
        moment.start()
    drill.until_death(work, gap_s=chance.uniform(0, 0.3), within_s=LONGEST_LIFE_S)
    if moment is not None:
        moment.cancel()


@pytest.mark.parametrize("own_broker", [False, True], ids=["outside broker", "own broker"])
def test_nothing_is_lost_and_nothing_is_doubled_by_many_kills(
    tmp_path: Path, *, own_broker: bool
) -> None:
    chance = random.Random(SEED + own_broker)
    with Drill(tmp_path, own_broker=own_broker) as drill:
        while drill.kills < KILLS // 2:
            try:
                live_and_die(drill, chance)
                assert drill.live()
                drill.judge()
            except AssertionError as error:
                error.add_note(f"seed {SEED}, after {drill.kills} kills; {drill}")
                raise
            if chance.random() < 0.5:
                drill.kill()
            else:
                with suppress(httpx.TransportError):
                    drill.switch()
                assert drill.hub.stop() == 0
        assert drill.live()
        drill.judge()
        drill.judge_the_end()
        assert drill.hub.stop() == 0
