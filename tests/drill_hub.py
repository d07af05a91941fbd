"""The hub with a death wish and a clock that tests can move: a composition root for drills only.

    python tests/drill_hub.py run --config FILE

VILLAGE_DIE_AT     `point` or `point:n`: SIGKILL at the n-th time that this named point is passed
VILLAGE_CLOCK_FILE a file that holds seconds to add to the wall clock; read at each look
"""

import argparse
import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import uvloop

from api.services import Services
from hub.app import cli, logs
from hub.app.main import Surroundings, run
from hub.clock import SystemClock
from hub.config import load


class MovedClock(SystemClock):
    """The computer's clock plus what stands in a file."""

    def now(self) -> datetime:
        file = os.environ.get("VILLAGE_CLOCK_FILE")
        if file is None or not Path(file).exists():
            return super().now()
        text = Path(file).read_text(encoding="utf-8").strip()
        return super().now() + timedelta(seconds=float(text or 0))


class DeathWish:
    """Ends this process as a power cut would."""

    def __init__(self, wish: str) -> None:
        point, _, count = (
            wish.rpartition(":") if wish.rpartition(":")[2].isdigit() else ("", "", "")
        )
        self._point = point or wish
        self._left = int(count or 1)

    def __call__(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def greet(services: Services) -> None:
    await cli.greet(services)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--config", type=Path, required=True)
    asked = parser.parse_args()
    logs.configure()
    settings = load(asked.config)
    around = Surroundings(
        MovedClock(settings.village.zone), DeathWish(os.environ.get("VILLAGE_DIE_AT", ""))
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, asked.config, greet, around))
    return 0


if __name__ == "__main__":
    sys.exit(main())
