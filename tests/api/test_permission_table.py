"""Denied by default: every route names its permission, and the table is held against each role."""

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from fastapi.routing import APIRoute

from api.auth import Permit
from api.public import public
from api.routes import (
    announcements,
    cameras,
    devices,
    hub,
    invitations,
    schedules,
    session,
    zones,
)
from people.permissions import PERMITTED, Role, Verb, may

ROUTERS = [
    session.router,
    invitations.router,
    hub.router,
    zones.router,
    devices.router,
    announcements.router,
    announcements.sound_router,
    cameras.router,
    schedules.router,
]

# Written by hand: whoever adds a route says here who may use it.
HEAD = "head"
BOTH = "head resident"
OPEN = "everybody"
EXPECTED = {
    "POST /api/v1/session": OPEN,
    "GET /api/v1/session": BOTH,
    "DELETE /api/v1/session": BOTH,
    "POST /api/v1/sign-in-codes": HEAD,
    "GET /api/v1/health": OPEN,
    "GET /api/v1/status": HEAD,
    "GET /api/v1/openapi.json": HEAD,
    "GET /api/v1/events": BOTH,
    "GET /api/v1/zones": BOTH,
    "POST /api/v1/zones": HEAD,
    "GET /api/v1/zones/{zone_id}": BOTH,
    "PATCH /api/v1/zones/{zone_id}": HEAD,
    "DELETE /api/v1/zones/{zone_id}": HEAD,
    "POST /api/v1/zones/{zone_id}/commands": HEAD,
    "GET /api/v1/devices": HEAD,
    "POST /api/v1/devices": HEAD,
    "GET /api/v1/devices/found": HEAD,
    "GET /api/v1/devices/{device_id}": HEAD,
    "PATCH /api/v1/devices/{device_id}": HEAD,
    "DELETE /api/v1/devices/{device_id}": HEAD,
    "POST /api/v1/devices/{device_id}/commands": HEAD,
    "POST /api/v1/devices/{device_id}/volume": HEAD,
    "GET /api/v1/announcements": BOTH,
    "POST /api/v1/announcements": HEAD,
    "POST /api/v1/announcements/preview": HEAD,
    "GET /api/v1/announcements/{announcement_id}": BOTH,
    "GET /api/v1/announcements/{announcement_id}/audio.mp3": BOTH,
    "POST /api/v1/announcements/{announcement_id}/stop": HEAD,
    "POST /api/v1/loudspeakers/stop": HEAD,
    "GET /sound/{announcement_id}.mp3": OPEN,
    "GET /api/v1/cameras": BOTH,
    "POST /api/v1/cameras": HEAD,
    "GET /api/v1/cameras/{camera_id}": BOTH,
    "PATCH /api/v1/cameras/{camera_id}": HEAD,
    "DELETE /api/v1/cameras/{camera_id}": HEAD,
    "GET /api/v1/cameras/{camera_id}/snapshot.jpg": BOTH,
    "GET /api/v1/cameras/{camera_id}/stream.mjpeg": BOTH,
    "GET /api/v1/schedules": HEAD,
    "POST /api/v1/schedules": HEAD,
    "GET /api/v1/schedules/{schedule_id}": HEAD,
    "PATCH /api/v1/schedules/{schedule_id}": HEAD,
    "DELETE /api/v1/schedules/{schedule_id}": HEAD,
}


def routes() -> Iterator[tuple[str, APIRoute]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), route
            for method in sorted(route.methods or ()):
                yield f"{method} {route.path}", route


def verbs_of(route: APIRoute) -> list[Verb]:
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return [call.verb for call in calls if isinstance(call, Permit)]


def is_open(route: APIRoute) -> bool:
    return any(dependency.call is public for dependency in route.dependant.dependencies)


def test_every_route_stands_in_the_table_and_every_row_is_a_route() -> None:
    assert sorted(name for name, _ in routes()) == sorted(EXPECTED)


def test_every_router_of_the_app_is_walked() -> None:
    from api.app import make_app  # noqa: PLC0415

    services = Mock()
    services.version = "0"
    services.web_folder.rglob.return_value = []
    app = make_app(services)
    served = {
        f"{method} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in (each.upper() for each in operations)
    }
    assert served == set(EXPECTED)


@pytest.mark.parametrize(("name", "route"), list(routes()), ids=lambda value: str(value)[:60])
def test_a_route_asks_for_exactly_one_permission_or_is_meant_to_be_open(
    name: str, route: APIRoute
) -> None:
    verbs = verbs_of(route)
    if EXPECTED[name] == OPEN:
        assert is_open(route)
        assert verbs == []
        return
    assert not is_open(route)
    assert len(verbs) == 1
    allowed = [role.value for role in Role if may(role, verbs[0])]
    assert " ".join(sorted(allowed)) == EXPECTED[name]


def test_a_verb_that_is_not_in_the_table_is_denied() -> None:
    assert not any(may(role, Mock(spec=Verb)) for role in Role)
    assert set(PERMITTED) == set(Verb)
