from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.loudspeaker.store import Store, StoreTakenError

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def test_an_id_is_known_in_the_next_life(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert not store.has_seen("a")
        store.remember("a", NOW)
        assert store.has_seen("a")
    with Store(tmp_path) as store:
        assert store.has_seen("a")
        assert not store.has_seen("b")
    assert "2026-11-21T11:00:00+00:00" in (tmp_path / "seen").read_text()


def test_the_file_stays_small_and_keeps_the_newest(tmp_path: Path) -> None:
    with Store(tmp_path, kept=10) as store:
        for number in range(100):
            store.remember(f"id-{number}", NOW)
        assert store.has_seen("id-99")
    assert len((tmp_path / "seen").read_text().splitlines()) < 20
    with Store(tmp_path, kept=10) as store:
        assert all(store.has_seen(f"id-{number}") for number in range(90, 100))
        assert not store.has_seen("id-5")


def test_a_line_cut_off_by_a_power_cut_does_not_spoil_the_next(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.remember("a", NOW)
    with (tmp_path / "seen").open("a") as file:
        file.write("half")
    with Store(tmp_path) as store:
        store.remember("b", NOW)
    with Store(tmp_path) as store:
        assert store.has_seen("a")
        assert store.has_seen("b")
        assert not store.has_seen("half")


def test_the_volume_is_kept_and_nonsense_is_not_believed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.volume(60) == 60
        store.keep_volume(35)
    with Store(tmp_path) as store:
        assert store.volume(60) == 35
        (tmp_path / "volume.json").write_text('{"percent": "loud"}')
        assert store.volume(60) == 60


def test_one_folder_serves_one_agent(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(StoreTakenError), Store(tmp_path):
        pass
