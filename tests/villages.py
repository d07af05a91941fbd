"""A village for tests: the hub, the simulated village and a loudspeaker board, as processes."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import psutil
import yaml

ROOT = Path(__file__).parent.parent
Json: TypeAlias = Any
"""What an answer holds, as it came; the tests say what they expect of it."""
_LINK = re.compile(r"(https?://\S+)/#sign-in=(\S+)")
_BEGUN = re.compile(r"play=(\S+).*status=playing")


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], object], what: str, within_s: float = 20) -> Json:
    """Ask until the answer is truthy and give it back; fails with `what` after `within_s`."""
    end = time.monotonic() + within_s
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > end:
            msg = f"not within {within_s:g} s: {what}"
            raise AssertionError(msg)
        time.sleep(0.02)  # the thing waited for is another process


def write_config(folder: Path, **changes: Json) -> Path:
    """A config.yaml on free loopback ports; `changes` replace its top-level keys."""
    content = {
        "village": {
            "name": "Thôn Đông",
            "latitude": 21.30,
            "longitude": 105.40,
            "timezone": "Asia/Ho_Chi_Minh",
        },
        "server": {"host": "127.0.0.1", "port": free_port()},
        "broker": {"mode": "auto", "host": "127.0.0.1", "port": free_port()},
        "data": "data",
        "begin": {},
        **changes,
    }
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def sample_config(folder: Path, **changes: Json) -> Path:
    """The sample village of the project on free loopback ports."""
    sample = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    rtsp = free_port()
    for camera in sample["begin"]["cameras"]:
        camera["url"] = camera["url"].replace("18554", str(rtsp))
    return write_config(folder, begin=sample["begin"], **changes)


class Program:
    """A child process whose output is kept in a file."""

    def __init__(
        self,
        arguments: list[str],
        log: Path,
        environment: dict[str, str] | None = None,
        *,
        obeys: bool = False,
    ) -> None:
        """`obeys`: it reads lines on standard input and answers each on standard output."""
        self.log = log
        self._written = log.open("ab")
        self._from = log.stat().st_size
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            arguments,
            cwd=ROOT,
            stdin=subprocess.PIPE if obeys else subprocess.DEVNULL,
            stdout=subprocess.PIPE if obeys else self._written,
            stderr=self._written if obeys else subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": str(ROOT),
                **(environment or {}),
            },
        )

    def said(self) -> str:
        """All that this process has printed."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def stop(self, with_signal: int = signal.SIGTERM, within_s: float = 10) -> int:
        """Ask it to end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        code = self.process.wait(within_s)
        self.close()
        return code

    def ended(self, within_s: float = 20) -> int:
        """Wait until it ends by itself; the exit code."""
        code = self.process.wait(within_s)
        self.close()
        return code

    def kill(self) -> None:
        """kill -9, of this process alone."""
        self.process.kill()
        self.process.wait(10)
        self.close()

    def close(self) -> None:
        """Let go of its files; it has ended."""
        self._written.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def children(self) -> list[psutil.Process]:
        """All that it has started and that still runs, with what those have started."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


