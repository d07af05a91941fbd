"""What was measured on: figures of another machine are not comparable."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def describe() -> dict[str, str]:
    """The machine and the versions that matter, and how busy it is with other things."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "system": f"Linux {platform.release()}, {_distribution()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "Mosquitto": _mosquitto(),
        "load before (1 minute)": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^(?:model name|Model)\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else "unknown processor"


def _distribution() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown distribution")


def _mosquitto() -> str:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0] if said else "unknown"
