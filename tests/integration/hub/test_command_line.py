"""The commands beside `run`: each says in one line what is wrong, or does its work and ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from hub.app import cli
from tests.integration.hub.conftest import Village
from tests.villages import (
    ROOT,
    Program,
    free_port,
    running,
    sample_config,
    wait_until,
    write_config,
)

WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"server": {"host": "127.0.0.1", "port": 99999}}, "server.port", "99999", "65535"),
    ({"server": {"host": "127.0.0.1", "prot": 80}}, "server.prot", "80", "no such key"),
    ({"broker": {"mode": "telepathy"}}, "broker.mode", "telepathy", "mosquitto"),
    ({"vilage": {}}, "vilage", "", "no such key"),
    (
        {"begin": {"cameras": [{"name": "Cổng", "url": "http://127.0.0.1/x"}]}},
        "begin.cameras.0.url",
        "http://127.0.0.1/x",
        "rtsp://",
    ),
    (
        {"begin": {"devices": [{"driver": "zigbee", "address": "1", "kind": "light"}]}},
        "begin.devices.0.driver",
        "zigbee",
        "tasmota",
    ),
    (
        {"begin": {"zones": [{"name": "Ngõ 1"}, {"name": "Ngõ 1"}]}},
        "begin",
        "",
        "each zone once",
    ),
    (
        {"village": {"name": "Đông", "latitude": 91, "longitude": 0}},
        "village.latitude",
        "91",
        "90",
    ),
    (
        {"village": {"name": "Đông", "latitude": 1, "longitude": 0, "timezone": "Asia/Hanoi"}},
        "village.timezone",
        "Asia/Hanoi",
        "time zone",
    ),
]


Capture = pytest.CaptureFixture[str]


def told(capsys: Capture, *arguments: str | Path) -> tuple[int, str]:
    """The exit code and what stood on standard error: the same program, without a new process."""
    code = cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    assert printed.out == ""
    return code, printed.err


def village_hub(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub.app.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(("changes", "key", "value", "expected"), WRONG, ids=lambda v: str(v)[:40])
def test_a_mistake_in_the_configuration_is_told_in_one_line(
    capsys: Capture, folder: Path, changes: dict[str, Any], key: str, value: str, expected: str
) -> None:
    config = write_config(folder, **changes)
    code, said = told(capsys, "check-config", config)
    assert code == 2
    (line,) = said.strip().splitlines()
    for part in (str(config), key, value, expected):
        assert part in line


def test_run_says_the_same_of_a_mistake_before_it_touches_anything(
    capsys: Capture, folder: Path
) -> None:
    config = write_config(folder, **WRONG[0][0])
    started = village_hub("run", "--config", config)
    assert (started.returncode, started.stderr) == told(capsys, "check-config", config)
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    "content", ["village: [", "- a\n- b\n", "", "\x00", "a: &a [*a]"], ids=repr
)
def test_a_file_that_is_no_configuration_is_told_in_one_line(
    capsys: Capture, folder: Path, content: str
) -> None:
    config = folder / "config.yaml"
    config.write_text(content)
    code, said = told(capsys, "check-config", config)
    assert code == 2
    assert len(said.strip().splitlines()) == 1
    assert str(config) in said


def test_a_file_that_is_not_there_is_told_in_one_line(capsys: Capture, folder: Path) -> None:
    for command in (["check-config"], ["simulate", "--config"], ["sign-in-link", "--config"]):
        code, said = told(capsys, *command, folder / "none.yaml")
        assert code == 2
        assert len(said.strip().splitlines()) == 1
        assert "none.yaml" in said


def test_a_camera_password_in_the_configuration_is_refused_and_not_repeated(
    capsys: Capture, folder: Path
) -> None:
    camera = {"name": "Cổng", "url": "rtsp://admin:bi-mat-9@10.0.0.9/s"}
    code, said = told(capsys, "check-config", write_config(folder, begin={"cameras": [camera]}))
    assert code == 2
    assert "password_file" in said
    assert "bi-mat-9" not in said


def test_the_sample_configuration_is_correct() -> None:
    ended = village_hub("check-config", ROOT / "config.yaml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "29 devices, 2 cameras" in ended.stdout


def test_a_sign_in_link_is_made_beside_the_running_hub(village: Village) -> None:
    for role in ("head", "resident"):
        code = village.hub.new_code(role)
        village.secrets.append(code)
        phone = village.hub.sign_in(code)
        assert phone.get("/api/v1/session").json()["role"] == role
        village.phones.append(phone)


def test_a_sign_in_link_before_the_first_start_says_what_to_do(folder: Path) -> None:
    ended = village_hub("sign-in-link", "--config", write_config(folder))
    assert ended.returncode not in (0, 2)
    (line,) = ended.stderr.strip().splitlines()
    assert "start the hub once" in line
    assert not (folder / "data" / "hub.sqlite").exists()


def test_simulate_waits_for_a_hub_and_ends_on_sigterm(folder: Path) -> None:
    config = sample_config(folder)
    arguments = [sys.executable, "-m", "hub.app.cli", "simulate", "--config", str(config)]
    simulator = Program(arguments, folder / "simulate.log")
    with running(simulator):
        camera = yaml.safe_load(config.read_text())["begin"]["cameras"][0]["url"]
        port = int(camera.rpartition(":")[2].partition("/")[0])
        wait_until(
            lambda: any(
                c.laddr.port == port
                for c in psutil.Process(simulator.process.pid).net_connections()
            ),
            "its cameras are served",
        )
        began = time.monotonic()
        assert simulator.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 20
    assert "Traceback" not in simulator.said()


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run"]], ids=str)
def test_no_command_or_an_unknown_one_explains_itself(
    capsys: Capture, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: village-hub" in capsys.readouterr().err


def test_the_page_and_the_link_carry_the_address_of_the_configuration(folder: Path) -> None:
    port = free_port()
    server = {"host": "127.0.0.1", "port": port, "address": "https://thon.example"}
    config = write_config(folder, server=server)
    command = [sys.executable, "-m", "hub.app.cli", "run", "--config", str(config)]
    hub = Program(command, folder / "hub.log")
    with running(hub):
        wait_until(lambda: "https://thon.example/#sign-in=" in hub.said(), "the link is printed")
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        assert hub.stop() == 0