class Hub(Program):
    """The hub as a process."""

    def __init__(self, config: Path, *, drill: bool = False, **environment: str) -> None:
        self.config = config
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
        self.data = config.parent / content["data"]
        self.port = content["server"]["port"]
        self.broker_port = content["broker"]["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        program = [str(ROOT / "tests" / "drill_hub.py")] if drill else ["-m", "hub.app.cli"]
        arguments = [sys.executable, *program, "run", "--config", str(config)]
        super().__init__(arguments, config.parent / "hub.log", environment)

    def wait_ready(self, within_s: float = 30) -> "Hub":
        """Until it answers."""

        def healthy() -> bool:
            if self.process.poll() is not None:
                msg = f"the hub ended with {self.process.returncode}:\n{self.said()}"
                raise AssertionError(msg)
            try:
                return client.get(f"{self.url}/api/v1/health").status_code == 200
            except httpx.TransportError:
                return False

        with httpx.Client(timeout=2, verify=False) as client:  # noqa: S501  plain http: none is read
            wait_until(healthy, "the hub answers", within_s)
        wait_until(lambda: "Ctrl-C" in self.said(), "the hub says where it is", within_s)
        return self

    def link_code(self) -> str:
        """The secret of the one-time link that it printed."""
        found: re.Match[str] = wait_until(
            lambda: _LINK.search(self.said()), "the hub prints a sign-in link"
        )
        return found.group(2)

    def broker_pid(self) -> int:
        """The process of its own broker."""
        found: psutil.Process = wait_until(
            lambda: next((child for child in self.children() if _is_broker(child)), None),
            "the hub has a broker",
        )
        return found.pid

    def new_code(self, role: str = "head") -> str:
        """The secret of a link from the console."""
        printed = subprocess.run(
            [
                sys.executable,
                "-m",
                "hub.app.cli",
                "sign-in-link",
                "--config",
                str(self.config),
                "--role",
                role,
            ],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout
        found = _LINK.search(printed)
        assert found is not None, printed
        return found.group(2)

    def phone(self, role: str = "head") -> httpx.Client:
        """A signed-in phone."""
        return self.sign_in(self.new_code(role))

    def sign_in(self, code: str) -> httpx.Client:
        """A phone that used this one-time code."""
        phone = self.stranger()
        answer = phone.post("/api/v1/session", json={"code": code})
        assert answer.status_code == 200, answer.text
        return phone

    def stranger(self) -> httpx.Client:
        """A phone that is not signed in."""
        return httpx.Client(base_url=self.url, timeout=30)

    def broker_login(self, who: str = "device") -> dict[str, Any]:
        """Host, port, username and password for the broker."""
        credentials = json.loads((self.data / "broker" / "credentials.json").read_text())
        return {"host": credentials["host"], "port": credentials["port"], **credentials[who]}


def _is_broker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "mosquitto" in process.name() or "broker_child.py" in " ".join(process.cmdline())
    return False


class Simulator(Program):
    """The simulated village as a process; `obeys`: it can be told to misbehave."""

    def __init__(self, config: Path, *options: str, obeys: bool = False) -> None:
        arguments = [sys.executable, "-m", "simulator", "--config", str(config), *options]
        super().__init__(arguments, config.parent / "simulator.log", obeys=obeys)

    def do(self, verb: str, **what: object) -> None:
        """One wish of docs/topics.md, carried out when this returns."""
        wishes, answers = self.process.stdin, self.process.stdout
        assert wishes is not None
        assert answers is not None
        wishes.write(json.dumps({"do": verb, **what}).encode() + b"\n")
        wishes.flush()
        answer = json.loads(answers.readline())
        assert answer == {"ok": True}, answer


class Agent(Program):
    """A loudspeaker board with the real agent; it reconnects after at most 5 s."""

    def __init__(
        self, name: str, login: dict[str, Any], folder: Path, output: str = "null"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        password = folder / "password"
        password.write_text(login.get("password") or "")
        arguments = [sys.executable, "-m", "agents.loudspeaker", "--id", name]
        arguments += ["--broker", f"{login['host']}:{login['port']}", "--output", output]
        arguments += ["--data", str(folder / name)]
        if login.get("username"):
            arguments += ["--username", login["username"], "--password-file", str(password)]
        super().__init__(arguments, folder / f"{name}.log")

    def begun(self) -> list[str]:
        """The ids of the orders that it began to play, in order, from its own log."""
        return _BEGUN.findall(self.said())


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    """End the programs afterwards, whatever happens."""
    try:
        yield
    finally:
        for program in reversed(programs):
            if program.process.poll() is None:
                program.kill()
            program.close()


def by_name(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one item with this name."""
    return next(item for item in items if item["name"] == name)


def key() -> dict[str, str]:
    """Headers with a new Idempotency-Key."""
    return {"Idempotency-Key": secrets.token_hex(16)}
