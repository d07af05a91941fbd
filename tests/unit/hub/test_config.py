"""config.yaml: what is accepted, and how a mistake is named."""

from pathlib import Path

import pytest
import yaml

from hub.config import load
from hub.errors import ConfigError

ROOT = Path(__file__).parents[3]
VILLAGE = {"name": "Thôn Đông", "latitude": 21.3, "longitude": 105.4}


def written(folder: Path, content: object) -> Path:
    file = folder / "config.yaml"
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return file


def mistake(folder: Path, content: object) -> ConfigError:
    file = written(folder, content)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(file) in caught.value.detail
    return caught.value


def test_the_sample_village_has_what_the_readme_says() -> None:
    begin = load(ROOT / "config.yaml").begin
    kinds = [device.kind for device in begin.devices]
    assert kinds.count("light") == 24
    assert kinds.count("loudspeaker") == 4
    assert kinds.count("access_point") == 1
    assert len(begin.cameras) == 2
    assert len({device.zone for device in begin.devices if device.kind == "light"}) == 3


def test_a_village_alone_is_enough(tmp_path: Path) -> None:
    settings = load(written(tmp_path, {"village": VILLAGE}))
    assert settings.server.port == 8080
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path / 'data' / 'hub.sqlite'}"


def test_a_typing_mistake_in_a_key_is_named(tmp_path: Path) -> None:
    error = mistake(tmp_path, {"village": {**VILLAGE, "lattitude": 3}})
    assert error.context["key"] == "village.lattitude"


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    error = mistake(tmp_path, {"village": {"name": "Thôn Đông", "latitude": 21.3}})
    assert error.context["key"] == "village.longitude"


@pytest.mark.parametrize(
    ("content", "key", "expected"),
    [
        ({"village": {**VILLAGE, "latitude": 121}}, "village.latitude", "less than or equal to 90"),
        ({"village": {**VILLAGE, "timezone": "Asia/Hanoi"}}, "village.timezone", "time zone"),
        ({"village": VILLAGE, "server": {"port": "eighty"}}, "server.port", "integer"),
        ({"village": VILLAGE, "server": {"port": 0}}, "server.port", "greater"),
        ({"village": VILLAGE, "server": {"host": "hub.local"}}, "server.host", "IP address"),
        ({"village": VILLAGE, "server": {"address": "hub.vn/x"}}, "server.address", "https://"),
        ({"village": {**VILLAGE, "head_phone": "gọi"}}, "village.head_phone", "telephone number"),
        ({"village": VILLAGE, "broker": {"mode": "mosquito"}}, "broker.mode", "mosquitto"),
        (
            {
                "village": VILLAGE,
                "begin": {"cameras": [{"name": "x", "url": "file:///etc/passwd"}]},
            },
            "begin.cameras.0.url",
            "rtsp://",
        ),
        (
            {"village": VILLAGE, "begin": {"cameras": [{"name": "x", "url": "http://10.0.0.1/"}]}},
            "begin.cameras.0.url",
            "rtsp://",
        ),
        (
            {"village": VILLAGE, "begin": {"zones": [{"name": "Ngõ 1"}, {"name": "Ngõ 1"}]}},
            "begin",
            "each zone once",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    tmp_path: Path, content: object, key: str, expected: str
) -> None:
    error = mistake(tmp_path, content)
    assert error.context["key"] == key
    assert expected in error.detail


def test_a_device_in_a_zone_that_is_none_is_named(tmp_path: Path) -> None:
    device = {
        "driver": "tasmota",
        "address": "A0B1C2D3E4F5/1",
        "kind": "light",
        "name": "Cột 1",
        "zone": "Ngõ 9",
    }
    error = mistake(tmp_path, {"village": VILLAGE, "begin": {"devices": [device]}})
    assert "Ngõ 9" in error.detail


@pytest.mark.parametrize(
    "text", ["", "just words", "a: [", "\t- x", "? {a: b}: c\n  - d", "- 1\n- 2"]
)
def test_what_is_no_configuration_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    assert len(mistake(tmp_path, text).detail.splitlines()) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="readable file"):
        load(tmp_path / "nothing.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(file)


def test_a_camera_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    camera = {"name": "x", "url": "rtsp://admin:geheim@10.0.0.1/"}
    error = mistake(tmp_path, {"village": VILLAGE, "begin": {"cameras": [camera]}})
    assert "password_file" in error.detail
    assert "geheim" not in error.detail


def test_password_files_are_reckoned_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    camera = {"name": "x", "url": "rtsp://10.0.0.1/", "username": "u", "password_file": "secret"}
    settings = load(written(tmp_path, {"village": VILLAGE, "begin": {"cameras": [camera]}}))
    assert settings.begin.cameras[0].password_file == tmp_path / "secret"


def test_localhost_is_this_computer(tmp_path: Path) -> None:
    settings = load(written(tmp_path, {"village": VILLAGE, "server": {"host": "localhost"}}))
    assert settings.server.host == "127.0.0.1"
