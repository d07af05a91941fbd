#!/usr/bin/env python3
"""Check that every locked dependency has a wheel for the computers that hubs run on.

A Raspberry Pi (64-bit, Debian 12: glibc 2.36, Python 3.11) has no compiler to spare: what has no
wheel for aarch64 cannot be installed there. pip resolves the lock for that platform and installs
nothing. The answer is kept under the sum of the lock, so that it is asked once.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "run.txt"
GLIBC_MINOR = 36
PYTHON_VERSION = "3.11"


def platforms() -> list[str]:
    """The wheel tags that the target takes (PEP 600), newest first; manylinux2014 is 2_17."""
    tags = [f"manylinux_2_{minor}_aarch64" for minor in range(GLIBC_MINOR, 16, -1)]
    return [*tags, "manylinux2014_aarch64", "linux_aarch64"]


def resolve(lock: Path, folder: str) -> subprocess.CompletedProcess[str]:
    """Let pip resolve the lock for the target, without installing."""
    platform_options = [word for tag in platforms() for word in ("--platform", tag)]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    target = ["--python-version", PYTHON_VERSION, "--implementation", "cp", *platform_options]
    nothing_installed = ["--dry-run", "--ignore-installed", "--target", folder]
    locked = ["--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
    return subprocess.run(
        [*pip, *target, *nothing_installed, *locked], text=True, capture_output=True, check=False
    )


def main() -> None:
    """Ask once per lock."""
    asked = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp = Path(sys.prefix) / ".aarch64-checked"
    if stamp.exists() and stamp.read_text() == asked:
        print("aarch64: every dependency has a wheel (checked before, the lock is the same)")
        return
    print("aarch64: looking for a wheel of every dependency…", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        result = resolve(LOCK, folder)
    if result.returncode != 0:
        sys.exit(f"aarch64: not every dependency has a wheel.\n{result.stderr}")
    stamp.write_text(asked)
    print("aarch64: every dependency has a wheel")


if __name__ == "__main__":
    main()
