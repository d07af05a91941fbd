"""A POST that is sent again with the same Idempotency-Key acts once and is answered the same."""

import httpx
import pytest

from tests.integration.hub.conftest import Village
from tests.integration.hub.relays import Loudspeaker, adopt
from tests.villages import key, wait_until


def twice(
    village: Village, path: str, body: dict[str, object], other: dict[str, object]
) -> list[httpx.Response]:
    """Send it twice, then something else with the same key."""
    headers = key()
    first = village.head.post(f"/api/v1{path}", json=body, headers=headers)
    again = village.head.post(f"/api/v1{path}", json=body, headers=headers)
    assert first.status_code < 300, first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    wrong = village.head.post(f"/api/v1{path}", json=other, headers=headers)
    assert wrong.status_code == 422
    assert wrong.json()["code"] == "invalid_input"
    return [first, again]


def test_a_zone_is_made_once(village: Village) -> None:
    twice(village, "/zones", {"name": "Ngõ một lần"}, {"name": "Ngõ khác"})
    names = [zone["name"] for zone in village.get("/zones")["items"]]
    assert names.count("Ngõ một lần") == 1
    assert "Ngõ khác" not in names


def test_a_device_is_adopted_once(village: Village) -> None:
    zone = village.new_zone("Ngõ nhận một lần")
    with village.relay() as relay:
        address = relay.address()
        wait_until(
            lambda: address in [f["address"] for f in village.get("/devices/found")["items"]],
            "it waits among the found",
        )
        body = {"driver": "tasmota", "address": address, "kind": "light"}
        body |= {"name": "Cột một lần", "zone": zone}
        twice(village, "/devices", {**body}, {**body, "name": "Cột khác"})
    addresses = [device["address"] for device in village.get("/devices")["items"]]
    assert addresses.count(address) == 1


def test_a_command_is_sent_once(village: Village) -> None:
    zone = village.new_zone("Ngõ lệnh một lần")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột lệnh một lần")
        first, _ = twice(village, f"/devices/{device}/commands", {"turn": "on"}, {"turn": "off"})
        assert len(relay.orders()) == 1
        assert relay.on == [True]
        assert first.json()["command"]["outcome"] == "confirmed"
        # Another key is another wish.
        village.post(f"/devices/{device}/commands", turn="on")
        assert len(relay.orders()) == 2


def test_a_command_that_was_not_answered_is_not_sent_again(village: Village) -> None:
    zone = village.new_zone("Ngõ im một lần")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột im một lần")
        relay.deaf = True
        headers = key()
        path = f"/api/v1/devices/{device}/commands"
        first = village.head.post(path, json={"turn": "on"}, headers=headers)
        again = village.head.post(path, json={"turn": "on"}, headers=headers)
        assert (first.status_code, again.status_code) == (504, 504)
        assert again.content == first.content
        assert again.headers["content-type"] == "application/problem+json"
        assert len(relay.orders()) == 1


def test_an_announcement_plays_once(village: Village) -> None:
    zone = village.new_zone("Ngõ nghe một lần")
    with Loudspeaker(village.hub.broker_login(), "loa-mot-lan") as loudspeaker:
        adopt(
            village.head,
            zone,
            "loudspeaker",
            "loudspeaker",
            "loa-mot-lan",
            "Loa một lần",
            wait_until,
        )
        body = {"text": "Alo, nghe rõ trả lời", "zones": [zone], "class": "normal", "repeat": 1}
        first, _ = twice(village, "/announcements", {**body}, {**body, "text": "Khác"})
        announcement = first.json()["id"]
        done = village.until(
            f"/announcements/{announcement}", lambda a: a["state"] == "done", "it was played", 20
        )
        assert [d["state"] for d in done["deliveries"]] == ["played"]
        assert loudspeaker.plays == {announcement: 1}


def test_a_schedule_is_made_once(village: Village) -> None:
    body: dict[str, object] = {
        "name": "Lịch một lần",
        "trigger": {"type": "weekly", "days": [7], "time": "03:00"},
        "action": {"type": "light", "zones": [village.zone("Ngõ 1")], "turn": "off"},
    }
    twice(village, "/schedules", {**body}, {**body, "name": "Lịch khác"})
    names = [schedule["name"] for schedule in village.get("/schedules")["items"]]
    assert names.count("Lịch một lần") == 1
    assert "Lịch khác" not in names
    made = next(s for s in village.get("/schedules")["items"] if s["name"] == "Lịch một lần")
    assert village.head.delete(f"/api/v1/schedules/{made['id']}").status_code == 204


def test_the_same_key_of_another_phone_is_another_key(village: Village) -> None:
    headers = key()
    one = village.head.post("/api/v1/zones", json={"name": "Ngõ máy một"}, headers=headers)
    other = village.phone().post("/api/v1/zones", json={"name": "Ngõ máy hai"}, headers=headers)
    assert (one.status_code, other.status_code) == (201, 201)


@pytest.mark.parametrize("bad", ["", "x" * 201], ids=["empty", "too long"])
def test_a_key_that_cannot_be_one_is_said_to_be_wrong(village: Village, bad: str) -> None:
    answer = village.head.post(
        "/api/v1/zones", json={"name": "Ngõ khoá hỏng"}, headers={"Idempotency-Key": bad}
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid_input"
    assert answer.headers["content-type"] == "application/problem+json"
