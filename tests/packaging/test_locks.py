"""The lock files: exact versions, hashes, and no word of where they came from."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^ ;\\]+)", re.MULTILINE)
ADDRESS = re.compile(r"https?:|//|index|find-links|trusted-host|\b(?:www|pypi|files|registry)\.")


def pins(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / "requirements" / name).read_text()))


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_is_an_exact_version_with_its_hashes(lock: Path) -> None:
    text = re.sub(r"^#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    assert entries
    for entry in entries:
        assert PINNED.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_package_index_is_named(lock: Path) -> None:
    assert not ADDRESS.search(lock.read_text())


def test_every_dependency_is_locked() -> None:
    wanted = {name_of(requirement) for requirement in PROJECT["project"]["dependencies"]}
    assert wanted <= set(pins("run.txt"))
    tools = {name_of(requirement) for requirement in PROJECT["dependency-groups"]["dev"]}
    assert tools <= set(pins("dev.txt"))


def test_tests_run_with_the_very_versions_that_the_hub_runs_with() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert {name: dev.get(name) for name in run} == run
    assert pins("build.txt").items() <= dev.items()


def test_the_lock_of_the_javascript_checker_names_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_no_package_index_is_configured_in_the_tree() -> None:
    assert not [name for name in (".npmrc", "pip.conf", "uv.toml") if (ROOT / name).exists()]
    assert "index" not in PROJECT.get("tool", {}).get("uv", {})
