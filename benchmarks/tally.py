"""The figures of commands, of the hub and of its floor, and the tables made of them."""

from dataclasses import dataclass, field

from benchmarks.report import Table, middle, percentile, ratio

AT_ONCE = 32
# Beside the one that commands (the hub, or the floor in its place).
_OTHERS = ("broker", "simulator")


@dataclass(slots=True)
class Singles:
    """Commands one by one, or some at a time."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)

    def note(self, latencies: list[float], seconds: float, cpu_s: dict[str, float]) -> None:
        """One more round."""
        self.latencies += latencies
        self.seconds += seconds
        for name, used in cpu_s.items():
            self.cpu_s[name] = self.cpu_s.get(name, 0.0) + used

    @property
    def per_second(self) -> float:
        """Commands in a second."""
        return len(self.latencies) / self.seconds

    def cpu_per_1000(self, name: str) -> float:
        """CPU-seconds of a process for 1000 commands."""
        return self.cpu_s[name] / len(self.latencies) * 1000


@dataclass(slots=True)
class Roads:
    """Whole roads at once."""

    answers: list[float] = field(default_factory=list)
    states: list[float] = field(default_factory=list)
    cpu_s: list[dict[str, float]] = field(default_factory=list)

    def note(self, answered: float, last_state: float, cpu_s: dict[str, float]) -> None:
        """One more road; times in seconds."""
        self.answers.append(answered)
        self.states.append(last_state)
        self.cpu_s.append(cpu_s)


@dataclass(slots=True)
class Measured:
    """What one side (the hub, or the floor) was measured at."""

    parallel: Singles = field(default_factory=Singles)
    single: Singles = field(default_factory=Singles)
    bare: Singles = field(default_factory=Singles)
    road: Roads = field(default_factory=Roads)


def single_table(hub: Measured, floor: Measured) -> Table:
    """Single commands."""
    table = Table(
        "Commands to one light at a time",
        ("", "p50 ms", "p99 ms", "commands/s", "CPU-s per 1000", "broker", "simulator"),
    )
    parallel, single = f"{AT_ONCE} at a time", "one at a time"
    table.add(f"hub, {parallel}", *_cells(hub.parallel))
    table.add(f"paho floor, {parallel}", *_cells(floor.parallel))
    table.add("  times the floor", *_ratios(hub.parallel, floor.parallel))
    table.add(f"hub, {parallel}, without Idempotency-Key", *_cells(hub.bare))
    table.add("  times the floor", *_ratios(hub.bare, floor.parallel))
    table.add(f"hub, {single}", *_cells(hub.single))
    table.add(f"paho floor, {single}", *_cells(floor.single))
    table.add("  times the floor", *_ratios(hub.single, floor.single))
    table.notes.append(
        "Goals: p50 <= 3 and p99 <= 10 ms one at a time, 1000 commands/s, 0.6 CPU-s per 1000."
    )
    return table


def _cells(singles: Singles) -> tuple[float, ...]:
    return (
        middle(singles.latencies) * 1000,
        percentile(singles.latencies, 99) * 1000,
        singles.per_second,
        *(singles.cpu_per_1000(name) for name in ("hub", *_OTHERS)),
    )


def _ratios(hub: Singles, floor: Singles) -> list[float | None]:
    return [ratio(a, b) for a, b in zip(_cells(hub), _cells(floor), strict=True)]


def road_table(hub: Measured, floor: Measured, lights: int) -> Table:
    """A road at once."""
    table = Table(
        f"One road of {lights} lights",
        ("", "answer ms", "last state at a phone ms", "CPU-s", "broker", "simulator"),
    )
    ours, theirs = _road_cells(hub.road), _road_cells(floor.road)
    table.add("hub", *ours)
    table.add("paho floor", *theirs)
    table.add("  times the floor", *[ratio(a, b) for a, b in zip(ours, theirs, strict=True)])
    table.notes.append("Goals for 1000: last confirmed state <= 150 ms, <= 0.10 CPU-s.")
    return table


def _road_cells(roads: Roads) -> tuple[float, ...]:
    return (
        middle(roads.answers) * 1000,
        middle(roads.states) * 1000,
        # The kernel counts in hundredths of a second: the mean of all says more than the median.
        *(sum(each[name] for each in roads.cpu_s) / len(roads.cpu_s) for name in ("hub", *_OTHERS)),
    )
