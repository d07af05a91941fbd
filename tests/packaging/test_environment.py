"""scripts/environment.py: what it makes, and that it makes nothing twice."""

from pathlib import Path

import pytest

from scripts import environment


class Steps:
    """Takes the place of the programs that would be called."""

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.taken: list[str] = []

    def call(self, *command: str | Path) -> None:
        words = [str(word) for word in command]
        self.taken.append(" ".join(words))
        if "venv" in words:
            (self.venv / "bin").mkdir(parents=True)
            (self.venv / "bin" / "python").touch()


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    for name in ("pyproject.toml", "requirements/run.txt", "requirements/dev.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "requirements/build.txt").write_text("build")
    steps = Steps(tmp_path / ".venv")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", steps.venv)
    monkeypatch.setattr(environment, "PYTHON", steps.venv / "bin" / "python")
    monkeypatch.setattr(environment, "call", steps.call)
    return steps


def test_the_first_time_installs_the_lock_by_its_hashes_and_links_the_folder(steps: Steps) -> None:
    environment.main("run")
    made, locked, linked = steps.taken
    assert made.endswith(f"-m venv {steps.venv}")
    assert "--require-hashes -r requirements/build.txt -r requirements/run.txt" in locked
    assert "--no-deps --no-build-isolation --editable ." in linked


def test_the_second_time_does_nothing(steps: Steps) -> None:
    environment.main("dev")
    steps.taken.clear()
    environment.main("dev")
    environment.main("run")  # what tests need is more than what the hub needs
    assert steps.taken == []


def test_a_changed_lock_is_installed_into_the_same_environment(steps: Steps) -> None:
    environment.main("dev")
    steps.taken.clear()
    (environment.ROOT / "requirements/dev.txt").write_text("another version")
    environment.main("dev")
    assert len(steps.taken) == 2
    assert not any("venv" in step.split() for step in steps.taken)


def test_an_environment_of_another_place_or_python_is_made_anew(steps: Steps) -> None:
    environment.main("dev")
    steps.taken.clear()
    (steps.venv / ".made-for").write_text("another Python, another folder")
    (steps.venv / ".ready-dev").unlink()
    environment.main("dev")
    assert steps.taken[0].endswith(f"-m venv {steps.venv}")


def test_a_step_that_fails_is_not_taken_for_done(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: str) -> None:
        raise SystemExit

    with monkeypatch.context() as failing:
        failing.setattr(environment, "pip", fail)
        with pytest.raises(SystemExit):
            environment.main("dev")
    steps.taken.clear()
    environment.main("dev")
    assert len(steps.taken) == 2


def test_without_the_venv_package_a_plain_user_is_told_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="sudo apt-get install -y python3"):
        environment.need_venv_package()
