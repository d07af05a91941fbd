"""A machine without Mosquitto: the hub brings its own broker, and the village works."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import psutil

from tests.villages import Hub, Simulator, by_name, running, sample_config, wait_until


def path_without_mosquitto(folder: Path) -> str:
    """The PATH of this machine, with a folder of links in place of each that holds mosquitto."""
    kept = []
    for number, place in enumerate(os.environ["PATH"].split(os.pathsep)):
        if not Path(place, "mosquitto").exists():
            kept.append(place)
            continue
        stand_in = folder / f"bin{number}"
        stand_in.mkdir()
        for program in Path(place).iterdir():
            if not program.name.startswith("mosquitto"):
                (stand_in / program.name).symlink_to(program)
        kept.append(str(stand_in))
    return os.pathsep.join(kept)


def test_without_mosquitto_people_sign_in_switch_and_are_heard(folder: Path) -> None:
    path = path_without_mosquitto(folder)
    assert shutil.which("mosquitto", path=path) is None
    config = sample_config(folder)
    hub = Hub(config, PATH=path)
    simulator = Simulator(config, "--new-light-after", "0")
    with running(hub, simulator):
        hub.wait_ready()
        assert "kind=embedded" in hub.said()
        broker = psutil.Process(hub.broker_pid())
        heard_on = {c.laddr.ip for c in broker.net_connections() if c.status == "LISTEN"}
        assert heard_on == {"127.0.0.1"}
        with closing(hub.sign_in(hub.link_code())) as phone:

            def devices() -> list[dict[str, object]]:
                items: list[dict[str, object]] = phone.get("/api/v1/devices").json()["items"]
                return items

            wait_until(
                lambda: all(d["availability"] == "online" for d in devices()),
                "all devices are there",
                30,
            )
            light = by_name(devices(), "Cột 1")["id"]
            answer = phone.post(f"/api/v1/devices/{light}/commands", json={"turn": "on"})
            assert answer.status_code == 200, answer.text
            road = by_name(phone.get("/api/v1/zones").json()["items"], "Đường Đình")["id"]
            answer = phone.post(f"/api/v1/zones/{road}/commands", json={"turn": "on"})
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["confirmed"]) == 8

            sent = {"text": "Alo", "zones": [road]}
            announcement = phone.post("/api/v1/announcements", json=sent).json()["id"]
            played = wait_until(
                lambda: next(
                    (
                        a
                        for a in [phone.get(f"/api/v1/announcements/{announcement}").json()]
                        if a["state"] not in ("preparing", "queued", "playing")
                    ),
                    None,
                ),
                "the announcement has an end",
                40,
            )
            assert [d["state"] for d in played["deliveries"]] == ["played"]
        assert hub.stop() == 0
        assert not broker.is_running()
        assert simulator.stop() == 0
