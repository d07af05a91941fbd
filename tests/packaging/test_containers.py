"""Dockerfile and compose.yaml, parsed: no container engine is needed to see what they would do."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from hub import broker_files
from hub.config import load

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = {
    *("FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
}


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of the Dockerfile, by stage."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, lines):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, rest.strip()))
    return found


def last_of(instruction: str) -> str:
    return [rest for name, rest in stages()[-1] if name == instruction][-1]


def test_the_dockerfile_knows_every_instruction_it_uses() -> None:
    assert {name for stage in stages() for name, _ in stage} <= INSTRUCTIONS


def test_the_image_takes_the_steps_of_install() -> None:
    build, _ = stages()
    runs = [rest for name, rest in build if name == "RUN"]
    assert runs[1:] == ["deploy/install.sh libraries", "deploy/install.sh programs"]


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    allowed = (ROOT / ".dockerignore").read_text()
    sources = [
        shlex.split(rest)[0].rstrip("/")
        for name, rest in stages()[0]
        if name == "COPY" and not rest.startswith(". ")
    ]
    assert sources == ["requirements", "deploy/install.sh"]
    assert all((ROOT / source).exists() for source in sources)
    assert "!deploy/install.sh" in allowed
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"web"}
    needed = packages - {"tests", "benchmarks", "scripts"}
    assert {f"!{name}/" for name in needed} <= set(allowed.splitlines())


def test_the_image_runs_the_hub_as_an_ordinary_user() -> None:
    _, final = stages()
    names = [name for name, _ in final]
    assert last_of("USER") == "village-hub"
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
    assert json.loads(last_of("ENTRYPOINT"))[-1] == "village-hub"
    assert json.loads(last_of("CMD")) == ["run", "--config", "/etc/village-hub/config.yaml"]


def test_the_health_check_asks_the_health_route_and_is_python() -> None:
    check = last_of("HEALTHCHECK")
    program, option, code = json.loads(check.partition("CMD ")[2])
    assert (program, option) == ("/opt/village-hub/bin/python", "-c")
    assert "http://127.0.0.1:8080/api/v1/health" in code
    compile(code, "HEALTHCHECK", "exec")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Service(_Strict):
    image: Annotated[str, Field(pattern=r"^[a-z-]+:[0-9][0-9a-z.-]+$")]
    build: str | None = None
    restart: Literal["unless-stopped"]
    read_only: Literal[True]
    cap_drop: list[Literal["ALL"]]
    cap_add: list[Literal["NET_BIND_SERVICE"]] = []
    security_opt: list[Literal["no-new-privileges:true"]]
    logging: dict[str, Any]
    depends_on: list[str] | dict[str, dict[str, str]] = []
    environment: dict[str, str] = {}
    user: str | None = None
    entrypoint: list[str] = []
    volumes: list[str]
    secrets: list[str] = []
    tmpfs: list[str] = []
    ports: list[str] = []
    pids_limit: int
    mem_limit: str
    healthcheck: dict[str, Any] = {}
    networks: list[str] | dict[str, dict[str, str]]


class _Compose(BaseModel):
    name: str
    services: dict[str, _Service]
    networks: dict[str, dict[str, Any]]
    volumes: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, str]]


@pytest.fixture
def compose() -> _Compose:
    return _Compose.model_validate(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def test_compose_runs_hub_broker_and_tls(compose: _Compose) -> None:
    assert set(compose.services) == {"hub", "mosquitto", "caddy"}
    assert compose.services["hub"].build == "."
    for service in compose.services.values():
        assert service.cap_drop == ["ALL"]
        assert service.security_opt == ["no-new-privileges:true"]


def test_only_broker_and_https_are_open_to_the_village(compose: _Compose) -> None:
    ports = {name: service.ports for name, service in compose.services.items()}
    assert ports == {
        "hub": [],
        "mosquitto": ["1883:1883"],
        "caddy": ["80:80", "443:443", "443:443/udp"],
    }


def test_everything_that_compose_names_is_declared_or_stands_in_the_tree(compose: _Compose) -> None:
    made_by_prepare = {"./deploy/compose/config.yaml"}
    for service in compose.services.values():
        assert set(service.networks) <= set(compose.networks)
        assert set(service.secrets) <= set(compose.secrets)
        assert set(service.depends_on) <= set(compose.services)
        for volume in service.volumes:
            source, _, rest = volume.partition(":")
            if not source.startswith("."):
                assert source in compose.volumes
            else:
                assert rest.endswith(":ro")
                assert source in made_by_prepare or (ROOT / source).is_file()


def test_secrets_and_the_configuration_with_addresses_stay_out_of_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/deploy/compose/secrets/", "/deploy/compose/config.yaml", ".env"} <= set(ignored)


def test_prepare_makes_a_configuration_that_the_hub_takes(
    tmp_path: Path, compose: _Compose
) -> None:
    environment = {"COMPOSE_ROOT": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [str(DEPLOY / "compose" / "prepare"), "thon-dong.example.vn"]
    for _ in range(2):  # the second time changes nothing
        subprocess.run(command, env=environment, check=True, capture_output=True)
    settings = load(tmp_path / "deploy/compose/config.yaml")
    assert settings.server.address == "https://thon-dong.example.vn"
    assert settings.broker.mode == "external"
    assert settings.broker.username == broker_files.HUB
    assert str(settings.broker.password_file) == "/run/secrets/broker-hub"
    assert str(settings.data) == "/var/lib/village-hub"
    neighbours = compose.services["caddy"].networks
    assert isinstance(neighbours, dict)
    assert settings.server.trusted_proxies == (neighbours["inside"]["ipv4_address"],)
    assert "VILLAGE_ADDRESS=thon-dong.example.vn" in (tmp_path / ".env").read_text().splitlines()


def test_prepare_makes_a_different_password_for_hub_and_devices(tmp_path: Path) -> None:
    environment = {"COMPOSE_ROOT": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [str(DEPLOY / "compose" / "prepare"), "thon-dong.example.vn"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    folder = tmp_path / "deploy/compose/secrets"
    passwords = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(passwords) == {"broker-hub", "broker-device"}
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords.values())
    assert len(set(passwords.values())) == len(passwords)
    assert folder.stat().st_mode & 0o077 == 0


def test_caddy_passes_everything_to_the_hub_without_holding_it_back() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    assert text.count("{") == text.count("}")
    assert re.search(r"^\{\$VILLAGE_ADDRESS\} \{$", text, re.MULTILINE)
    assert "reverse_proxy hub:8080" in text
    assert "flush_interval -1" in text
