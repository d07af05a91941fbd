import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import pytest

from tests.brokers import Mosquitto

ROOT = Path(__file__).resolve().parents[3]
WAIT_S = 15.0
ONE, FOUR = "A0B1C2D3E001", "A0B1C2D3E0F0"
CONFIG = """
data: data
begin:
  devices:
    - {{driver: tasmota, address: A0B1C2D3E001/1, kind: light, name: Cột 1, zone: Ngõ 1}}
    - {{driver: tasmota, address: A0B1C2D3E0F0/1, kind: light, name: Cột 2, zone: Ngõ 1}}
    - {{driver: tasmota, address: A0B1C2D3E0F0/4, kind: light, name: Cột 5, zone: Ngõ 1}}
    - {{driver: loudspeaker, address: loa-1, kind: loudspeaker, name: Loa 1, zone: Ngõ 1}}
    - {{driver: access_point, address: nha, kind: access_point, name: Wifi, zone: Ngõ 1}}
  cameras:
    - {{name: Cổng, url: "rtsp://127.0.0.1:{rtsp_port}/cong", zone: Ngõ 1}}
    - {{name: Khóa, url: "rtsp://xem:m%40t@127.0.0.1:{rtsp_port}/khoa", zone: Ngõ 1}}
"""

COUNT_FRAMES = """
import json, os, sys
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
import cv2
from simulator import frame_number
video = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
numbers = []
while len(numbers) < int(sys.argv[2]):
    ok, picture = video.read()
    if not ok:
        break
    numbers.append(frame_number.read(picture))
print(json.dumps(numbers))
"""


class SimulatorProcess:
    def __init__(self, folder: Path, rtsp_port: int) -> None:
        self.data = folder / "data"
        self.rtsp_port = rtsp_port
        (folder / "config.yaml").write_text(CONFIG.format(rtsp_port=rtsp_port), "utf-8")
        self._arguments = [sys.executable, "-m", "simulator"]
        self._arguments += ["--config", str(folder / "config.yaml"), "--new-light-after", "0"]
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *more: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self._arguments,
            *more,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )

    def tell_broker(self, port: int) -> None:
        (self.data / "broker").mkdir(parents=True, exist_ok=True)
        device = {"username": "device", "password": "any"}
        content = {"host": "127.0.0.1", "port": port, "hub": device, "device": device}
        (self.data / "broker" / "credentials.json").write_text(json.dumps(content))

    async def do(self, verb: str, **wish: object) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": verb, **wish}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(
            await asyncio.wait_for(self.process.stdout.readline(), WAIT_S)
        )
        return answer

    async def up(self) -> None:
        """Any line is answered only when the village is up."""
        assert not (await self.do("fly"))["ok"]

    async def end(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 5.0)


