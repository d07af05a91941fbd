"""The wheel holds the hub, its migrations and the phone page, and nothing else."""

import tomllib
import zipfile
from pathlib import Path

import pytest

from scripts.check_wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
NOT_PACKAGES = {"tests", "scripts", "benchmarks", "docs", "deploy", "requirements", "data"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]


def packages_in_the_tree() -> set[str]:
    tops = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_PACKAGES
    files = [file.relative_to(ROOT) for top in tops for file in (ROOT / top).rglob("*.py")]
    return {".".join(file.parent.parts) for file in files}


def files_of_the_hub() -> set[str]:
    packages = {package.split(".")[0] for package in PACKAGES} - {"web"}
    files = [file for package in packages for file in (ROOT / package).rglob("*")]
    kept = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    names = {file.relative_to(ROOT).as_posix() for file in kept}
    return {name for name in names if not name.endswith((".md", ".service"))}  # for installers


def files_of_the_page() -> set[str]:
    files = {
        file.relative_to(ROOT).as_posix() for file in (ROOT / "web").rglob("*") if file.is_file()
    }
    return {file for file in files if not file.endswith(".test.js")} - {"web/package.json"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel")))


def test_every_package_of_the_tree_is_listed() -> None:
    assert packages_in_the_tree() == set(PACKAGES) - {"web"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    assert files_of_the_hub() <= set(wheel.namelist())


def test_the_wheel_holds_the_phone_page_as_it_stands_in_git(wheel: zipfile.ZipFile) -> None:
    page = files_of_the_page()
    assert {name for name in wheel.namelist() if name.startswith("web/")} == page
    assert all(wheel.read(name) == (ROOT / name).read_bytes() for name in page)


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    metadata = {top for top in tops if top.endswith(".dist-info")}
    assert tops - metadata == {package.split(".")[0] for package in PACKAGES}


def test_the_wheel_brings_its_commands(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    commands = wheel.read(name).decode()
    assert "village-hub = hub.app.cli:main" in commands
    assert "village-loudspeaker = agents.loudspeaker.cli:main" in commands
