#!/usr/bin/env python3
"""Run the hub and, beside it, the simulated village; end both when one is told to.

Each runs in a process group of its own, so that a Ctrl-C reaches this program alone, which then
asks both to end and waits. Ends with 0 after Ctrl-C, SIGTERM or a closed terminal; with the hub's
own code when the hub ends by itself.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

GRACE_S = 5.0  # the hub ends in under 1 s; what takes this long hangs
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_AWAITED = {signal.SIGCHLD, *_ENDING}
_PR_SET_PDEATHSIG = 1  # prctl(2): the signal that a process gets when its parent dies
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans below a process become its children

Program = subprocess.Popen[bytes]


def _end_with_parent() -> None:
    # Should the parent be killed outright, nobody else would pass the end on.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prepare_child() -> None:
    _end_with_parent()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)


def start(command: Sequence[str]) -> Program:
    """Start one program in a process group of its own."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_prepare_child,  # noqa: PLW1509  this program has one thread
    )


@contextlib.contextmanager
def owning_terminal() -> Iterator[None]:
    """Take the terminal, if this runs in front of one, so that Ctrl-C reaches this program alone.

    Otherwise it would reach `make` too, which then ends with an error although all ended well.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # a service, a test: no terminal
        yield
        return
    former = os.tcgetpgrp(terminal)
    in_front = former == os.getpgrp()
    if in_front:
        # A program in the background is stopped when it sets the terminal, unless it ignores this.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with contextlib.suppress(PermissionError):  # it leads its session, hence also its group
            os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        if in_front:
            with contextlib.suppress(OSError):  # the terminal was closed
                os.tcsetpgrp(terminal, former)
        os.close(terminal)


def wait_for_end(programs: Sequence[Program]) -> int:
    """Wait until the hub, the first program, ends, or somebody asks for the end."""
    hub, *others = programs
    while hub.poll() is None:
        if signal.sigwait(_AWAITED) in _ENDING:
            return 0
        for other in [program for program in others if program.poll() is not None]:
            others.remove(other)
            print("Thôn mô phỏng đã dừng. / The simulated village has ended.", flush=True)
    return hub.returncode


def end(programs: Sequence[Program]) -> bool:
    """Ask all to end, wait, and leave nothing running. True when all ended as asked."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for program in programs:
        _signal_group(program, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    in_time = True
    for program in programs:
        try:
            program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_time = False
        _signal_group(program, signal.SIGKILL)  # itself, or what it left behind
        program.wait()
        _wait_for_group(program)
    return in_time


def _signal_group(program: Program, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, number)


def _wait_for_group(program: Program) -> None:
    with contextlib.suppress(ChildProcessError):  # nobody is left
        while True:
            os.waitpid(-program.pid, 0)


def run(commands: Sequence[Sequence[str]]) -> int:
    """Run the programs, the hub first, until the hub ends or the end is asked for."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)  # they are taken by sigwait, one by one
    _end_with_parent()
    with owning_terminal():
        programs = [start(command) for command in commands]
        code = wait_for_end(programs)
        return code if end(programs) else 1


if __name__ == "__main__":
    _hub = str(Path(sys.executable).with_name("village-hub"))
    sys.exit(run([[_hub, verb, *sys.argv[1:]] for verb in ("run", "simulate")]))
