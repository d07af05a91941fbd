"""Figures as tables: on standard output for people, as JSON for programs."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

Cell = str | float | None


@dataclass(slots=True)
class Table:
    """One table: a title, the names of its columns, rows of cells, and what to know about it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """One more row."""
        self.rows.append(cells)

    def text(self) -> str:
        """For a terminal, and as Markdown at the same time."""
        lines = [self.columns, *[tuple(_shown(cell) for cell in row) for row in self.rows]]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        head, *body = ["| " + " | ".join(_padded(line, widths)) + " |" for line in lines]
        rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([f"## {self.title}", "", head, rule, *body, "", *self.notes])

    def as_json(self) -> dict[str, object]:
        """The rows by the names of their columns."""
        content = asdict(self)
        content["rows"] = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return content


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ratio(value: float, floor: float) -> float | None:
    """How many times the floor; None when the floor is nothing."""
    return value / floor if floor else None


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if cell == int(cell) and abs(cell) < 1e6:
        return str(int(cell))
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"


def _padded(line: tuple[Cell, ...], widths: list[int]) -> list[str]:
    first, *rest = (str(cell) for cell in line)
    numbers = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
    return [first.ljust(widths[0]), *numbers]
