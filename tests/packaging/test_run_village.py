"""The launcher of `make run`, with small programs in place of the hub and the simulator."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 10.0

LAUNCHER = """
import sys
from scripts import run_village
run_village.GRACE_S = 1.0
sys.exit(run_village.run([["sh", name] for name in sys.argv[1:]]))
"""
# Tells its number, then waits for the end; its own child ends with the group.
WELL_BEHAVED = 'trap "exit 0" TERM\nsleep 600 &\necho $$ $! >> numbers\nwait\n'
DEAF = 'trap "" TERM\necho $$ >> numbers\nsleep 600\n'
LEAVES_A_CHILD = (
    'trap "exit 0" TERM\n(trap "" TERM; exec sleep 600) &\necho $$ $! >> numbers\nwait\n'
)
ENDS_BY_ITSELF = """
echo $$ >> numbers
while [ $(wc -l < numbers) -lt 2 ]; do sleep 0.02; done
exit 7
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Launched:
    """A launcher in a folder of its own, and the programs that told their numbers there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "launcher.py").write_text(LAUNCHER)
        (folder / "numbers").touch()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, hub: str, simulator: str) -> None:
        self.write(hub, simulator)
        self.start_command([sys.executable, "launcher.py", "hub", "simulator"])

    def start_with_make(self, *before: str, stdin: int = subprocess.DEVNULL) -> None:
        self.write(WELL_BEHAVED, WELL_BEHAVED)
        makefile = f"run:\n\t@{sys.executable} launcher.py hub simulator\n"
        (self.folder / "Makefile").write_text(makefile)
        self.start_command([*before, "make", "run"], stdin)

    def write(self, hub: str, simulator: str) -> None:
        (self.folder / "hub").write_text(hub)
        (self.folder / "simulator").write_text(simulator)

    def start_command(self, command: list[str], stdin: int = subprocess.DEVNULL) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        # Away from the terminal in front of which the tests run; setsid makes a session itself.
        alone = command[0] != "setsid"
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdin=stdin, start_new_session=alone
        )
        wait_until(lambda: len((self.folder / "numbers").read_text().splitlines()) == 2)

    def numbers(self) -> list[int]:
        return [int(word) for word in (self.folder / "numbers").read_text().split()]

    def ended_with(self) -> int:
        assert self.process is not None
        return self.process.wait(WITHIN_S)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def nothing_runs(self) -> bool:
        return not any(runs(number) for number in self.numbers())


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Launched]:
    launched = Launched(tmp_path)
    yield launched
    for number in filter(runs, launched.numbers()):
        os.kill(number, signal.SIGKILL)
    if launched.process is not None:
        launched.process.kill()
        launched.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_both_programs_within_a_second_and_with_0(
    launched: Launched, number: signal.Signals
) -> None:
    launched.start(WELL_BEHAVED, WELL_BEHAVED)
    asked = time.monotonic()
    launched.send(number)
    assert launched.ended_with() == 0
    assert time.monotonic() - asked < 20
    assert launched.nothing_runs()


def test_ctrl_c_at_a_terminal_ends_make_with_0(launched: Launched) -> None:
    keyboard, terminal = pty.openpty()
    try:
        # setsid gives make a terminal to stand in front of, as in a person's window.
        launched.start_with_make("setsid", "--ctty", stdin=terminal)
        os.write(keyboard, b"\x03")
        assert launched.ended_with() == 0
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert launched.nothing_runs()


def test_sigterm_to_make_leaves_nothing_running(launched: Launched) -> None:
    launched.start_with_make()
    launched.send(signal.SIGTERM)
    launched.ended_with()
    assert launched.nothing_runs()


def test_a_program_that_does_not_listen_is_killed_and_the_end_is_not_called_well(
    launched: Launched,
) -> None:
    launched.start(DEAF, WELL_BEHAVED)
    launched.send(signal.SIGTERM)
    assert launched.ended_with() == 1
    assert launched.nothing_runs()


def test_what_a_program_leaves_behind_is_killed(launched: Launched) -> None:
    launched.start(LEAVES_A_CHILD, WELL_BEHAVED)
    launched.send(signal.SIGTERM)
    assert launched.ended_with() == 0
    assert launched.nothing_runs()


def test_the_end_of_the_hub_ends_the_simulator_and_gives_the_hubs_code(launched: Launched) -> None:
    launched.start(ENDS_BY_ITSELF, WELL_BEHAVED)
    assert launched.ended_with() == 7
    assert launched.nothing_runs()


def test_the_end_of_the_simulator_leaves_the_hub_running(launched: Launched) -> None:
    launched.start(WELL_BEHAVED, ENDS_BY_ITSELF)
    # The hub and its child still run; the simulator, one number, does not.
    wait_until(lambda: sum(map(runs, launched.numbers())) == 2)
    launched.send(signal.SIGTERM)
    assert launched.ended_with() == 0


def test_a_killed_launcher_takes_both_programs_with_it(launched: Launched) -> None:
    launched.start(WELL_BEHAVED, WELL_BEHAVED)
    first_of_each = launched.numbers()[::2]
    launched.send(signal.SIGKILL)
    wait_until(lambda: not any(map(runs, first_of_each)))
