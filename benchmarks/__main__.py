"""`python -m benchmarks`: measure this machine, print tables, write benchmarks/results.json."""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from benchmarks import announcing, cameras, commands, pages, starting
from benchmarks.machine import describe
from benchmarks.report import Table

RESULTS = Path(__file__).parent / "results.json"

Measure = Callable[[bool], list[Table]]
BENCHMARKS: dict[str, Measure] = {
    "commands": lambda quick: commands.measure(commands.QUICK if quick else commands.Size()),
    "cameras": lambda quick: cameras.measure(cameras.QUICK if quick else cameras.Size()),
    "start": lambda quick: starting.measure(starting.QUICK if quick else starting.Size()),
    "page": lambda _quick: pages.measure(),
    "announcements": lambda quick: announcing.measure(1 if quick else 4),
}


def main(arguments: list[str] | None = None) -> int:
    """Run all benchmarks, or those that are named."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    asked = parser.parse_args(arguments)
    chosen = asked.only or list(BENCHMARKS)
    machine = describe()
    print("# Measured on this machine", *(f"- {k}: {v}" for k, v in machine.items()), sep="\n")
    results: dict[str, object] = {}
    failed = []
    for name in chosen:
        began = time.monotonic()
        print(f"\n... {name}", file=sys.stderr, flush=True)
        try:
            tables = BENCHMARKS[name](asked.quick)
        except Exception:  # noqa: BLE001  the other measurements are worth having all the same
            traceback.print_exc()
            failed.append(name)
            continue
        for table in tables:
            print(f"\n{table.text()}", flush=True)
        print(f"... {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        results[name] = [table.as_json() for table in tables]
    content = {"machine": machine, "quick": asked.quick, "failed": failed, "results": results}
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
