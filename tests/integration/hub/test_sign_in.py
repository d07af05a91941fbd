"""Who may do what, walked over the whole interface with real requests."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.integration.hub.conftest import Village
from tests.integration.hub.streams import EventStream
from tests.villages import wait_until

# What stands open to everybody, and what a resident may do besides reading.
OPEN = {
    ("post", "/api/v1/session"),
    ("get", "/api/v1/health"),
    ("get", "/sound/{announcement_id}.mp3"),
}
RESIDENTS = {
    ("get", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("get", "/api/v1/events"),
    ("get", "/api/v1/zones"),
    ("get", "/api/v1/zones/{zone_id}"),
    ("get", "/api/v1/announcements"),
    ("get", "/api/v1/announcements/{announcement_id}"),
    ("get", "/api/v1/announcements/{announcement_id}/audio.mp3"),
    ("get", "/api/v1/cameras"),
    ("get", "/api/v1/cameras/{camera_id}"),
    ("get", "/api/v1/cameras/{camera_id}/snapshot.jpg"),
    ("get", "/api/v1/cameras/{camera_id}/stream.mjpeg"),
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/sign-in-codes"): {"role": "head"},
    ("post", "/api/v1/zones"): {"name": "Ngõ trộm"},
    ("post", "/api/v1/zones/{zone_id}/commands"): {"turn": "on"},
    ("post", "/api/v1/devices/{device_id}/commands"): {"turn": "on"},
    ("post", "/api/v1/devices/{device_id}/volume"): {"percent": 10},
    ("post", "/api/v1/announcements/preview"): {"text": "Alo"},
    ("post", "/api/v1/cameras"): {"name": "Trộm", "url": "rtsp://127.0.0.1/x"},
}


def operations(village: Village) -> list[tuple[str, str]]:
    """Every method and path that the hub describes."""
    paths = village.get("/openapi.json")["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def real_paths(village: Village) -> dict[str, str]:
    """Ids of things that exist: a refusal is not to be mistaken for "not found"."""
    return {
        "{device_id}": village.device("Cột 1")["id"],
        "{zone_id}": village.zone("Ngõ 1"),
        "{camera_id}": village.get("/cameras")["items"][0]["id"],
        "{schedule_id}": village.get("/schedules")["items"][0]["id"],
        "{announcement_id}": "1a2039e2b778062a9b7fb",
    }


def ask(phone: httpx.Client, village: Village, operation: tuple[str, str]) -> httpx.Response:
    method, path = operation
    for name, value in real_paths(village).items():
        path = path.replace(name, value)
    body = BODIES.get(operation, {}) if method in ("post", "patch") else None
    return phone.request(method.upper(), path, json=body)


def test_the_description_names_every_route_that_acts(village: Village) -> None:
    described = operations(village)
    assert len(described) > 35
    assert ("post", "/api/v1/devices/{device_id}/commands") in described


def test_without_a_cookie_every_route_but_the_open_ones_answers_401(village: Village) -> None:
    wrong = []
    with village.hub.stranger() as stranger:
        for operation in operations(village):
            if operation in OPEN:
                continue
            answer = ask(stranger, village, operation)
            if (answer.status_code, answer.json().get("code")) != (401, "not_signed_in"):
                wrong.append((operation, answer.status_code, answer.text))
            assert answer.headers["content-type"] == "application/problem+json"
    assert not wrong


def test_a_forged_or_foreign_cookie_is_nobody(village: Village) -> None:
    with village.hub.stranger() as stranger:
        for token in ("x", "A" * 43, "%00", "village"):
            stranger.cookies.set("village_session", token)
            assert stranger.get("/api/v1/session").status_code == 401


def test_a_resident_gets_403_from_each_route_that_acts_and_from_devices(
    village: Village,
) -> None:
    before = (
        village.get("/zones"),
        village.get("/schedules"),
        len(village.get("/devices")["items"]),
    )
    wrong = []
    for operation in operations(village):
        if operation in OPEN | RESIDENTS:
            continue
        answer = ask(village.resident, village, operation)
        if (answer.status_code, answer.json().get("code")) != (403, "not_permitted"):
            wrong.append((operation, answer.status_code, answer.text))
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    assert not wrong
    after = (
        village.get("/zones"),
        village.get("/schedules"),
        len(village.get("/devices")["items"]),
    )
    assert after == before


def test_a_resident_reads_what_residents_see_and_no_more(village: Village) -> None:
    for path in ("/zones", "/cameras", "/announcements", "/session"):
        assert village.resident.get(f"/api/v1{path}").status_code == 200
    with EventStream(village.resident) as news:
        snapshot = news.wait("snapshot").body
    assert {"zones", "cameras", "announcements"} <= snapshot.keys()
    assert not {"devices", "found", "schedules", "broker"} & snapshot.keys()
    camera = village.resident.get("/api/v1/cameras").json()["items"][0]
    assert "url" not in camera
    assert "rtsp" not in str(camera)


def test_of_two_phones_with_one_link_one_is_signed_in(village: Village) -> None:
    code = village.new_code("resident")
    start = threading.Barrier(2)

    def race(phone: httpx.Client) -> httpx.Response:
        phone.get("/api/v1/health")  # the connection stands before the race begins
        start.wait()
        return phone.post("/api/v1/session", json={"code": code})

    with (
        village.hub.stranger() as one,
        village.hub.stranger() as other,
        ThreadPoolExecutor(2) as both,
    ):
        answers = sorted(both.map(race, [one, other]), key=lambda a: a.status_code)
    assert [answer.status_code for answer in answers] == [200, 410]
    assert answers[1].json()["code"] == "expired"
    assert "used" in answers[1].json()["detail"]


def test_a_link_works_once_and_says_so(village: Village) -> None:
    code = village.new_code("resident")
    with closing(village.hub.sign_in(code)), village.hub.stranger() as late:
        answer = late.post("/api/v1/session", json={"code": code})
        assert answer.status_code == 410
        assert answer.headers["content-type"] == "application/problem+json"
        assert code not in answer.text


def test_the_cookie_is_for_this_site_and_not_for_scripts(village: Village) -> None:
    with village.hub.stranger() as phone:
        answer = phone.post("/api/v1/session", json={"code": village.new_code("resident")})
        cookie = answer.headers["set-cookie"].lower()
        flags = {part.strip() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert "secure" not in flags  # this page came by plain http
        assert not any(flag.startswith("domain") for flag in flags)
        assert (
            int(next(f for f in flags if f.startswith("max-age")).partition("=")[2]) > 86_400 * 300
        )
        assert answer.json()["secure"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_write_that_another_site_sends_is_refused(
    village: Village, headers: dict[str, str]
) -> None:
    for method, path in (
        ("POST", "/zones"),
        ("POST", "/loudspeakers/stop"),
        ("POST", "/session"),
        ("DELETE", "/session"),
        ("PATCH", f"/devices/{village.device('Cột 1')['id']}"),
    ):
        answer = village.head.request(
            method, f"/api/v1{path}", json={"name": "Ngõ lạ"}, headers=headers
        )
        assert answer.status_code == 403, (method, path, answer.text)
        assert answer.json()["code"] == "not_permitted"
    assert village.head.get("/api/v1/session").status_code == 200


def test_a_write_from_the_own_page_is_taken(village: Village) -> None:
    headers = {"Origin": village.hub.url, "Sec-Fetch-Site": "same-origin"}
    answer = village.head.post("/api/v1/zones", json={"name": "Ngõ nhà"}, headers=headers)
    assert answer.status_code == 201


def test_signing_out_ends_the_open_streams_of_that_phone_and_of_no_other(
    village: Village,
) -> None:
    camera = village.get("/cameras")["items"][0]
    phone = village.phone("resident")
    with (
        EventStream(phone) as news,
        EventStream(village.resident) as others,
        EventStream(phone, camera["stream"]) as pictures,
    ):
        news.wait("snapshot")
        wait_until(lambda: pictures.bytes > 20_000, "pictures come")
        assert phone.delete("/api/v1/session").status_code == 204
        assert news.ended.wait(5), "the event stream of a signed-out phone goes on"
        assert pictures.ended.wait(5), "the pictures of a signed-out phone go on"
        assert not others.ended.is_set()
    assert phone.get("/api/v1/session").status_code == 401
