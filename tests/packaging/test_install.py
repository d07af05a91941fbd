"""The steps of deploy/install.sh, which are those of the Dockerfile, in a clean environment."""

import subprocess
from pathlib import Path

import yaml

from scripts.check_wheel import run_hub

ROOT = Path(__file__).resolve().parents[2]


def test_the_installed_hub_runs_with_nothing_but_its_own_folder(tmp_path: Path) -> None:
    prefix, home = tmp_path / "machine", tmp_path / "home"
    home.mkdir()
    install = [str(ROOT / "deploy" / "install.sh"), "--prefix", str(prefix)]
    subprocess.run(install, check=True, cwd=home)

    config = prefix / "etc/village-hub/config.yaml"
    data = prefix / "var/lib/village-hub"
    assert yaml.safe_load(config.read_text())["data"] == str(data)
    assert data.stat().st_mode & 0o077 == 0

    config.write_text("# kept\n")
    subprocess.run([*install, "config"], check=True, cwd=home)
    assert config.read_text() == "# kept\n"

    programs = prefix / "opt/village-hub/bin"
    run_hub(programs, home, {"HOME": str(home), "PATH": str(programs)})
