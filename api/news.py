"""From the events of the parts to the changes that phones hear: who sees what of it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from announcements.models import Announcement, AnnouncementChanged, DeliveryChanged
from api.bodies import (
    Body,
    Local,
    announcement_body,
    camera_body,
    command_body,
    delivery_body,
    device_body,
    found_body,
    schedule_body,
    zone_body,
)
from api.feed import Change, Feed
from api.services import Services
from camera.models import CameraChanged, CameraRemoved
from devices.models import (
    CommandChanged,
    DeviceChanged,
    DeviceRemoved,
    FoundChanged,
)
from hub.mqtt import BrokerConnected, BrokerLost
from hub.zones import ZoneChanged, ZoneRemoved
from people.models import SessionEnded
from people.permissions import Role, Verb, may
from scheduler.models import ScheduleChanged, ScheduleRemoved

_NEWEST = 20


class News:
    """Listens to the parts of the hub and feeds the phones."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._local = Local(services.settings.village.zone)
        self._newest: OrderedDict[str, Announcement] = OrderedDict()
        self.feed = Feed(self.snapshot)

    async def open(self) -> None:
        """Read the newest announcements, then listen."""
        newest = await self._services.announcements.list_announcements(None, _NEWEST)
        for announcement in reversed(newest):
            self._newest[announcement.id] = announcement
        self._listen()

    def _listen(self) -> None:
        events, local = self._services.events, self._local
        events.listen(
            DeviceChanged,
            lambda e: self._tell(
                "device", e.device.id, Verb.DEVICES_SEE, lambda: device_body(e.device, local)
            ),
        )
        events.listen(DeviceRemoved, lambda e: self._gone("device", e.id, Verb.DEVICES_SEE))
        events.listen(FoundChanged, self._on_found)
        events.listen(
            CommandChanged,
            lambda e: self._tell(
                "command", e.command.id, Verb.DEVICES_SEE, lambda: command_body(e.command, local)
            ),
        )
        events.listen(
            ZoneChanged,
            lambda e: self._tell(
                "zone", e.zone.id, Verb.ZONES_SEE, lambda: dict(zone_body(e.zone))
            ),
        )
        events.listen(ZoneRemoved, lambda e: self._gone("zone", e.id, Verb.ZONES_SEE))
        events.listen(
            CameraChanged,
            lambda e: self._tell(
                "camera", e.camera.id, Verb.CAMERAS_WATCH, lambda: camera_body(e.camera, local)
            ),
        )
        events.listen(CameraRemoved, lambda e: self._gone("camera", e.id, Verb.CAMERAS_WATCH))
        events.listen(
            ScheduleChanged,
            lambda e: self._tell(
                "schedule",
                e.schedule.id,
                Verb.SCHEDULES_SEE,
                lambda: schedule_body(e.schedule, local),
            ),
        )
        events.listen(ScheduleRemoved, lambda e: self._gone("schedule", e.id, Verb.SCHEDULES_SEE))
        events.listen(AnnouncementChanged, self._on_announcement)
        events.listen(DeliveryChanged, self._on_delivery)
        events.listen(BrokerConnected, lambda _: self._on_broker(connected=True))
        events.listen(BrokerLost, lambda _: self._on_broker(connected=False))
        events.listen(SessionEnded, lambda e: self.feed.end_session(e.session_id))

    def snapshot(self, role: Role) -> Body:
        """All that this role may see."""
        services, local = self._services, self._local
        body: dict[str, object] = {"now": services.clock.now()}
        if may(role, Verb.ZONES_SEE):
            body["zones"] = [zone_body(zone) for zone in services.zones.list_zones()]
        if may(role, Verb.CAMERAS_WATCH):
            body["cameras"] = [camera_body(c, local) for c in services.cameras.list_cameras()]
        if may(role, Verb.ANNOUNCEMENTS_SEE):
            body["announcements"] = [
                self._announcement(announcement, role)
                for announcement in reversed(self._newest.values())
            ]
        if may(role, Verb.DEVICES_SEE):
            body["devices"] = [device_body(d, local) for d in services.devices.list_devices()]
            body["broker"] = {"connected": services.mqtt.connected}
        if may(role, Verb.DEVICES_CHANGE):
            body["found"] = [found_body(f, local) for f in services.devices.list_found()]
        if may(role, Verb.SCHEDULES_SEE):
            body["schedules"] = [
                schedule_body(schedule, local) for schedule in services.schedules.list_schedules()
            ]
        return body

    def _announcement(self, announcement: Announcement, role: Role) -> Body:
        whole = may(role, Verb.DEVICES_SEE)
        return announcement_body(announcement, self._local, deliveries=whole)

    def _on_found(self, event: FoundChanged) -> None:
        found = event.found
        if event.gone:
            self._gone("found", found.id, Verb.DEVICES_CHANGE)
        else:
            self._tell(
                "found", found.id, Verb.DEVICES_CHANGE, lambda: found_body(found, self._local)
            )

    def _on_announcement(self, event: AnnouncementChanged) -> None:
        self._keep(event.announcement)

    def _on_delivery(self, event: DeliveryChanged) -> None:
        delivery = event.delivery
        self._tell(
            "delivery",
            delivery.id,
            Verb.DEVICES_SEE,
            lambda: delivery_body(delivery, self._local),
        )
        announcement = self._newest.get(delivery.announcement_id)
        if announcement is not None:
            parts = tuple(
                delivery if part.id == delivery.id else part for part in announcement.deliveries
            )
            self._keep(replace(announcement, deliveries=parts))

    def _keep(self, announcement: Announcement) -> None:
        """Tell it, and keep it for the snapshot."""
        self._newest[announcement.id] = announcement
        while len(self._newest) > _NEWEST:
            self._newest.popitem(last=False)
        self.feed.tell(
            Change(
                "announcement",
                announcement.id,
                {
                    role: partial(self._announcement, announcement, role)
                    for role in Role
                    if may(role, Verb.ANNOUNCEMENTS_SEE)
                },
            )
        )

    def _on_broker(self, *, connected: bool) -> None:
        self._tell("broker", "broker", Verb.DEVICES_SEE, lambda: {"connected": connected})

    def _tell(self, noun: str, identity: str, verb: Verb, body: Callable[[], Body]) -> None:
        self.feed.tell(Change(noun, identity, {r: body for r in Role if may(r, verb)}))

    def _gone(self, noun: str, identity: str, verb: Verb) -> None:
        self._tell(noun, identity, verb, lambda: {"id": identity, "removed": True})
