import json
import os
import stat
from pathlib import Path

import pytest

from hub.broker_files import (
    CREDENTIALS,
    BrokerUser,
    keep_credentials,
    password_line,
    write_embedded,
    write_mosquitto,
    write_private,
)
from hub.errors import ConfigError


def test_passwords_are_made_once_and_kept(tmp_path: Path) -> None:
    first = keep_credentials(tmp_path, "127.0.0.1", 1883)
    second = keep_credentials(tmp_path, "127.0.0.1", 1884)
    assert second == first
    assert len({user.password for user in first.users}) == 2
    assert all(len(user.password) >= 32 for user in first.users)
    content = json.loads((tmp_path / CREDENTIALS).read_text())
    assert content["port"] == 1884
    assert content["device"] == {
        "username": "village-device",
        "password": first.device.password,
    }


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"hub": 1, "device": 2}',
        b'{"hub": {"password": ""}, "device": {"password": "x"}}',
    ],
)
def test_damaged_credentials_are_never_replaced_in_silence(tmp_path: Path, damaged: bytes) -> None:
    file = tmp_path / CREDENTIALS
    file.write_bytes(damaged)
    with pytest.raises(ConfigError) as raised:
        keep_credentials(tmp_path, "127.0.0.1", 1883)
    assert raised.value.context["file"] == str(file)
    assert file.read_bytes() == damaged


def test_a_password_line_has_mosquittos_form() -> None:
    line = password_line(BrokerUser("lamp", "ánh sáng", ()), salt=b"twelve bytes")
    name, hashed = line.rstrip("\n").split(":")
    _, kind, rounds, salt, key = hashed.split("$")
    assert (name, kind, rounds, salt) == ("lamp", "7", "101", "dHdlbHZlIGJ5dGVz")
    assert len(key) == 88


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    file = tmp_path / "broker" / "passwords"
    old = os.umask(0)
    try:
        write_private(file, "one")
        write_private(file, "hai")
    finally:
        os.umask(old)
    assert file.read_text() == "hai"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_no_password_stands_in_mosquittos_files(tmp_path: Path) -> None:
    kept = keep_credentials(tmp_path, "127.0.0.1", 1883)
    conf = write_mosquitto(tmp_path, "127.0.0.1", 1883, kept.users)
    for file in tmp_path.iterdir():
        if file.name != CREDENTIALS:
            text = file.read_text()
            assert not any(user.password in text for user in kept.users), file
    lines = conf.read_text().splitlines()
    assert "allow_anonymous false" in lines
    assert "listener 1883 127.0.0.1" in lines
    assert not any(line.startswith("autosave_on_changes") for line in lines)


def test_the_embedded_broker_listens_where_it_is_told(tmp_path: Path) -> None:
    kept = keep_credentials(tmp_path, "127.0.0.1", 1883)
    toml = write_embedded(tmp_path, "127.0.0.1", 1883, kept.users).read_text()
    assert 'listen = "127.0.0.1:1883"' in toml
    assert "0.0.0.0" not in toml


def test_a_user_shows_no_password_in_its_representation(tmp_path: Path) -> None:
    kept = keep_credentials(tmp_path, "127.0.0.1", 1883)
    assert kept.hub.password not in repr(kept)
