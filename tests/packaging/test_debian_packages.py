"""scripts/debian-packages, on machines made of a folder with the programs that they have."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "debian-packages"
BORROWED = ("grep", "rm", "chmod", "sh")  # what every Debian has


class Machine:
    """A PATH with the few programs of a bare machine; apt-get writes down what it is asked."""

    def __init__(self, folder: Path, user: int) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.asked = folder / "asked"
        self.policy = folder / "policy-rc.d"
        for name in BORROWED:
            (self.programs / name).symlink_to(f"/usr/bin/{name}")
        self.has("id", f"echo {user}")
        self.has("python3")
        self.has("apt-get", f'[ -e "{self.policy}" ] && p=kept\necho "$p" "$@" >> "{self.asked}"\n')

    def has(self, name: str, script: str = "") -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "POLICY_RC_D": str(self.policy)}
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def installed(self) -> list[str]:
        lines = self.asked.read_text().splitlines() if self.asked.exists() else []
        return [line for line in lines if " install " in line]


@pytest.fixture
def as_user(tmp_path: Path) -> Machine:
    return Machine(tmp_path, user=1000)


@pytest.fixture
def as_root(tmp_path: Path) -> Machine:
    return Machine(tmp_path, user=0)


def test_a_plain_user_is_told_the_line_to_type(as_user: Machine) -> None:
    result = as_user.run("check")
    assert result.returncode == 1
    assert "sudo apt-get install -y --no-install-recommends nodejs npm" in result.stderr
    assert not as_user.asked.exists()


def test_nothing_is_asked_for_when_the_programs_are_there(as_user: Machine) -> None:
    for name in ("node", "npm"):
        as_user.has(name)
    result = as_user.run("check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_root_gets_what_is_missing_and_no_service_starts(as_root: Machine) -> None:
    as_root.has("node")
    result = as_root.run("check")
    assert result.returncode == 0, result.stderr
    assert as_root.installed() == ["kept install -y -qq --no-install-recommends npm"]
    assert not as_root.policy.exists()  # services may be started again afterwards


def test_npm_is_not_installed_beside_a_node_that_brings_it(as_root: Machine) -> None:
    script = f'case "$*" in *nodejs*) : > "{as_root.programs}/npm"; '
    script += f'chmod +x "{as_root.programs}/npm" ;; esac\necho kept "$@" >> "{as_root.asked}"'
    as_root.has("apt-get", script)
    assert as_root.run("check").returncode == 0
    assert as_root.installed() == ["kept install -y -qq --no-install-recommends nodejs"]


def test_a_machine_with_policy_of_its_own_keeps_it(as_root: Machine) -> None:
    as_root.policy.write_text("#!/bin/sh\nexit 104\n")
    as_root.run("check")
    assert as_root.policy.read_text() == "#!/bin/sh\nexit 104\n"
