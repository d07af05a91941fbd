"""The end of the hub: at once, with everybody still connected, and nothing left behind."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.integration.hub.streams import EventStream
from tests.rtsp_origin import RtspOrigin
from tests.villages import (
    ROOT,
    Hub,
    free_port,
    running,
    wait_until,
    write_config,
)

# The aim is 1 s; the rest is for a machine that does other things besides.
STOP_WITHIN_S = 15.0


def greedy_viewer(phone_cookie: str, port: int, path: str) -> socket.socket:
    """Somebody who asks for pictures and never reads one."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect(("127.0.0.1", port))
    viewer.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: village_session={phone_cookie}\r\n\r\n".encode()
    )
    return viewer


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_stops_at_once_with_phones_connected_and_a_camera_hanging(
    folder: Path, with_signal: signal.Signals
) -> None:
    config = write_config(folder)
    hub = Hub(config)
    with running(hub), RtspOrigin() as good, RtspOrigin() as bad, ExitStack() as open_ones:
        hub.wait_ready()
        phone = hub.sign_in(hub.link_code())
        open_ones.callback(phone.close)
        cameras = [
            phone.post("/api/v1/cameras", json={"name": name, "url": url}).json()
            for name, url in (("Cổng bắc", good.url), ("Cổng nam", bad.url))
        ]
        streams = [open_ones.enter_context(EventStream(phone)) for _ in range(20)]
        for camera in cameras:
            watching = open_ones.enter_context(EventStream(phone, camera["stream"]))
            wait_until(lambda w=watching: w.bytes > 10_000, "pictures come")  # type: ignore[misc]
        token = phone.cookies["village_session"]
        viewer = greedy_viewer(token, hub.port, cameras[0]["stream"])
        open_ones.callback(viewer.close)
        bad.hang()
        for stream in streams:
            stream.wait("snapshot")
        children = hub.children()
        assert len(children) >= 3, "a broker and two workers"

        began = time.monotonic()
        code = hub.stop(with_signal)
        took_s = time.monotonic() - began
        said = f"{with_signal.name} took {took_s:.2f} s with 20 phones, 3 viewers, 1 hanging camera"

        assert code == 0, hub.said()[-2000:]
        assert took_s < STOP_WITHIN_S, said
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, [child.cmdline() for child in alive]
        for port in (hub.port, hub.broker_port):
            with socket.create_server(("127.0.0.1", port)):
                pass  # it can be had again
        assert all(stream.ended.wait(5) for stream in streams)
        assert "Traceback" not in hub.said()
        bad.resume()


def test_a_killed_hub_leaves_no_broker_and_no_worker_behind(folder: Path) -> None:
    hub = Hub(write_config(folder))
    with running(hub), RtspOrigin() as origin:
        hub.wait_ready()
        phone = hub.sign_in(hub.link_code())
        url = origin.url
        camera = phone.post("/api/v1/cameras", json={"name": "Cổng", "url": url}).json()
        with EventStream(phone, camera["stream"]) as pictures:
            wait_until(lambda: pictures.bytes > 10_000, "pictures come")
            children = hub.children()
            assert len(children) >= 2
            hub.kill()
            _, alive = psutil.wait_procs(children, timeout=8)
            assert not alive, [child.cmdline() for child in alive]
        phone.close()


def run_again(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.app.cli", "run", "--config", str(config)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def test_a_second_hub_on_the_same_data_refuses_and_says_why(folder: Path) -> None:
    config = write_config(folder)
    hub = Hub(config)
    with running(hub):
        hub.wait_ready()
        other = folder / "other"
        other.mkdir()
        second = run_again(write_config(other, data=str(hub.data)))
        assert second.returncode not in (0, None)
        assert "Another hub runs on" in second.stderr
        assert "Traceback" not in second.stderr
        assert hub.process.poll() is None
        with hub.stranger() as phone:
            assert phone.get("/api/v1/health").status_code == 200
        assert hub.stop() == 0


@pytest.mark.parametrize(("part", "key"), [("server", "server.port"), ("broker", "broker.port")])
def test_a_taken_port_gives_one_line_that_names_the_key(folder: Path, part: str, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        extra = {"mode": "mosquitto"} if part == "broker" else {}
        config = write_config(folder, **{part: {"host": "127.0.0.1", "port": port, **extra}})
        ended = run_again(config)
    assert ended.returncode == 2, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("timestamp=")]
    assert len(lines) == 1, ended.stderr
    assert key in lines[0]
    assert str(port) in lines[0]
    assert str(config) in lines[0]
    assert "free" in lines[0]
    assert "Traceback" not in ended.stderr


def test_it_stops_while_it_still_starts(folder: Path) -> None:
    hub = Hub(write_config(folder))
    with running(hub):
        wait_until((hub.data / "hub.sqlite").exists, "it has begun")
        hub.process.send_signal(signal.SIGTERM)
        code = hub.ended(15)
        assert code in (0, -signal.SIGTERM)
        assert not hub.children()
    again = Hub(write_config(folder, server={"host": "127.0.0.1", "port": free_port()}))
    with running(again):
        again.wait_ready()
        again.link_code()
        assert again.stop() == 0
