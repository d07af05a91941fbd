"""The systemd unit: parsed, and looked at by systemd itself where it is installed."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "village-hub.service"


class _Sections(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr  # systemd's keys are written with capitals


@pytest.fixture
def unit() -> configparser.ConfigParser:
    parser = _Sections(interpolation=None, comment_prefixes=("#", ";"), strict=True)
    parser.read_string(UNIT.read_text())
    return parser


def test_the_unit_starts_what_install_puts_into_place(unit: configparser.ConfigParser) -> None:
    start = unit["Service"]["ExecStart"].split()
    install = (ROOT / "deploy" / "install.sh").read_text()
    assert start == [
        "/opt/village-hub/bin/village-hub",
        "run",
        "--config",
        "/etc/village-hub/config.yaml",
    ]
    for folder in ("/opt/village-hub", "/etc/village-hub", "/var/lib/village-hub"):
        assert f"$prefix{folder}" in install
    assert f"account={unit['Service']['User']}" in install


def test_the_hub_is_started_again_for_ever(unit: configparser.ConfigParser) -> None:
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_hub_may_write_its_own_data_alone(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert service["User"] != "root"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "village-hub"
    assert service["StateDirectoryMode"] == "0700"
    assert "ReadWritePaths" not in service
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    # systemd looks for the program, which is not installed here, and for the account.
    text = UNIT.read_text().replace("/opt/village-hub/bin/village-hub", "/bin/true")
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in result.stderr.splitlines() if UNIT.name in line]
    assert (about_ours, result.returncode) == ([], 0)
