"""What the commands of the Makefile do, read from `make -n`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str) -> str:
    # As typed by a person, although `make test` may have started this test.
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


def steps(target: str) -> list[str]:
    return make("--no-print-directory", "-n", target).splitlines()


@pytest.mark.parametrize("target", ["run", "test", "check", "drill", "bench"])
def test_each_command_first_makes_the_environment_it_needs(target: str) -> None:
    environments = [step for step in steps(target) if "scripts/environment.py" in step]
    assert environments
    assert all(
        steps(target).index(environments[0]) < i
        for i, step in enumerate(steps(target))
        if step.startswith(".venv/")
    )


def test_a_run_needs_no_debian_package() -> None:
    assert not any("debian-packages" in step for step in steps("run"))


def test_the_last_word_of_a_test_run_is_pytests() -> None:
    assert steps("test")[-1] == '.venv/bin/python -m pytest -m "not drill" tests'
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make test"


def test_ci_checks_tests_and_starts_the_hub_from_a_wheel() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert {"set -euo pipefail", "make check", "make check-wheel", "make test"} <= set(lines)
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_help_names_every_command() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = " ".join(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)).split()
    shown = make("help")
    assert all(f"make {target} " in shown for target in targets)
