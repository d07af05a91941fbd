"""Bad requests: each is answered with a problem that says what to do, and nothing is lost."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import psutil
import pytest

from tests.integration.hub.conftest import Village
from tests.villages import Json

SECRET = "mat-khau-camera-9f3c"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """It is a problem document (RFC 9457) of this status and code, with a sentence for people."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["type"]
    assert body["title"]
    assert len(body["detail"]) > 10
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    return body


def standing(village: Village) -> dict[str, list[tuple[str, str]]]:
    """All that stands in the village, by id and name."""
    parts = ("zones", "devices", "cameras", "schedules", "announcements")
    return {
        part: [(item["id"], item.get("name", "")) for item in village.get(f"/{part}")["items"]]
        for part in parts
    }


def send(village: Village, method: str, path: str, body: object = None) -> httpx.Response:
    return village.head.request(method, f"/api/v1{path}", json=body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/devices/none", None),
        ("PATCH", "/devices/none", {"name": "Cột"}),
        ("DELETE", "/devices/none", None),
        ("POST", "/devices/none/commands", {"turn": "on"}),
        ("POST", "/devices/none/volume", {"percent": 5}),
        ("GET", "/zones/none", None),
        ("PATCH", "/zones/none", {"name": "Ngõ"}),
        ("DELETE", "/zones/none", None),
        ("POST", "/zones/none/commands", {"turn": "on"}),
        ("GET", "/devices?zone=none", None),
        ("GET", "/announcements/none", None),
        ("POST", "/announcements/none/stop", None),
        ("GET", "/announcements/none/audio.mp3", None),
        ("GET", "/cameras/none", None),
        ("PATCH", "/cameras/none", {"name": "Cổng"}),
        ("DELETE", "/cameras/none", None),
        ("GET", "/cameras/none/snapshot.jpg", None),
        ("GET", "/cameras/none/stream.mjpeg", None),
        ("GET", "/schedules/none", None),
        ("PATCH", "/schedules/none", {"name": "Lịch"}),
        ("DELETE", "/schedules/none", None),
        ("GET", "/no-such-thing", None),
        ("GET", "/../../etc/passwd", None),
        (
            "POST",
            "/devices",
            {
                "driver": "tasmota",
                "address": "FFFFFFFFFFFF/1",
                "kind": "light",
                "name": "Ma",
                "zone": "Ngõ 1",
            },
        ),
    ],
    ids=str,
)
def test_what_does_not_exist_is_not_found(
    village: Village, method: str, path: str, body: object
) -> None:
    if isinstance(body, dict) and body.get("zone") == "Ngõ 1":
        body = {**body, "zone": village.zone("Ngõ 1")}
    problem(send(village, method, path, body), 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"turn": "toggle"},
        {"turn": True},
        {"turn": "on", "level": 101},
        {"turn": "on", "level": -1},
        {"turn": "on", "level": 1.5},
        {"turn": "on", "level": "50"},
        {"turn": "on", "level": 0},
        {"turn": "on", "level": 50},  # a lamp that has no level
        {"turn": "on", "until": "2030-01-01T00:00:00"},  # no offset
        {"turn": "on", "until": "tomorrow"},
        {"turn": "on", "until": "2001-01-01T00:00:00+07:00"},
        {"turn": "on", "reason": "x" * 201},
        {"turn": "on", "speed": 1},
        [],
        "on",
        None,
    ],
    ids=str,
)
def test_a_command_that_makes_no_sense_is_invalid_input(village: Village, body: object) -> None:
    light = village.device("Cột 11")
    problem(send(village, "POST", f"/devices/{light['id']}/commands", body), 422, "invalid_input")
    assert village.get(f"/devices/{light['id']}")["target"] == light["target"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/devices/{light}", {"colour": "red"}),
        ("PATCH", "/devices/{light}", {"name": ""}),
        ("PATCH", "/devices/{light}", {"name": "x" * 81}),
        ("POST", "/devices/{loudspeaker}/commands", {"turn": "on"}),
        ("POST", "/devices/{light}/volume", {"percent": 50}),
        ("POST", "/devices/{loudspeaker}/volume", {"percent": 101}),
        ("POST", "/zones", {"name": " "}),
        ("POST", "/zones", {"name": "x" * 81}),
        ("POST", "/zones", {"name": "Ngõ \u0000"}),
        ("PATCH", "/devices/{light}", {"name": "Cột \u0007"}),
        ("POST", "/cameras", {"name": "Cổng \u0000", "url": "rtsp://127.0.0.1/x"}),
        (
            "POST",
            "/schedules",
            {
                "name": "Lịch \u0000",
                "trigger": {"type": "weekly", "days": [1], "time": "17:00"},
                "action": {"type": "light", "zones": ["{zone}"], "turn": "on"},
            },
        ),
        ("PATCH", "/zones/{zone}", {"parent": "{zone}"}),
        ("PATCH", "/zones/{zone}", {"owner": "me"}),
        ("POST", "/announcements", {"text": "Alo", "zones": []}),
        ("POST", "/announcements", {"text": "", "zones": ["{zone}"]}),
        ("POST", "/announcements", {"text": "...", "zones": ["{zone}"]}),
        ("POST", "/announcements", {"text": "Alo", "zones": ["none"]}),
        ("POST", "/announcements", {"text": "Alo", "zones": ["{zone}"], "class": "loud"}),
        ("POST", "/announcements", {"text": "Alo", "zones": ["{zone}"], "repeat": 99}),
        ("POST", "/announcements", {"text": "x " * 50_000, "zones": ["{zone}"]}),
        ("POST", "/announcements/preview", {"text": "x" * 100_000}),
        ("POST", "/cameras", {"name": "Cổng", "url": f"http://admin:{SECRET}@10.0.0.1/x"}),
        ("POST", "/cameras", {"name": "Cổng", "url": f"file:///etc/passwd?{SECRET}"}),
        ("POST", "/cameras", {"name": "Cổng", "url": f"rtsp://admin:{SECRET} @10.0.0.1/x"}),
        ("POST", "/cameras", {"name": "Cổng", "url": "rtsp://"}),
        ("POST", "/cameras", {"name": "Cổng", "url": "rtsp:/1\r\nX: y"}),
        ("PATCH", "/cameras/{camera}", {"url": "https://10.0.0.1/x"}),
        ("POST", "/sign-in-codes", {"role": "king"}),
        ("POST", "/session", {"code": ""}),
        ("GET", "/devices?kind=tank", None),
        ("GET", "/devices?limit=0", None),
        ("GET", "/devices?limit=100000", None),
        ("GET", "/devices?cursor=%FF%FE", None),
        ("GET", "/devices?cursor=%21%21%21", None),
        ("GET", "/zones?cursor=" + "A" * 201, None),
        ("GET", "/cameras?cursor=%00", None),
        ("GET", "/schedules?cursor=żółw", None),
        ("POST", "/schedules", {"name": "L", "trigger": {}, "action": {}}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_makes_no_sense_is_invalid_input(
    village: Village, method: str, path: str, body: object
) -> None:
    known = {
        "{light}": village.device("Cột 11")["id"],
        "{loudspeaker}": village.device("Cụm loa Ngõ 2")["id"],
        "{zone}": village.zone("Ngõ 2"),
        "{camera}": village.get("/cameras")["items"][0]["id"],
    }

    def filled(value: Json) -> Json:
        if isinstance(value, dict):
            return {k: filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [filled(v) for v in value]
        return known.get(value, value)

    for name, value in known.items():
        path = path.replace(name, value)
    before = standing(village)
    answer = send(village, method, path, filled(body))
    assert answer.status_code in (413, 422), f"{answer.status_code} {answer.text[:300]}"
    problem(answer, answer.status_code, "invalid_input")
    assert standing(village) == before


@pytest.mark.parametrize(
    ("trigger", "action"),
    [
        ({"type": "weekly", "days": [8], "time": "17:00"}, None),
        ({"type": "weekly", "days": [], "time": "17:00"}, None),
        ({"type": "weekly", "days": [1], "time": "25:00"}, None),
        ({"type": "weekly", "days": [1], "time": 1700}, None),
        ({"type": "weekly", "days": ["1"], "time": "17:00"}, None),
        ({"type": "sun", "event": "noon", "offset_minutes": 0}, None),
        ({"type": "sun", "event": "sunset", "offset_minutes": 1e9}, None),
        ({"type": "sun", "event": "sunset", "offset_minutes": True}, None),
        ({"type": "cron", "line": "* * * * *"}, None),
        (None, {"type": "light", "zones": ["none"], "turn": "on"}),
        (None, {"type": "light", "zones": [], "turn": "on"}),
        (None, {"type": "light", "zones": [["x"]], "turn": "on"}),
        (None, {"type": "light", "zones": ["{zone}"], "turn": "on", "level": 101}),
        (None, {"type": "announcement", "zones": ["{zone}"], "text": "", "class": "normal"}),
        (None, {"type": "announcement", "zones": ["{zone}"], "text": "A", "class": "emergency"}),
        (None, {"type": "wifi", "devices": ["none"], "turn": "on"}),
        (None, {"type": "wifi", "devices": ["{light}"], "turn": "on"}),
        (None, {"type": "shell", "line": "reboot"}),
        (None, {"type": {"x": []}}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_schedule_that_cannot_be_kept_is_not_made(
    village: Village, trigger: dict[str, Any] | None, action: dict[str, Any] | None
) -> None:
    zone, light = village.zone("Ngõ 2"), village.device("Cột 11")["id"]
    good_trigger = {"type": "weekly", "days": [1], "time": "17:00"}
    good_action = {"type": "light", "zones": [zone], "turn": "on"}
    if action is not None:
        action = {
            k: [{"{zone}": zone, "{light}": light}.get(str(v), v) for v in value]
            if isinstance(value, list)
            else value
            for k, value in action.items()
        }
    before = village.get("/schedules")
    sent = {"name": "Lịch", "trigger": trigger or good_trigger, "action": action or good_action}
    problem(send(village, "POST", "/schedules", sent), 422, "invalid_input")
    assert village.get("/schedules") == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/devices/{light}", {"zone": "none"}),
        ("POST", "/zones", {"name": "Ngõ mồ côi", "parent": "none"}),
        ("POST", "/cameras", {"name": "Cổng", "url": "rtsp://127.0.0.1/x", "zone": "none"}),
        ("PATCH", "/cameras/{camera}", {"zone": "none"}),
        ("POST", "/announcements", {"text": "Alo", "zones": ["none"]}),
    ],
    ids=str,
)
def test_a_road_that_does_not_exist_is_said_so(
    village: Village, method: str, path: str, body: object
) -> None:
    light, camera = village.device("Cột 11"), village.get("/cameras")["items"][0]
    path = path.replace("{light}", light["id"]).replace("{camera}", camera["id"])
    answer = send(village, method, path, body)
    assert answer.status_code in (404, 422), answer.text
    body = problem(answer, answer.status_code, answer.json()["code"])
    assert body["code"] in ("not_found", "invalid_input")
    assert village.device("Cột 11")["zone"] == light["zone"]
    assert village.get("/cameras")["items"][0]["zone"] == camera["zone"]


def test_a_zone_in_use_is_not_removed(village: Village) -> None:
    zone = village.zone("Ngõ 1")
    problem(send(village, "DELETE", f"/zones/{zone}"), 409, "conflict")
    parent = village.new_zone("Xóm ngoài")
    village.post("/zones", 201, name="Ngõ trong", parent=parent)
    problem(send(village, "DELETE", f"/zones/{parent}"), 409, "conflict")
    problem(send(village, "POST", "/zones", {"name": "Ngõ 1"}), 409, "conflict")
    assert village.zone("Ngõ 1") == zone


def test_a_device_is_not_adopted_twice(village: Village) -> None:
    light = village.device("Cột 12")
    sent = {key: light[key] for key in ("driver", "address", "kind", "zone")} | {"name": "Hai"}
    problem(send(village, "POST", "/devices", sent), 409, "conflict")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"turn=on", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b'{"turn":"on"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"turn":NaN}', "application/json"),
        (b"[" * 50_000, "application/json"),
        (b'{"a":' * 20_000, "application/json"),
        (b"", "application/json"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_is_no_json_is_invalid_input(
    village: Village, content: bytes, media_type: str
) -> None:
    light = village.device("Cột 11")["id"]
    answer = village.head.post(
        f"/api/v1/devices/{light}/commands",
        content=content,
        headers={"Content-Type": media_type},
    )
    problem(answer, 422, "invalid_input")


def test_a_body_of_two_megabytes_is_refused(village: Village) -> None:
    body = {"name": "x" * 2_000_000}
    problem(send(village, "POST", "/zones", body), 413, "invalid_input")

    def parts() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 10_000

    answer = village.head.post("/api/v1/zones", content=parts())
    problem(answer, 413, "invalid_input")


def test_a_huge_header_or_no_http_at_all_ends_that_connection_alone(village: Village) -> None:
    for sent in (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/zones HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/zones HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ):
        with closing(socket.create_connection(("127.0.0.1", village.hub.port), 5)) as wire:
            try:
                wire.sendall(sent)
                head = wire.recv(200)
            except ConnectionError:
                head = b""
        assert head == b"" or head.split()[1][:1] == b"4", head
    assert village.head.get("/api/v1/health").json() == {"status": "ok"}


def test_a_header_without_end_is_not_kept(village: Village) -> None:
    memory = psutil.Process(village.hub.process.pid).memory_info().rss
    with closing(socket.create_connection(("127.0.0.1", village.hub.port), 5)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 32_000_000:
                sent += wire.send(b"x" * 65_536)
        assert sent < 32_000_000, "all of it was taken"
    assert psutil.Process(village.hub.process.pid).memory_info().rss - memory < 16_000_000


def test_a_method_that_a_route_has_not_is_said_so(village: Village) -> None:
    answer = village.head.put("/api/v1/zones", json={})
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"]


def test_a_phone_that_leaves_in_the_middle_of_its_body_hurts_nobody(village: Village) -> None:
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", village.hub.port, timeout=5)
        connection.putrequest("POST", "/api/v1/zones")
        connection.putheader("Content-Length", "1000")
        connection.putheader("Content-Type", "application/json")
        connection.endheaders()
        connection.send(b'{"name":')
        connection.close()
    assert village.head.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sound/1a2039e2b778062a9b7fb.mp3?expires=1&signature=x", (403, 410)),
        ("/sound/1a2039e2b778062a9b7fb.mp3?expires=99999999999&signature=" + "0" * 64, (403,)),
        ("/sound/..%2F..%2Fhub.sqlite.mp3?expires=1&signature=x", (403, 404, 410)),
        ("/sound/x.mp3", (422,)),
        ("/sound/x.mp3?expires=" + "9" * 400 + "&signature=x", (403, 422)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_sound_is_given_to_nobody_without_a_good_signature(
    village: Village, path: str, status: tuple[int, ...]
) -> None:
    answer = village.head.get(path)
    assert answer.status_code in status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["/../config.yaml", "/%2e%2e/config.yaml", "/..%2fconfig.yaml", "/.git/config", "//etc/passwd"],
)
def test_no_path_leads_out_of_the_page(village: Village, path: str) -> None:
    with closing(socket.create_connection(("127.0.0.1", village.hub.port), 5)) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while part := wire.recv(65_536):
            got += part
    assert got.split()[1] == b"404", got[:300]
    assert b"village:" not in got
