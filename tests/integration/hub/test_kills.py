"""kill -9 of the hub at each named point, and at moments between them: nothing is lost or doubled.

One data folder over all kills. `make drill` does the same a thousand times, by chance.
"""

from collections.abc import Iterator

import pytest

from tests.drill.kills import POINTS, Drill
from tests.villages import wait_until

# How often each point is passed before the hub dies there.
TIMES = {
    "command:published": (1, 3),
    "delivery:committed": (1, 2),
    "delivery:published": (1, 2),
    "delivery:acknowledged": (2, 5),
}


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    with Drill(tmp_path_factory.mktemp("drill")) as made:
        yield made


@pytest.mark.parametrize(
    "die_at", [f"{point}:{times}" for point in POINTS for times in TIMES.get(point, (1,))]
)
def test_nothing_is_lost_and_nothing_is_doubled_by_a_kill_at(drill: Drill, die_at: str) -> None:
    point = die_at.rpartition(":")[0]
    if point.startswith("run"):
        drill.tomorrow_evening()
    if not drill.live(die_at):  # it died of what was due or open as it started
        drill.kill()
    elif point.startswith("command"):
        assert drill.until_death(drill.switch)
    elif point.startswith("announcement"):
        assert drill.until_death(lambda: drill.announce(f"Alo, lần {len(drill.sent)}"))
    elif point.startswith("delivery"):
        assert drill.until_death(lambda: drill.announce("Alo, họp thôn"), gap_s=3)
    else:
        assert drill.until_death(lambda: None, gap_s=1)
    assert drill.live()
    drill.judge()
    drill.kill()  # and once more, at no point in particular


def test_after_all_kills_every_announcement_has_its_one_end(drill: Drill) -> None:
    assert drill.live()
    drill.judge()
    # The board fetches its sound from a hub that is killed again and again: once, it must succeed.
    drill.announce("Alo, lần cuối")
    wait_until(drill.agent.begun, "the real agent plays", 60)
    drill.judge_the_end()
    assert drill.hub.stop() == 0
    assert drill.kills >= 20, str(drill)
    assert len(drill.recorder.plays) >= 3, str(drill)
