"""Announcements: a typed text becomes a sound, heard on the chosen roads or it is said why not."""

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn, Protocol

import structlog
from sqlalchemy import Select, insert, select, update

from announcements.deliveries import Deliveries, Loudspeakers, Playable
from announcements.links import Links
from announcements.models import (
    Announcement,
    AnnouncementChanged,
    Class,
    Delivery,
    State,
    announcements,
    deliveries,
    read_announcement,
    read_delivery,
)
from announcements.speech.normalise import normalise
from announcements.workshop import Sound
from devices.models import Device
from hub.actors import Actor
from hub.clock import Clock
from hub.config import AnnouncementSettings
from hub.database import Database
from hub.errors import Expired, HubError, InvalidInput, NotFound
from hub.events import Events
from hub.ids import new_id
from hub.zones import Zone

log = structlog.get_logger(__name__)

LONGEST_TEXT: Final = 2000
MOST_REPEATS: Final = 5
_MOST_ZONES: Final = 500
_LONGEST_PAGE: Final = 1001


class Roads(Protocol):
    """What announcements need of the map of the village."""

    def get_zone(self, zone_id: str) -> Zone:
        """Raises NotFound."""
        ...

    def members(self, zone_id: str) -> set[str]:
        """The zone and all within it."""
        ...


class SoundMaker(Protocol):
    """Turns spoken text into sound files; see `announcements.workshop.Workshop`."""

    def key(self, spoken: str, repeat: int) -> str:
        """The name of a sound."""
        ...

    def path(self, key: str) -> Path:
        """Where the sound of this name is or would be."""
        ...

    async def make(self, spoken: str, repeat: int = 1) -> Sound:
        """Raises InvalidInput or WorkerFailed."""
        ...


def no_checkpoint(_name: str) -> None:
    """Crash drills put their own function here; the hub itself never stops at a point."""


