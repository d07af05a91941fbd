"""One village that runs for the whole folder, for tests that need no village of their own."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.integration.hub.relays import Relay, adopt
from tests.villages import Hub, Json, Simulator, by_name, running, sample_config, wait_until

_MACS = itertools.count(0xC0FFEE000001)


@dataclass(slots=True)
class Village:
    """The sample village with its simulated devices, and who is signed in."""

    hub: Hub
    simulator: Simulator
    head: httpx.Client
    resident: httpx.Client
    phones: list[httpx.Client] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def get(self, path: str) -> Json:
        answer = self.head.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, /, **body: Json) -> Json:
        answer = self.head.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def device(self, name: str) -> Json:
        return by_name(self.get("/devices")["items"], name)

    def zone(self, name: str) -> str:
        return str(by_name(self.get("/zones")["items"], name)["id"])

    def new_zone(self, name: str) -> str:
        return str(self.post("/zones", 201, name=name)["id"])

    def new_code(self, role: str = "head") -> str:
        """A code from the head's own page."""
        code = self.post("/sign-in-codes", 201, role=role)["link"].partition("#sign-in=")[2]
        self.secrets.append(code)
        return str(code)

    def phone(self, role: str = "head") -> httpx.Client:
        """Another phone."""
        phone = self.hub.sign_in(self.new_code(role))
        self.phones.append(phone)
        self.secrets += [cookie.value or "" for cookie in phone.cookies.jar]
        return phone

    def relay(self, channels: int = 1, full_topic: str = "%prefix%/%topic%/") -> Relay:
        """A box that nobody knows yet; not started."""
        login = self.hub.broker_login()
        return Relay(login, f"{next(_MACS):012X}", channels, full_topic=full_topic)

    def adopt(self, relay: Relay, zone: str, name: str, channel: int = 1) -> str:
        """Take one channel of a running box into the village."""
        address = relay.address(channel)
        return adopt(self.head, zone, "tasmota", "light", address, name, wait_until)

    def until(
        self, path: str, wanted: Callable[[Json], object], what: str, within_s: float = 10
    ) -> Json:
        """Ask until the answer is wanted."""
        return wait_until(
            lambda: next((b for b in [self.get(path)] if wanted(b)), None), what, within_s
        )

    def leaked(self) -> list[str]:
        """What of all secrets stands in the logs, in whole or in any encoding of an address."""
        kept = json.loads((self.hub.data / "broker" / "credentials.json").read_text())
        known = [*self.secrets, kept["hub"]["password"], kept["device"]["password"]]
        known += [cookie.value or "" for phone in self.phones for cookie in phone.cookies.jar]
        with closing(sqlite3.connect(f"file:{self.hub.data}/hub.sqlite?mode=ro", uri=True)) as base:
            known += [
                row[0] for row in base.execute("select value from facts where key like '%key'")
            ]
            known += [row[0] for row in base.execute("select token_hash from sessions")]
            known += [
                row[0]
                for row in base.execute("select password from cameras where password is not null")
            ]
        said = self.hub.log.read_text() + self.simulator.log.read_text()
        return [
            secret for secret in known if secret and (secret in said or quote(secret, "") in said)
        ]


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """Shared: a test makes devices, zones and phones of its own, and leaves the others alone."""
    config = sample_config(tmp_path_factory.mktemp("village"))
    hub = Hub(config)
    simulator = Simulator(config, "--new-light-after", "0", obeys=True)
    with running(hub, simulator):
        hub.wait_ready()
        head = hub.sign_in(hub.link_code())
        made = Village(hub, simulator, head, head)
        made.resident = made.phone("resident")
        made.phones.append(head)
        made.until(
            "/devices",
            lambda found: all(
                d["availability"] == "online" and not d["state"]["stale"] for d in found["items"]
            ),
            "all simulated devices are heard",
            30,
        )
        yield made
        leaked = made.leaked()
        alive = hub.process.poll() is None
        for phone in made.phones:
            phone.close()
        assert alive, hub.said()[-3000:]
        assert hub.stop() == 0
        assert simulator.stop() == 0
    assert not leaked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for one village."""
    return tmp_path
