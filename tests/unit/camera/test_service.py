"""All cameras together, over a real database file and a source that a test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog

from camera.address import Address
from camera.models import Camera, CameraChanged, CameraRemoved
from camera.service import Cameras
from camera.source import Picture, SourceFailed
from hub.actors import HUB
from hub.clock import Clock
from hub.config import CameraLimits
from hub.database import Database, metadata
from hub.errors import Busy, InvalidInput, NoAnswer, NotFound
from hub.events import Events
from hub.zones import Zones
from tests.fakes import FakeClock, settle

LIMITS = CameraLimits(viewers_per_camera=3, viewers=5)
URL = "rtsp://admin:secret-word@camera.lan/stream1"


class Street:
    """Cameras that show one picture as soon as they are opened, unless their power is off."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.open_now = 0
        self.most_open = 0
        self.dark: set[str] = set()

    def open_source(self, address: Address, limits: CameraLimits, clock: Clock) -> "Lens":
        del limits
        return Lens(self, address, clock)


class Lens:
    def __init__(self, street: Street, address: Address, clock: Clock) -> None:
        self._street = street
        self._url = address.url_without_credentials
        self._clock = clock

    async def run(self, deliver: Callable[[Picture], None]) -> None:
        self._street.opened.append(self._url)
        if self._url in self._street.dark:
            raise SourceFailed("unreachable")
        self._street.open_now += 1
        self._street.most_open = max(self._street.most_open, self._street.open_now)
        try:
            await asyncio.sleep(0)
            deliver(Picture(b"a picture", self._clock.now(), 1))
            await asyncio.Event().wait()
        finally:
            self._street.open_now -= 1


class Hub:
    def __init__(self, file: Path) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{file}")
        self.events = Events()
        self.clock = FakeClock()
        self.street = Street()
        self.zones = Zones(self.database, self.events)
        self.cameras = self.another()
        self.changed: list[Camera] = []
        self.removed: list[str] = []
        self.events.listen(CameraChanged, lambda event: self.changed.append(event.camera))
        self.events.listen(CameraRemoved, lambda event: self.removed.append(event.id))

    def another(self) -> Cameras:
        return Cameras(
            self.database, self.events, self.clock, LIMITS, open_source=self.street.open_source
        )


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = Hub(tmp_path / "hub.sqlite")
    await hub.database.open()
    async with hub.database.transaction() as connection:
        await connection.run_sync(metadata.create_all)
    await hub.cameras.open()
    yield hub
    await hub.cameras.close()
    await hub.database.close()
    assert hub.street.open_now == 0


async def test_an_added_camera_is_unknown_listed_and_told(hub: Hub) -> None:
    camera = await hub.cameras.add_camera(" Cổng  bắc ", URL, None, HUB)
    assert (camera.name, camera.availability, camera.frame_at) == ("Cổng bắc", "unknown", None)
    assert hub.cameras.list_cameras() == [camera] == hub.changed
    assert hub.cameras.get_camera(camera.id) == camera


async def test_cameras_and_their_passwords_survive_a_restart(hub: Hub) -> None:
    road = await hub.zones.add_zone("Ngõ 1")
    camera = await hub.cameras.add_camera("Cổng bắc", URL, road.id, HUB)
    again = hub.another()
    await again.open()
    assert again.list_cameras() == [camera]
    opened: list[Address] = []

    def open_source(address: Address, limits: CameraLimits, clock: Clock) -> Lens:
        opened.append(address)
        return hub.street.open_source(address, limits, clock)

    third = Cameras(hub.database, hub.events, hub.clock, LIMITS, open_source=open_source)
    await third.open()
    await third.snapshot(camera.id)
    assert opened[0].url == URL
    await third.close()


@pytest.mark.parametrize(
    ("name", "url", "zone_id"),
    [
        ("", URL, None),
        ("n" * 81, URL, None),
        ("two\x00", URL, None),
        ("Cổng bắc", "http://camera.lan/", None),
        ("Cổng bắc", URL, "no such zone"),
    ],
)
async def test_bad_input_is_refused_and_nothing_is_kept(
    hub: Hub, name: str, url: str, zone_id: str | None
) -> None:
    with pytest.raises(InvalidInput):
        await hub.cameras.add_camera(name, url, zone_id, HUB)
    assert hub.cameras.list_cameras() == []
    again = hub.another()
    await again.open()
    assert again.list_cameras() == []


async def test_a_camera_that_is_not_there_is_not_found(hub: Hub) -> None:
    with pytest.raises(NotFound):
        hub.cameras.get_camera("none")
    with pytest.raises(NotFound):
        await hub.cameras.snapshot("none")
    with pytest.raises(NotFound):
        async with hub.cameras.watch("none"):
            pass
    with pytest.raises(NotFound):
        await hub.cameras.remove_camera("none", HUB)


async def test_a_still_has_the_time_of_its_picture_and_an_etag(hub: Hub) -> None:
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    still = await hub.cameras.snapshot(camera.id)
    assert (still.jpeg, still.at) == (b"a picture", hub.clock.now())
    assert still.etag == (await hub.cameras.snapshot(camera.id)).etag
    assert hub.changed[-1].availability == "online"
    assert hub.changed[-1].frame_at == hub.clock.now()