class Announcements:
    """What the village hears. Nothing that may already have been heard is ever sent again."""

    def __init__(  # noqa: PLR0913  the composition root hands over each part by name
        self,
        database: Database,
        devices: Loudspeakers,
        zones: Roads,
        events: Events,
        clock: Clock,
        workshop: SoundMaker,
        settings: AnnouncementSettings,
        *,
        key: bytes,
        base_url: Callable[[], str],
        checkpoint: Callable[[str], None] = no_checkpoint,
    ) -> None:
        self._database = database
        self._devices = devices
        self._zones = zones
        self._events = events
        self._clock = clock
        self._workshop = workshop
        self._settings = settings
        self._checkpoint = checkpoint
        self._links = Links(key, clock)
        self._deliveries = Deliveries(
            database,
            devices,
            events,
            clock,
            lambda announcement_id: base_url() + self.sign(announcement_id),
            checkpoint,
        )
        self._to_make: asyncio.PriorityQueue[tuple[int, str]] = asyncio.PriorityQueue()

    async def open(self) -> None:
        """Take up what a former run of the hub left open; before anything new is announced."""
        await self._deliveries.open()
        waiting, known = self._deliveries.waiting(), self._deliveries.announcements()
        for announcement in await self._read(
            select(announcements).where(announcements.c.id.in_(known))
        ):
            if announcement.id in waiting:
                self._to_make.put_nowait((-announcement.class_.rank, announcement.id))
            elif announcement.sha256 is not None and announcement.seconds is not None:
                sound = Playable(announcement.sha256, announcement.seconds)
                self._deliveries.make_ready(announcement.id, sound)

    async def run(self) -> None:
        """Make sounds and deliver them, beginning with what `open()` found."""
        end_listening = self._deliveries.listen()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make_sounds(), name="announcements.sounds")
                group.create_task(self._deliveries.run(), name="announcements.deliveries")
        finally:
            end_listening()
            await self._deliveries.flush()

    async def announce(
        self,
        text: str,
        zone_ids: Sequence[str],
        class_: Class | str,
        repeat: int,
        by: Actor,
        not_after: datetime | None = None,
    ) -> Announcement:
        """Store an announcement and return at once; its sound and its deliveries follow.

        It may begin to be heard until `not_after`, by default some minutes from now. Raises
        InvalidInput for a text, class, repeat or zones that cannot be used, and Expired.
        """
        written = await self._written(text, zone_ids, class_, repeat, by, not_after)
        if written.not_after <= written.created_at:
            raise Expired("The time until which this could be announced is over: announce it anew")
        parts = self._parts(written)
        announcement = replace(written, deliveries=parts)
        self._checkpoint("announcement:before-commit")
        await self._database.commit(
            insert(announcements).values(announcement.row()),
            insert(deliveries).values([part.row() for part in parts]),
        )
        self._checkpoint("announcement:committed")
        self._events.publish(AnnouncementChanged(announcement))
        self._deliveries.add(parts)
        self._to_make.put_nowait((-announcement.class_.rank, announcement.id))
        log.info(
            "announced", id=announcement.id, class_=announcement.class_.value, parts=len(parts)
        )
        return announcement

    async def record_missed(
        self,
        text: str,
        zone_ids: Sequence[str],
        class_: Class | str,
        repeat: int,
        by: Actor,
        due_at: datetime,
        reason: str,
    ) -> Announcement:
        """Record one that was due at `due_at` and was not made, and why. Nothing is heard."""
        written = await self._written(text, zone_ids, class_, repeat, by, due_at)
        missed = replace(written, due_at=due_at, missed=reason[:200])
        await self._database.commit(insert(announcements).values(missed.row()))
        self._events.publish(AnnouncementChanged(missed))
        return missed

    async def has_announced(self, by: Actor, since: datetime) -> bool:
        """Whether `by` has announced anything since then; what was only missed does not count."""
        wanted = (
            select(announcements.c.id)
            .where(announcements.c.by_kind == by.kind, announcements.c.by_id == by.id)
            .where(announcements.c.created_at >= since, announcements.c.missed.is_(None))
            .limit(1)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(wanted)).first() is not None

    async def get_announcement(self, announcement_id: str) -> Announcement:
        """An announcement with its deliveries. Raises NotFound."""
        wanted = select(announcements).where(announcements.c.id == announcement_id)
        for announcement in await self._read(wanted):
            return announcement
        return _no_announcement(announcement_id)

    async def list_announcements(
        self, before: str | None = None, limit: int = 20
    ) -> list[Announcement]:
        """The newest first, with their deliveries; `before` is the id of the last one seen."""
        wanted = select(announcements).order_by(announcements.c.id.desc())
        if before is not None:
            wanted = wanted.where(announcements.c.id < before)
        return await self._read(wanted.limit(max(1, min(limit, _LONGEST_PAGE))))

    async def stop(self, announcement_id: str, by: Actor) -> None:
        """Silence one announcement. Raises NotFound, and BrokerDown when it could not be said."""
        await self.get_announcement(announcement_id)
        log.info("announcement stopped", id=announcement_id, by=by.id)
        await self._deliveries.stop(announcement_id)

    async def stop_all(self, by: Actor) -> int:
        """STOP: silence every loudspeaker at once; how many were told. Raises BrokerDown."""
        log.info("everything stopped", by=by.id)
        return await self._deliveries.stop_all()

    async def sound_file(self, announcement_id: str) -> Path:
        """The MP3 of an announcement, made again if it was cleared away.

        Raises NotFound, or WorkerFailed when it cannot be made.
        """
        announcement = await self.get_announcement(announcement_id)
        path = self._workshop.path(announcement.sound_key)
        if announcement.missed is None and not await asyncio.to_thread(path.is_file):
            path = (await self._workshop.make(announcement.spoken, announcement.repeat)).path
        elif announcement.missed is not None:
            raise NotFound("This announcement was never made: it has no sound")
        return path

    def sign(self, announcement_id: str) -> str:
        """The signed path and query of the sound, good for an hour."""
        return self._links.sign(announcement_id)

    def check_signature(self, announcement_id: str, expires: int, signature: str) -> None:
        """Raise NotPermitted for a wrong signature and Expired for one whose time is over."""
        self._links.check(announcement_id, expires, signature)

    async def _written(
        self,
        text: str,
        zone_ids: Sequence[str],
        class_: Class | str,
        repeat: int,
        by: Actor,
        not_after: datetime | None,
    ) -> Announcement:
        plain = _plain_text(text)
        # Off the loop: 2,000 characters take longer than the loop may be held.
        spoken = await asyncio.to_thread(normalise, plain)
        if not any(char.isalpha() for char in spoken):
            raise InvalidInput("The text holds nothing that can be spoken: write words")
        if not 1 <= repeat <= MOST_REPEATS:
            raise InvalidInput(f"Say it between 1 and {MOST_REPEATS} times", repeat=repeat)
        now = self._clock.now()
        return Announcement(
            id=new_id(),
            text=plain,
            spoken=spoken,
            zones=self._existing(zone_ids),
            class_=_known_class(class_),
            repeat=repeat,
            by=by,
            created_at=now,
            not_after=not_after or now + timedelta(seconds=self._settings.grace_s),
            sound_key=self._workshop.key(spoken, repeat),
        )

    def _existing(self, zone_ids: Sequence[str]) -> tuple[str, ...]:
        if not 1 <= len(zone_ids) <= _MOST_ZONES:
            raise InvalidInput("Choose at least one road to be heard on")
        for zone_id in zone_ids:
            try:
                self._zones.get_zone(zone_id)
            except NotFound:
                detail = "One of the chosen roads does not exist: look at the list of roads again"
                raise InvalidInput(detail, zone=str(zone_id)[:80]) from None
        return tuple(dict.fromkeys(zone_ids))

    def _parts(self, announcement: Announcement) -> tuple[Delivery, ...]:
        within = set[str]().union(*(self._zones.members(zone) for zone in announcement.zones))
        found = self._devices.list_devices(kind="loudspeaker", zones=within)
        if not found:
            detail = "No loudspeaker stands on the chosen roads: choose others or add a loudspeaker"
            raise InvalidInput(detail, zones=list(announcement.zones))
        return tuple(_part(announcement, loudspeaker) for loudspeaker in found)

    async def _read(self, wanted: Select[tuple[object, ...]]) -> list[Announcement]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
            ids = [row["id"] for row in rows]
            theirs = select(deliveries).where(deliveries.c.announcement_id.in_(ids))
            found = (await connection.execute(theirs.order_by(deliveries.c.id))).mappings().all()
        parts: dict[str, list[Delivery]] = {announcement_id: [] for announcement_id in ids}
        for row in found:
            parts[row["announcement_id"]].append(read_delivery(row))
        return [read_announcement(row, tuple(parts[row["id"]])) for row in rows]

    async def _make_sounds(self) -> None:
        while True:
            _, announcement_id = await self._to_make.get()
            if announcement_id in self._deliveries.waiting():
                await self._make_sound(await self.get_announcement(announcement_id))

    async def _make_sound(self, announcement: Announcement) -> None:
        try:
            sound = await self._workshop.make(announcement.spoken, announcement.repeat)
        except HubError as error:
            log.warning("no sound", id=announcement.id, code=error.code, detail=error.detail)
            self._deliveries.fail(announcement.id, error.detail)
            return
        made = {"seconds": sound.seconds, "sha256": sound.sha256, "sound_key": sound.key}
        mine = announcements.c.id == announcement.id
        await self._database.commit(update(announcements).where(mine).values(made))
        self._events.publish(AnnouncementChanged(await self.get_announcement(announcement.id)))
        self._deliveries.make_ready(announcement.id, Playable(sound.sha256, sound.seconds))


