#!/usr/bin/env python3
"""Make .venv and node_modules ready; do nothing when they are.

A stamp holds the sum of everything an environment was made from, so that the second time takes a
moment, and so that a change of a lock file, of Python or of place makes it anew.

    environment.py run     what the hub needs (requirements/run.txt)
    environment.py dev     that, and what tests and checks need (requirements/dev.txt)
    environment.py node    the type checker of web/ (package-lock.json)
    environment.py lock    the program that writes the lock files (requirements/lock.txt)
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
# Everything that pip is given is locked: no newer pip is looked for.
ENVIRONMENT = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def made_for() -> str:
    """What a virtual environment is bound to: this Python, at this place."""
    return f"{sys.version}\n{sys.base_prefix}\n{VENV}"


def sum_of(*names: str) -> str:
    """One sum over the place and the named files."""
    total = hashlib.sha256(made_for().encode())
    for name in names:
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()


def is_written(path: Path, content: str) -> bool:
    """Whether the file stands and says just this."""
    return path.is_file() and path.read_text() == content


def say(text: str) -> None:
    """Tell the person at the terminal, at once."""
    print(text, flush=True)


def call(*command: str | Path) -> None:
    """Run one step; its failure ends everything with its own words still on the screen."""
    result = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False)
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        sys.exit(f"Không làm được bước này: / This step failed:\n    {words}")


def pip(*arguments: str) -> None:
    """Install exactly what the lock says."""
    call(PYTHON, "-m", "pip", "install", "--quiet", *arguments)


def need_venv_package() -> None:
    """Install the part of Python that Debian keeps in a package of its own."""
    if all(importlib.util.find_spec(name) for name in ("ensurepip", "venv")):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Đang cài gói python3-venv… / Installing the Debian package python3-venv.")
        call(ROOT / "scripts" / "debian-packages", f"python{version}-venv", "python3-venv")
        return
    sys.exit(
        "Thiếu gói python3-venv. Hãy chạy lệnh này rồi thử lại:\n"
        "The package python3-venv is missing. Run this, then try again:\n"
        f"    sudo apt-get install -y python{version}-venv python3-venv"
    )


def make_venv() -> None:
    """Make .venv for this Python at this place, unless it is."""
    if PYTHON.exists() and is_written(VENV / ".made-for", made_for()):
        return
    need_venv_package()
    shutil.rmtree(VENV, ignore_errors=True)
    call(sys.executable, "-m", "venv", VENV)
    (VENV / ".made-for").write_text(made_for())


def is_ready(name: str, *locks: str) -> bool:
    """Whether .venv holds just what these lock files and pyproject.toml ask for."""
    return PYTHON.exists() and is_written(VENV / f".ready-{name}", sum_of("pyproject.toml", *locks))


def fill_venv(name: str, *locks: str) -> None:
    """Install the lock files, then link this folder into .venv with its commands."""
    if is_ready(name, *locks):
        return
    say("Đang chuẩn bị môi trường, lần đầu mất vài phút… / Preparing, a few minutes once.")
    make_venv()
    pip("--require-hashes", *(word for lock in locks for word in ("-r", lock)))
    pip("--no-deps", "--no-build-isolation", "--editable", ".")
    (VENV / f".ready-{name}").write_text(sum_of("pyproject.toml", *locks))
    say("Đã chuẩn bị xong. / Ready.")


def fill_node_modules() -> None:
    """Install the pinned type checker for web/."""
    stamp = ROOT / "node_modules" / ".ready"
    wanted = sum_of("package.json", "package-lock.json")
    if is_written(stamp, wanted):
        return
    say("Đang chuẩn bị bộ kiểm tra JavaScript… / Preparing the checker for JavaScript.")
    call("npm", "ci", "--silent", "--no-audit", "--no-fund")
    stamp.write_text(wanted)


def main(what: str) -> None:
    """Make one environment ready."""
    dev = "requirements/dev.txt"
    if what == "run" and not is_ready("dev", dev):
        fill_venv("run", "requirements/build.txt", "requirements/run.txt")
    elif what == "dev":
        fill_venv("dev", dev)
    elif what == "node":
        fill_node_modules()
    elif what == "lock":
        make_venv()
        pip("--require-hashes", "-r", "requirements/lock.txt")


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("Cần Python 3.11 trở lên. / Python 3.11 or newer is needed: make PYTHON=…")
    main(sys.argv[1])
