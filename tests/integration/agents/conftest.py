import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest

from tests.brokers import Mosquitto
from tests.integration.agents.wire import (
    AgentProcess,
    Hub,
    MakeMp3,
    SendPlay,
    Sounds,
    StartAgent,
    in_seconds,
    speech_like,
)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def sounds() -> Iterator[Sounds]:
    server = Sounds()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> MakeMp3:
    folder = tmp_path_factory.mktemp("mp3")
    made: dict[tuple[float, float], bytes] = {}

    def make(seconds: float, pulse_s: float = 0.7) -> bytes:
        key = (seconds, pulse_s)
        if key not in made:
            source, target = folder / f"{len(made)}.wav", folder / f"{len(made)}.mp3"
            speech_like(source, seconds, pulse_s, 440)
            form = ["-ar", "24000", "-ac", "1", "-b:a", "48k"]
            subprocess.run(
                ["ffmpeg", "-v", "error", "-i", str(source), *form, str(target)], check=True
            )
            made[key] = target.read_bytes()
        return made[key]

    return make


@pytest.fixture
async def hub(mosquitto: Mosquitto) -> AsyncIterator[Hub]:
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as client:
        hub = Hub(client)
        await client.subscribe("village/#", qos=1)
        listening = asyncio.create_task(hub.listen())
        yield hub
        listening.cancel()


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return tmp_path / "heard.wav"


@pytest.fixture
def start_agent(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[StartAgent]:
    started: list[AgentProcess] = []

    def start(output: str = "null", path: str | None = None) -> AgentProcess:
        agent = AgentProcess(mosquitto.port, tmp_path / "agent", output, path)
        agent.start()
        started.append(agent)
        return agent

    yield start
    for agent in started:
        if agent.process is not None and agent.process.poll() is None:
            agent.kill()


@pytest.fixture
def play(hub: Hub, sounds: Sounds) -> SendPlay:
    async def send(command_id: str, encoded: bytes, **changes: object) -> None:
        sounds.add(f"{command_id}.mp3", encoded)
        command: dict[str, object] = {
            "id": command_id,
            "op": "play",
            "url": sounds.url(f"{command_id}.mp3"),
            "sha256": hashlib.sha256(encoded).hexdigest(),
            "class": "normal",
            "not_after": in_seconds(60),
            "repeat": 1,
        }
        await hub.send(**{**command, **changes})

    return send