class Ear:
    """Hears everything on the broker, and remembers it in order."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._news = asyncio.Condition()
        self.heard: list[tuple[str, bytes, bool]] = []

    async def listen(self) -> None:
        async for message in self._client.messages:
            async with self._news:
                self.heard.append((message.topic.value, message.payload, message.retain))
                self._news.notify_all()

    async def say(self, topic: str, payload: str = "", *, retain: bool = False) -> None:
        await self._client.publish(topic, payload, qos=1, retain=retain)

    async def until(self, topic: str, wanted: Callable[[bytes], bool] = lambda _: True) -> bytes:
        def found() -> bytes | None:
            hits = [p for t, p, _ in self.heard if t == topic and wanted(p)]
            return hits[-1] if hits else None

        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: found() is not None)
            payload = found()
            assert payload is not None
            return payload

    def forget(self) -> None:
        self.heard.clear()


@pytest.fixture
async def ear(mosquitto: Mosquitto) -> AsyncIterator[Ear]:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        ear = Ear(client)
        await client.subscribe("#", qos=1)
        listening = asyncio.create_task(ear.listen())
        yield ear
        listening.cancel()


@pytest.fixture
async def simulator(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[SimulatorProcess]:
    simulator = SimulatorProcess(tmp_path, unused_tcp_port)
    await simulator.start()
    yield simulator
    assert simulator.process is not None
    if simulator.process.returncode is None:
        simulator.process.kill()
        await simulator.process.wait()


@pytest.fixture
async def village(simulator: SimulatorProcess, mosquitto: Mosquitto, ear: Ear) -> SimulatorProcess:
    simulator.tell_broker(mosquitto.port)
    await ear.until(f"tasmota/discovery/{ONE}/config")
    await ear.until(f"tasmota/discovery/{FOUR}/config")
    return simulator


async def test_relays_are_discovered_and_confirm_by_two_replies_in_order(
    village: SimulatorProcess, ear: Ear
) -> None:
    config = json.loads(await ear.until(f"tasmota/discovery/{FOUR}/config"))
    assert config["rl"][:4] == [1, 1, 1, 1]
    assert await ear.until("tele/tasmota_D3E001/LWT") == b"Online"
    ear.forget()
    await ear.say("cmnd/tasmota_D3E001/POWER", "ON")
    await ear.until("stat/tasmota_D3E001/POWER", lambda p: p == b"ON")
    await ear.say("cmnd/tasmota_D3E0F0/POWER3", "ON")
    await ear.until("stat/tasmota_D3E0F0/POWER3", lambda p: p == b"ON")
    said = [(topic, payload) for topic, payload, _ in ear.heard if topic.startswith("stat/")]
    assert said[:2] == [
        ("stat/tasmota_D3E001/RESULT", b'{"POWER":"ON"}'),
        ("stat/tasmota_D3E001/POWER", b"ON"),
    ]
    sensor = await ear.until("tele/tasmota_D3E001/SENSOR", lambda p: b'"Power":0' not in p)
    assert json.loads(sensor)["ENERGY"]["Power"] > 60


async def test_a_relay_can_be_silent_late_pressed_cut_off_and_returned(
    village: SimulatorProcess, ear: Ear
) -> None:
    ear.forget()
    assert (await village.do("silence", address=f"{ONE}/1"))["ok"]
    await ear.say("cmnd/tasmota_D3E001/POWER", "ON")
    await ear.say("cmnd/tasmota_D3E0F0/POWER2", "ON")
    await ear.until("stat/tasmota_D3E0F0/POWER2")
    assert not [topic for topic, _, _ in ear.heard if topic == "stat/tasmota_D3E001/RESULT"]
    assert (await village.do("speak", address=f"{ONE}/1"))["ok"]
    assert (await village.do("press", address=f"{ONE}/1"))["ok"]
    await ear.until("stat/tasmota_D3E001/POWER", lambda p: p == b"OFF")
    assert (await village.do("late", address=f"{ONE}/1", seconds=0.4))["ok"]
    began = time.monotonic()
    await ear.say("cmnd/tasmota_D3E001/POWER", "ON")
    await ear.until("stat/tasmota_D3E001/POWER", lambda p: p == b"ON")
    assert time.monotonic() - began >= 0.4
    assert (await village.do("drop", address=f"{ONE}/1"))["ok"]
    await ear.until("tele/tasmota_D3E001/LWT", lambda p: p == b"Offline")
    ear.forget()
    assert (await village.do("return", address=f"{ONE}/1"))["ok"]
    await ear.until("tele/tasmota_D3E001/INFO3")
    await ear.until("tele/tasmota_D3E001/LWT", lambda p: p == b"Online")


async def test_a_new_relay_appears_and_junk_is_published(
    village: SimulatorProcess, ear: Ear
) -> None:
    assert (await village.do("appear", mac="A0B1C2D3EABC"))["ok"]
    await ear.until("tasmota/discovery/A0B1C2D3EABC/config")
    assert (await village.do("junk", topic="stat/tasmota_D3E001/RESULT"))["ok"]
    await ear.until("stat/tasmota_D3E001/RESULT", lambda p: len(p) == 1_000_000)
    assert not (await village.do("fly"))["ok"]
    assert not (await village.do("press", address="nobody/1"))["ok"]


async def test_the_access_point_switches_its_guest_network_and_refuses_repeats(
    village: SimulatorProcess, ear: Ear
) -> None:
    await ear.until("village/access-point/nha/status", lambda p: p == b"online")
    wish = {"id": "w1", "op": "guest", "turn": "off", "not_after": "2999-01-01T00:00:00+07:00"}
    await ear.say("village/access-point/nha/set", json.dumps(wish))
    await ear.until("village/access-point/nha/ack", lambda p: json.loads(p)["status"] == "done")
    state = await ear.until("village/access-point/nha/state", lambda p: b'"on": false' in p)
    assert json.loads(state)["guest"]["stations"] == 0
    await ear.say("village/access-point/nha/set", json.dumps(wish))
    ack = await ear.until("village/access-point/nha/ack", lambda p: b"rejected" in p)
    assert json.loads(ack)["reason"] == "repeated"
    await ear.say("village/access-point/nha/set", json.dumps({**wish, "id": "w2", "turn": 1}))
    await ear.until("village/access-point/nha/ack", lambda p: b"malformed" in p)


async def test_a_loudspeaker_stands_in_the_village_and_can_be_silent_or_cut_off(
    village: SimulatorProcess, ear: Ear
) -> None:
    await ear.until("village/loudspeaker/loa-1/status", lambda p: p == b"online")
    await ear.say("village/loudspeaker/loa-1/set", '{"id":"q","op":"state"}')
    await ear.until("village/loudspeaker/loa-1/ack", lambda p: json.loads(p)["id"] == "q")
    ear.forget()
    assert (await village.do("drop", address="loa-1"))["ok"]
    await ear.until("village/loudspeaker/loa-1/status", lambda p: p == b"offline")
    assert (await village.do("return", address="loa-1"))["ok"]
    await ear.until("village/loudspeaker/loa-1/status", lambda p: p == b"online")
    ear.forget()
    assert (await village.do("silence", address="loa-1"))["ok"]
    await ear.until("village/loudspeaker/loa-1/status", lambda p: p == b"online")
    await ear.say("village/loudspeaker/loa-1/set", '{"id":"r","op":"state"}')
    await ear.say("cmnd/tasmota_D3E001/POWER", "ON")
    await ear.until("stat/tasmota_D3E001/POWER")
    assert "village/loudspeaker/loa-1/ack" not in [topic for topic, _, _ in ear.heard]


async def test_many_lights_answer_over_few_connections(village: SimulatorProcess, ear: Ear) -> None:
    assert (await village.do("lights", count=120, connections=3))["ok"]
    for number in (0, 60, 119):
        topic = f"tasmota_{number:06X}"
        await ear.say(f"cmnd/{topic}/POWER", "ON")
        await ear.until(f"stat/{topic}/POWER", lambda p: p == b"ON")


async def test_devices_come_back_soon_after_the_broker(
    village: SimulatorProcess, ear: Ear, mosquitto: Mosquitto
) -> None:
    mosquitto.kill()
    mosquitto.start()
    async with asyncio.timeout(WAIT_S):
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
                    await client.subscribe("tele/+/LWT", qos=1)
                    online = set()
                    async for message in client.messages:
                        online.add(message.topic.value)
                        if len(online) == 2:
                            return


async def test_it_ends_at_once_and_the_broker_says_that_all_is_gone(
    village: SimulatorProcess, ear: Ear
) -> None:
    assert await village.end() == 0
    for topic in ("tele/tasmota_D3E001/LWT", "tele/tasmota_D3E0F0/LWT"):
        await ear.until(topic, lambda p: p == b"Offline")
    await ear.until("village/loudspeaker/loa-1/status", lambda p: p == b"offline")
    await ear.until("village/access-point/nha/status", lambda p: p == b"offline")


async def test_it_ends_at_once_while_it_waits_for_the_hub(simulator: SimulatorProcess) -> None:
    await simulator.up()
    assert await simulator.end() == 0


async def test_the_numbers_of_the_frames_rise_for_opencv(simulator: SimulatorProcess) -> None:
    url = f"rtsp://127.0.0.1:{simulator.rtsp_port}/cong"
    await simulator.up()
    numbers = await frames(url, 30)
    assert len(numbers) == 30
    assert None not in numbers
    steps = {(after - before) % 120 for before, after in itertools.pairwise(numbers)}
    # A busy machine leaves frames out; none comes twice or late.
    assert all(1 <= step < 60 for step in steps)


async def test_a_camera_with_a_password_asks_for_it(simulator: SimulatorProcess) -> None:
    await simulator.up()
    base = f"127.0.0.1:{simulator.rtsp_port}/khoa"
    right, wrong, none = await asyncio.gather(
        probe(f"rtsp://xem:m%40t@{base}"), probe(f"rtsp://xem:no@{base}"), probe(f"rtsp://{base}")
    )
    assert right == (0, ["h264,640,360"])
    assert wrong[0] != 0
    assert none[0] != 0


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_basic_and_digest_both_open_a_camera(
    simulator: SimulatorProcess, scheme: str
) -> None:
    await simulator.up()
    url = f"rtsp://127.0.0.1:{simulator.rtsp_port}/khoa"
    status, challenge = await describe(url, "")
    assert status == 401
    assert "Digest" in challenge
    assert "Basic" in challenge
    status, _ = await describe(url, authorization(scheme, url, challenge, "m@t"))
    assert status == 200
    status, _ = await describe(url, authorization(scheme, url, challenge, "no"))
    assert status == 401


async def test_a_hanging_camera_sends_nothing_and_goes_on_when_it_resumes(
    simulator: SimulatorProcess,
) -> None:
    url = f"rtsp://127.0.0.1:{simulator.rtsp_port}/cong"
    assert (await simulator.do("hang", camera="Cổng"))["ok"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(describe(url, ""), 0.5)
    assert (await simulator.do("resume", camera="Cổng"))["ok"]
    assert (await describe(url, ""))[0] == 200
    assert (await simulator.do("drop", address="Cổng"))["ok"]
    with pytest.raises(asyncio.IncompleteReadError):
        await describe(url, "")


async def frames(url: str, count: int) -> list[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        COUNT_FRAMES,
        url,
        str(count),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 40)
    numbers: list[int] = json.loads(out)
    return numbers


async def probe(url: str) -> tuple[int, list[str]]:
    form = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"]
    process = await asyncio.create_subprocess_exec(
        "ffprobe",
        *["-v", "error", "-rtsp_transport", "tcp", *form, url],
        stdout=asyncio.subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode is not None
    return process.returncode, out.decode().split()


async def describe(url: str, header: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    try:
        writer.write(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n{header}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        return int(head.split(" ", 2)[1]), head
    finally:
        writer.close()


def authorization(scheme: str, url: str, challenge: str, password: str) -> str:
    if scheme == "basic":
        return (
            "Authorization: Basic " + base64.b64encode(f"xem:{password}".encode()).decode() + "\r\n"
        )
    realm, nonce = re.findall(r'Digest realm="(\w+)", nonce="(\w+)"', challenge)[0]
    who = _md5(f"xem:{realm}:{password}")
    what = _md5(f"DESCRIBE:{url}")
    response = _md5(f"{who}:{nonce}:{what}")
    fields = f'username="xem", realm="{realm}", nonce="{nonce}", uri="{url}", response="{response}"'
    return f"Authorization: Digest {fields}\r\n"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