def _part(announcement: Announcement, loudspeaker: Device) -> Delivery:
    return Delivery(
        id=new_id(),
        announcement_id=announcement.id,
        loudspeaker_id=loudspeaker.id,
        loudspeaker_name=loudspeaker.name,
        class_=announcement.class_,
        state=State.QUEUED,
        reason="",
        created_at=announcement.created_at,
        not_after=announcement.not_after,
    )


def _plain_text(text: str) -> str:
    """The text without what no person types. Raises InvalidInput."""
    if len(text) > LONGEST_TEXT:
        detail = f"The text is longer than {LONGEST_TEXT} characters: shorten it"
        raise InvalidInput(detail, length=len(text), limit=LONGEST_TEXT)
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in _UNTYPED)
    plain = unicodedata.normalize("NFC", "".join(kept)).strip()
    if not plain:
        raise InvalidInput("The text is empty: write what is to be announced")
    return plain


_UNTYPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def _known_class(class_: Class | str) -> Class:
    try:
        return Class(class_)
    except ValueError:
        detail = "The class is one of normal, priority and emergency"
        raise InvalidInput(detail) from None


def _no_announcement(announcement_id: str) -> NoReturn:
    detail = "There is no such announcement: look at the list again"
    raise NotFound(detail, announcement=announcement_id[:80])
