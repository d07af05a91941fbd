import json
from pathlib import Path

import pytest

from simulator.settings import Box, SettingsError, read_credentials, read_village


def write(tmp_path: Path, text: str) -> Path:
    config = tmp_path / "config.yaml"
    config.write_text(text, "utf-8")
    return config


def test_relays_of_one_box_are_gathered(tmp_path: Path) -> None:
    village = read_village(
        write(
            tmp_path,
            """
data: here
begin:
  devices:
    - {driver: tasmota, address: A0B1C2D3E001/1, kind: light, name: Cột 1, zone: Ngõ 1}
    - {driver: tasmota, address: A0B1C2D3E0F0/1, kind: light, name: Cột 2, zone: Ngõ 1}
    - {driver: tasmota, address: A0B1C2D3E0F0/4, kind: light, name: Cột 5, zone: Ngõ 1}
    - {driver: loudspeaker, address: loa-1, kind: loudspeaker, name: Loa, zone: Ngõ 1}
    - {driver: access_point, address: nha, kind: access_point, name: Wifi, zone: Ngõ 1}
  cameras:
    - {name: Cổng, url: "rtsp://127.0.0.1:1/cong"}
""",
        )
    )
    assert village.data == tmp_path / "here"
    assert village.boxes == (Box("A0B1C2D3E001", 1, "Cột 1"), Box("A0B1C2D3E0F0", 4, "Cột 2"))
    assert [speaker.id for speaker in village.loudspeakers] == ["loa-1"]
    assert [point.id for point in village.access_points] == ["nha"]
    assert village.cameras[0].url == "rtsp://127.0.0.1:1/cong"


@pytest.mark.parametrize("text", ["[", "- 1", "begin: {devices: [{driver: tasmota}]}"])
def test_a_file_without_a_village_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"config\.yaml"):
        read_village(write(tmp_path, text))


def test_a_village_without_a_beginning_is_empty(tmp_path: Path) -> None:
    assert read_village(write(tmp_path, "village: {name: Thôn}")).boxes == ()


def test_the_broker_is_where_the_hub_wrote_it(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        read_credentials(tmp_path)
    (tmp_path / "broker").mkdir()
    device = {"username": "device", "password": "x"}
    content = {"host": "127.0.0.1", "port": 18830, "device": device}
    (tmp_path / "broker" / "credentials.json").write_text(json.dumps(content))
    broker = read_credentials(tmp_path)
    assert (broker.host, broker.port, broker.username) == ("127.0.0.1", 18830, "device")
