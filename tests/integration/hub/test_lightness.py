"""What the hub's own process does not carry: no pictures, no sound, no migrations."""

import re
from pathlib import Path

import psutil

from tests.integration.hub.conftest import Village
from tests.integration.hub.streams import EventStream
from tests.villages import wait_until

HEAVY = re.compile(
    r"/(av|av\.libs|cv2|numpy|numpy\.libs|opencv[^/]*)/|libav(codec|format|util)|alembic"
)


def mapped(pid: int) -> set[str]:
    """The files that a process has mapped into its memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if len(line.split()) > 5}


def opened(pid: int) -> set[str]:
    return {file.path for file in psutil.Process(pid).open_files()}


def test_neither_pictures_nor_sound_nor_migrations_are_loaded_by_the_hub(
    village: Village,
) -> None:
    camera = village.get("/cameras")["items"][0]
    zone = village.zone("Ngõ 1")
    with EventStream(village.head, camera["stream"]) as pictures:
        wait_until(lambda: pictures.bytes > 10_000, "pictures come")
        made = village.post("/announcements", 201, text="Alo, thử nhẹ", zones=[zone])["id"]
        village.until(f"/announcements/{made}", lambda a: a["seconds"], "a sound is made", 20)
        village.post(f"/announcements/{made}/stop")
        pid = village.hub.process.pid
        heavy = sorted(name for name in mapped(pid) | opened(pid) if HEAVY.search(name))
        assert heavy == []
        # The worker of the camera carries them instead: the look is not blind.
        workers = [child.pid for child in village.hub.children()]
        assert any(HEAVY.search(name) for worker in workers for name in mapped(worker))


def test_no_compiled_module_of_the_heavy_ones_is_among_the_hubs_files(village: Village) -> None:
    names = mapped(village.hub.process.pid)
    assert any(name.endswith(".so") and "pydantic_core" in name for name in names)
    assert not [name for name in names if re.search(r"cv2|opencv|numpy|libav|libsw", name)]


def test_one_worker_serves_all_who_watch_a_camera(village: Village) -> None:
    camera = village.get("/cameras")["items"][1]
    before = {child.pid for child in village.hub.children()}
    with (
        EventStream(village.head, camera["stream"]) as one,
        EventStream(village.resident, camera["stream"]) as other,
    ):
        wait_until(lambda: min(one.bytes, other.bytes) > 10_000, "both see pictures")
        new = [child for child in village.hub.children() if child.pid not in before]
        assert len([child for child in new if "vision" in " ".join(child.cmdline())]) <= 1
