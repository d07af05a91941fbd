#!/usr/bin/env python3
"""Build the wheel, install it in a clean environment, and start the hub from it.

The hub gets an empty HOME and a PATH without mosquitto, so that it runs from the wheel alone and
with the embedded broker. It has to answer, serve the phone page, take an MQTT client, and end with
0 on SIGTERM with nothing left running.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 40.0
ENDED_WITHIN_S = 5.0
HTTP_OK = 200
NOT_SOURCE = (".git", ".venv", "node_modules", "data", "build", "dist", "*.egg-info", "__pycache__")
MQTT_ACCEPTED = b"\x20\x02\x00\x00"  # CONNACK, MQTT 3.1.1 section 3.2


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the source, where no earlier build can leak into it."""
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run([*pip, *options], check=True)
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """Make a clean environment with the locked dependencies and the wheel; return its bin/."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = str(ROOT / "requirements" / "run.txt")
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return environment / "bin"


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def write_config(folder: Path) -> tuple[Path, int, int]:
    """The sample village on free ports; return the file, the web port and the broker's."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    web_port, broker_port = free_port(), free_port()
    config["server"] = {"host": "127.0.0.1", "port": web_port}
    config["broker"] = {"mode": "auto", "host": "127.0.0.1", "port": broker_port}
    config["data"] = str(folder / "data")
    path = folder / "config.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    return path, web_port, broker_port


def get(port: int, path: str) -> tuple[int, bytes]:
    """One request; status 0 while nobody answers."""
    address = f"http://127.0.0.1:{port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def wait_until_healthy(hub: subprocess.Popen[bytes], port: int) -> None:
    """Wait for 200 from the health route."""
    deadline = time.monotonic() + READY_WITHIN_S
    while get(port, "/api/v1/health")[0] != HTTP_OK:
        if hub.poll() is not None:
            sys.exit(f"wheel: the hub ended by itself with {hub.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"wheel: the hub did not answer within {READY_WITHIN_S:.0f} s")
        time.sleep(0.1)


def session_of(leader: int) -> Iterator[str]:
    """The names of all programs that the hub started and that still run."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # "PID (NAME) STATE PARENT GROUP SESSION …": proc(5)
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            if int(rest.split()[3]) == leader and rest.split()[0] != "Z":
                yield name


def broker_accepts(port: int, credentials: Path) -> bool:
    """Whether a device is taken with the name and password that the hub made for devices."""
    device = json.loads(credentials.read_text())["device"]
    texts = ("c", device["username"], device["password"])
    fields = b"".join(len(text).to_bytes(2, "big") + text.encode() for text in texts)
    # CONNECT, MQTT 3.1.1 section 3.1: user name, password, clean session; 60 s.
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + fields
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(bytes([0x10, len(body)]) + body)
        return connection.recv(4) == MQTT_ACCEPTED


def expect(condition: object, complaint: str) -> None:
    """End with the complaint unless the condition holds."""
    if not condition:
        sys.exit(f"wheel: {complaint}")


def run_hub(programs: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Start the hub of `programs` (a bin folder) on the sample village, look, and end it."""
    config, web_port, broker_port = write_config(folder)
    command = [str(programs / "village-hub"), "run", "--config", str(config)]
    said = folder / "hub.log"
    with said.open("wb") as log:
        hub = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_healthy(hub, web_port)
        status, page = get(web_port, "/")
        expect(status == HTTP_OK and b"<html" in page, f"the phone page answers {status}")
        credentials = folder / "data" / "broker" / "credentials.json"
        expect(broker_accepts(broker_port, credentials), "the embedded broker takes no device")
        expect("mosquitto" not in session_of(hub.pid), "mosquitto runs, although not on the PATH")
        hub.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        code = hub.wait(ENDED_WITHIN_S)
        print(f"wheel: the hub ended with {code}, {time.monotonic() - asked:.2f} s after SIGTERM")
        expect(code == 0, f"the hub ended with {code} on SIGTERM")
        left = list(session_of(hub.pid))
        expect(not left, f"left running: {left}")
    except BaseException:
        print(said.read_text(errors="replace"))
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(hub.pid, signal.SIGKILL)
        hub.wait()


def main() -> None:
    """Build, install, start, look, end."""
    with tempfile.TemporaryDirectory(prefix="village-wheel-") as name:
        folder = Path(name)
        print("wheel: building…", flush=True)
        wheel = build_wheel(folder)
        print("wheel: installing in a clean environment…", flush=True)
        programs = install(wheel, folder)
        home = folder / "home"
        home.mkdir()
        print("wheel: starting the hub, without mosquitto…", flush=True)
        run_hub(programs, home, {"HOME": str(home), "PATH": str(programs)})
    print("wheel: all is well")


if __name__ == "__main__":
    main()
