"""What a process costs, from the kernel's own accounting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MIB = 1024 * 1024


def cpu_s(pid: int) -> float:
    """CPU-seconds of a process so far, its threads included, its children not."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def children_cpu_s(pid: int) -> float:
    """CPU-seconds of those children of a process that have ended and were waited for."""
    times = psutil.Process(pid).cpu_times()
    return times.children_user + times.children_system


def child(pid: int, argument: str) -> int | None:
    """The child that was started with this argument, if there is one."""
    for process in psutil.Process(pid).children(recursive=True):
        if any(argument in part for part in process.cmdline()):
            return process.pid
    return None


def written_bytes(pid: int) -> int:
    """Bytes that a process caused to be written to storage (proc(5), /proc/pid/io)."""
    return psutil.Process(pid).io_counters().write_bytes


def mapped_libraries(pid: int) -> list[str]:
    """The shared libraries of a process, by file name."""
    maps = psutil.Process(pid).memory_maps(grouped=True)
    return sorted({Path(each.path).name for each in maps if ".so" in each.path})


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident memory, and the part of it that no other process shares."""
    memory = psutil.Process(pid).memory_full_info()
    return memory.rss / MIB, memory.uss / MIB


@dataclass(slots=True)
class Spent:
    """What processes used within a `spending` block, by the names given to them."""

    seconds: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)


@contextmanager
def spending(**pids: int) -> Iterator[Spent]:
    """Measure wall and CPU time of processes; the figures are there after the block."""
    spent = Spent()
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    began = time.perf_counter()
    yield spent
    spent.seconds = time.perf_counter() - began
    spent.cpu_s = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
