"""All cameras: what they are, who looks, and whether they are there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import structlog
from sqlalchemy import delete, insert, select, update

from camera.address import Address, parse_address
from camera.feed import Feed, Viewer
from camera.models import Camera, CameraChanged, CameraRemoved, Fault, Still, cameras
from camera.source import Picture, Source
from camera.worker import VisionSource
from hub.actors import Actor
from hub.clock import Clock
from hub.config import CameraLimits
from hub.database import Database
from hub.errors import Busy, InvalidInput, NotFound
from hub.events import Events
from hub.ids import new_id
from hub.zones import zones

log = structlog.get_logger(__name__)

OpenSource = Callable[[Address, CameraLimits, Clock], Source[Picture]]

_MOST_CAMERAS = 32
_LONGEST_NAME = 80
_STILL_WAIT_S = 8.0
# Between two looks at cameras nobody watches: opening costs up to a second of a Pi's core.
_BETWEEN_LOOKS_S = 2.0


class Cameras:
    """The cameras of the village.

    `open()` reads them, `run()` looks after those that nobody watches; pictures may be asked for
    between the two. `close()`, which leaving `run()` does too, ends every worker at once.
    """

    def __init__(
        self,
        database: Database,
        events: Events,
        clock: Clock,
        limits: CameraLimits,
        open_source: OpenSource = VisionSource,
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._limits = limits
        self._open_source = open_source
        self._cameras: dict[str, Camera] = {}
        self._feeds: dict[str, Feed] = {}
        self._looked_at: dict[str, float] = {}

    async def open(self) -> None:
        """Read the cameras; each is "unknown" until it was first looked at."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(cameras).order_by(cameras.c.id))).all()
        for row in rows:
            address = Address(row.url_without_credentials, row.username, row.password)
            self._place(Camera(row.id, row.name, row.zone_id), address)

    async def run(self) -> None:
        """Look at cameras that nobody watches, one at a time, for ever."""
        try:
            while True:
                await self._clock.sleep(_BETWEEN_LOOKS_S)
                camera_id = self._due()
                if camera_id is not None:
                    await self._feeds[camera_id].look()
                    self._looked_at[camera_id] = self._clock.monotonic()
        finally:
            await self.close()

    async def close(self) -> None:
        """End all viewers and workers, those that hang too; well under a second."""
        await asyncio.gather(*(feed.close() for feed in self._feeds.values()))

    def list_cameras(self) -> list[Camera]:
        """All cameras, in the order they were added."""
        return [self._now(camera) for camera in self._cameras.values()]

    def get_camera(self, camera_id: str) -> Camera:
        """Raises NotFound."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            detail = "There is no such camera: look at the list of cameras"
            raise NotFound(detail, camera=camera_id)
        return self._now(camera)

    async def add_camera(self, name: str, url: str, zone_id: str | None, by: Actor) -> Camera:
        """Add a camera by its rtsp:// or rtsps:// address; InvalidInput says what was expected."""
        address = parse_address(url)
        camera = Camera(new_id(), _checked_name(name), zone_id)
        if len(self._cameras) >= _MOST_CAMERAS:
            detail = f"The hub looks after at most {_MOST_CAMERAS} cameras: remove one first"
            raise InvalidInput(detail)
        await self._write(camera, address, new=True)
        self._place(camera, address)
        log.info("camera added", camera=camera.id, by=by.id)
        self._events.publish(CameraChanged(camera))
        return camera

    async def change_camera(
        self,
        camera_id: str,
        by: Actor,
        *,
        name: str | None = None,
        url: str | None = None,
        zone_id: str | None = None,
    ) -> Camera:
        """Change what is not None. A new address ends the viewers: let them look again."""
        old = self.get_camera(camera_id)
        wanted = Camera(
            camera_id,
            old.name if name is None else _checked_name(name),
            old.zone_id if zone_id is None else zone_id,
        )
        address = None if url is None else parse_address(url)
        await self._write(wanted, address, new=False)
        # It may have come or gone, or been removed, while the database wrote.
        now = replace(self.get_camera(camera_id), name=wanted.name, zone_id=wanted.zone_id)
        before = self._feeds[camera_id]
        if address is None:
            self._cameras[camera_id] = now
        else:
            self._place(wanted, address)
            await before.close()
        log.info("camera changed", camera=camera_id, by=by.id)
        changed = self.get_camera(camera_id)
        self._events.publish(CameraChanged(changed))
        return changed

    async def remove_camera(self, camera_id: str, by: Actor) -> None:
        """Forget a camera, and end its viewers."""
        self.get_camera(camera_id)
        async with self._database.transaction() as connection:
            await connection.execute(delete(cameras).where(cameras.c.id == camera_id))
        if self._cameras.pop(camera_id, None) is None:
            return  # somebody else removed it while the database wrote
        self._looked_at.pop(camera_id, None)
        log.info("camera removed", camera=camera_id, by=by.id)
        self._events.publish(CameraRemoved(camera_id))
        await self._feeds.pop(camera_id).close()

    async def snapshot(self, camera_id: str) -> Still:
        """A picture not older than 2 s. Opens the camera if need be; NoAnswer if none comes."""
        self.get_camera(camera_id)
        picture = await self._feeds[camera_id].still(_STILL_WAIT_S)
        etag = hashlib.blake2b(picture.jpeg, digest_size=8).hexdigest()
        return Still(picture.jpeg, picture.at, etag)

    @asynccontextmanager
    async def watch(self, camera_id: str) -> AsyncIterator[Viewer]:
        """Look at a camera: iterate over what this gives, leave the context to stop.

        Raises NotFound, or Busy when too many look already.
        """
        self.get_camera(camera_id)
        feed = self._feeds[camera_id]
        self._check_room(feed)
        with feed.view() as viewer:
            yield viewer

    def _check_room(self, feed: Feed) -> None:
        everywhere = sum(other.viewers for other in self._feeds.values())
        if feed.viewers >= self._limits.viewers_per_camera or everywhere >= self._limits.viewers:
            detail = "Too many people are watching: try again in a few minutes"
            raise Busy(detail, viewers=feed.viewers)

    def _place(self, camera: Camera, address: Address) -> None:
        self._cameras[camera.id] = camera
        self._looked_at.pop(camera.id, None)
        self._feeds[camera.id] = Feed(
            camera.id,
            partial(self._open_source, address, self._limits, self._clock),
            self._limits,
            self._clock,
            partial(self._note, camera.id),
        )

    def _now(self, camera: Camera) -> Camera:
        newest = self._feeds[camera.id].newest
        return replace(camera, frame_at=newest.at if newest else camera.frame_at)

    def _note(self, camera_id: str, fault: Fault | None) -> None:
        """The feed has seen a picture (None) or why there is none."""
        self._looked_at[camera_id] = self._clock.monotonic()
        old = self._cameras.get(camera_id)
        if old is None:
            return
        camera = replace(old, availability="offline" if fault else "online", says=fault)
        self._cameras[camera_id] = camera
        if camera != old:
            self._events.publish(CameraChanged(self._now(camera)))

    def _due(self) -> str | None:
        """The camera that nobody watches and that was not looked at for the longest time."""
        now = self._clock.monotonic()
        for camera_id, feed in self._feeds.items():
            if feed.active:
                self._looked_at[camera_id] = now
        longest = min(
            self._feeds, key=lambda each: self._looked_at.get(each, float("-inf")), default=None
        )
        if longest is None:
            return None
        again_at = self._looked_at.get(longest, float("-inf")) + 60 * self._limits.probe_minutes
        return longest if now >= again_at else None

    async def _write(self, camera: Camera, address: Address | None, *, new: bool) -> None:
        values: dict[str, object] = {"name": camera.name, "zone_id": camera.zone_id}
        if address is not None:
            values |= {
                "url_without_credentials": address.url_without_credentials,
                "username": address.username,
                "password": address.password,
            }
        async with self._database.transaction() as connection:
            if camera.zone_id is not None:
                found = await connection.execute(select(zones).where(zones.c.id == camera.zone_id))
                if found.first() is None:
                    detail = "There is no such road or zone: look at the list of zones"
                    raise InvalidInput(detail, field="zone", zone=camera.zone_id)
            if new:
                values |= {"id": camera.id, "created_at": self._clock.now()}
                await connection.execute(insert(cameras).values(values))
            else:
                await connection.execute(
                    update(cameras).where(cameras.c.id == camera.id).values(values)
                )


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        detail = f"A camera needs a name of 1 to {_LONGEST_NAME} letters"
        raise InvalidInput(detail, field="name")
    return name