async def test_a_camera_without_power_says_so(hub: Hub) -> None:
    hub.street.dark.add("rtsp://camera.lan/stream1")
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    with pytest.raises(NoAnswer) as answer:
        await hub.cameras.snapshot(camera.id)
    assert answer.value.context == {"says": "unreachable"}
    offline = hub.cameras.get_camera(camera.id)
    assert (offline.availability, offline.says) == ("offline", "unreachable")


async def test_viewers_are_capped_per_camera_and_for_the_hub(hub: Hub) -> None:
    first = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    second = await hub.cameras.add_camera("Cổng nam", URL + "2", None, HUB)
    async with AsyncExitStack() as crowd:
        for _ in range(3):
            await crowd.enter_async_context(hub.cameras.watch(first.id))
        with pytest.raises(Busy):
            await crowd.enter_async_context(hub.cameras.watch(first.id))
        for _ in range(2):
            await crowd.enter_async_context(hub.cameras.watch(second.id))
        with pytest.raises(Busy):
            await crowd.enter_async_context(hub.cameras.watch(second.id))
        await hub.cameras.snapshot(first.id)
    async with hub.cameras.watch(first.id) as pictures:
        assert (await anext(pictures)).jpeg == b"a picture"


async def test_a_viewer_who_is_dropped_without_leaving_frees_the_place(hub: Hub) -> None:
    # As when a phone goes away between the answer's headers and its first picture.
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    for _ in range(2 * LIMITS.viewers):
        dropped = AsyncExitStack()
        await dropped.enter_async_context(hub.cameras.watch(camera.id))
        del dropped
        await settle()
    await hub.clock.advance(20)
    assert hub.street.open_now == 0


async def test_a_camera_removed_twice_at_once_is_removed(hub: Hub) -> None:
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    await asyncio.gather(*(hub.cameras.remove_camera(camera.id, HUB) for _ in range(2)))
    assert hub.removed == [camera.id]


async def test_cameras_that_nobody_watches_are_looked_at_one_at_a_time(hub: Hub) -> None:
    ids = [
        (await hub.cameras.add_camera(f"Cột {n}", f"rtsp://camera.lan/{n}", None, HUB)).id
        for n in range(4)
    ]
    hub.street.dark.add("rtsp://camera.lan/3")
    looking = asyncio.ensure_future(hub.cameras.run())
    await hub.clock.advance(30)
    known = [hub.cameras.get_camera(camera_id).availability for camera_id in ids]
    assert known == ["online", "online", "online", "offline"]
    assert hub.street.most_open == 1
    assert len(hub.street.opened) == 4
    await hub.clock.advance(240)
    assert len(hub.street.opened) == 4
    hub.street.dark.clear()
    await hub.clock.advance(90)
    assert len(hub.street.opened) == 8
    assert hub.cameras.get_camera(ids[3]).availability == "online"
    looking.cancel()
    await asyncio.wait({looking})


async def test_a_new_camera_is_looked_at_soon(hub: Hub) -> None:
    looking = asyncio.ensure_future(hub.cameras.run())
    await hub.clock.advance(60)
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    await hub.clock.advance(3)
    assert hub.cameras.get_camera(camera.id).availability == "online"
    looking.cancel()
    await asyncio.wait({looking})


async def test_a_new_address_closes_the_old_one(hub: Hub) -> None:
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    async with hub.cameras.watch(camera.id) as pictures:
        await anext(pictures)
        changed = await hub.cameras.change_camera(camera.id, HUB, url="rtsp://other.lan/")
        assert [picture async for picture in pictures] == []
    assert (changed.availability, changed.name) == ("unknown", "Cổng bắc")
    await hub.cameras.snapshot(camera.id)
    assert hub.street.opened == ["rtsp://camera.lan/stream1", "rtsp://other.lan/"]


async def test_a_new_name_disturbs_no_viewer(hub: Hub) -> None:
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    async with hub.cameras.watch(camera.id) as pictures:
        await anext(pictures)
        changed = await hub.cameras.change_camera(camera.id, HUB, name="Cổng đình")
        assert (changed.name, changed.availability) == ("Cổng đình", "online")
    assert len(hub.street.opened) == 1


async def test_a_removed_camera_is_gone_and_its_viewers_end(hub: Hub) -> None:
    camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
    async with hub.cameras.watch(camera.id) as pictures:
        await anext(pictures)
        await hub.cameras.remove_camera(camera.id, HUB)
        assert [picture async for picture in pictures] == []
    assert hub.removed == [camera.id]
    assert hub.cameras.list_cameras() == []
    await settle()
    assert hub.street.open_now == 0


async def test_passwords_stand_in_no_log_event_or_error(hub: Hub) -> None:
    hub.street.dark.add("rtsp://camera.lan/stream1")
    with structlog.testing.capture_logs() as lines:
        camera = await hub.cameras.add_camera("Cổng bắc", URL, None, HUB)
        with pytest.raises(NoAnswer) as answer:
            await hub.cameras.snapshot(camera.id)
        await hub.cameras.change_camera(camera.id, HUB, url=URL + "2")
        await hub.cameras.remove_camera(camera.id, HUB)
    told = repr((lines, hub.changed, answer.value.args, answer.value.context))
    assert "secret-word" not in told
    assert "camera.lan" not in told
