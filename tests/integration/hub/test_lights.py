"""Lights end to end: what the page says is what the relay itself reported."""

import time

from tests.integration.hub.conftest import Village
from tests.integration.hub.relays import Heard
from tests.integration.hub.streams import EventStream
from tests.villages import wait_until


def test_a_new_relay_waits_in_the_inbox_is_adopted_switched_and_confirmed(
    village: Village,
) -> None:
    zone = village.new_zone("Ngõ rơ-le mới")
    with EventStream(village.head) as news, village.relay() as relay:
        found = news.wait("found", lambda body: body["address"] == relay.address()).body
        assert (found["driver"], found["kind"]) == ("tasmota", "light")
        assert relay.address() not in [d["address"] for d in village.get("/devices")["items"]]

        device = village.adopt(relay, zone, "Cột mới")
        news.wait("found", lambda body: body["id"] == found["id"] and body.get("removed"))
        answer = village.post(f"/devices/{device}/commands", turn="on")

        assert answer["command"]["outcome"] == "confirmed"
        assert answer["command"]["confirmed_at"]
        assert relay.on == [True]
        shown = village.get(f"/devices/{device}")
        assert shown["state"]["on"] is True
        assert shown["state"]["source"] == "command"
        assert shown["state"]["stale"] is False
        news.wait("device", lambda body: body["id"] == device and body["state"]["on"])
        news.wait("command", lambda body: body["id"] == answer["command"]["id"])


def test_a_relay_that_never_reports_gives_504_after_three_seconds_and_stays_as_it_was(
    village: Village,
) -> None:
    zone = village.new_zone("Ngõ im lặng")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột im")
        village.post(f"/devices/{device}/commands", turn="on")
        relay.mute = True
        with EventStream(village.head) as news:
            began = time.monotonic()
            answer = village.head.post(f"/api/v1/devices/{device}/commands", json={"turn": "off"})
            took_s = time.monotonic() - began

            assert answer.status_code == 504
            assert answer.json()["code"] == "no_answer"
            assert 2.8 < took_s < 20
            assert [order.payload for order in relay.orders()] == [b"ON", b"OFF"]
            settled = news.wait(
                "command", lambda b: b["device"] == device and b["outcome"] != "open"
            ).body
        assert settled["outcome"] == "unconfirmed"
        assert settled["confirmed_at"] is None
        shown = village.get(f"/devices/{device}")
        assert shown["state"]["on"] is True
        assert shown["target"]["on"] is False


def test_a_relay_switched_by_hand_shows_as_such_and_is_nobodys_deed(village: Village) -> None:
    zone = village.new_zone("Ngõ gạt tay")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột gạt tay")
        village.post(f"/devices/{device}/commands", turn="off")
        with EventStream(village.head) as news:
            relay.press()
            shown = news.wait("device", lambda b: b["id"] == device and b["state"]["on"]).body
            assert shown["state"]["source"] == "local"
            assert shown["target"]["on"] is False
            assert not [n for n in news.heard if n.noun == "command"]


def test_a_hand_at_a_simulated_pole_is_heard_too(village: Village) -> None:
    before = village.device("Cột 5")
    village.simulator.do("press", address="A0B1C2D3E005/1")
    after = village.until(
        f"/devices/{before['id']}",
        lambda d: d["state"]["on"] is not before["state"]["on"],
        "the hand is seen",
    )
    assert after["state"]["source"] == "local"


def test_a_box_with_four_relays_is_four_devices(village: Village) -> None:
    zone = village.new_zone("Ngõ bốn rơ-le")
    with village.relay(4) as relay:
        devices = [village.adopt(relay, zone, f"Cột bốn {n}", n) for n in range(1, 5)]
        assert len(set(devices)) == 4
        village.post(f"/devices/{devices[2]}/commands", turn="on")
        assert relay.on == [False, False, True, False]
        wait_until(
            lambda: (
                [village.get(f"/devices/{device}")["state"]["on"] for device in devices]
                == [False, False, True, False]
            ),
            "each lamp shows its own state",
        )


def test_a_road_answers_200_when_all_confirmed_and_207_with_the_silent_ones(
    village: Village,
) -> None:
    zone = village.new_zone("Đường bốn cột")
    with village.relay(3) as box, village.relay() as single:
        lights = [village.adopt(box, zone, f"Cột đường {n}", n) for n in range(1, 4)]
        lights.append(village.adopt(single, zone, "Cột đường 4"))
        all_of_them = village.post(f"/zones/{zone}/commands", turn="on")
        assert sorted(all_of_them["confirmed"]) == sorted(lights)
        assert all_of_them["unconfirmed"] == []

        single.deaf = True
        some = village.post(f"/zones/{zone}/commands", 207, turn="off")
        assert sorted(some["confirmed"]) == sorted(lights[:3])
        assert some["unconfirmed"] == [lights[3]]
        assert single.on == [True]
        assert village.get(f"/devices/{lights[3]}")["state"]["on"] is True


def test_a_word_that_the_broker_kept_is_shown_as_old_and_confirms_nothing(
    village: Village,
) -> None:
    zone = village.new_zone("Ngõ lời cũ")
    # Topics of its own, so that the hub subscribes, and gets what is kept, at adoption.
    relay = village.relay(full_topic="ngo/%prefix%/%topic%/")
    relay.deaf = True
    with relay:
        relay.say(relay.topic("tele", "STATE"), {"POWER": "ON"}, retain=True, qos=1)
        device = village.adopt(relay, zone, "Cột lời cũ")
        shown = village.until(f"/devices/{device}", lambda d: d["state"]["on"], "it is recalled")
        assert shown["state"]["stale"] is True
        answer = village.head.post(f"/api/v1/devices/{device}/commands", json={"turn": "on"})
        assert answer.status_code == 504, answer.text
        assert village.get(f"/devices/{device}")["state"]["stale"] is True
        relay.say(relay.topic("tele", "STATE"), b"", retain=True, qos=1)


def test_what_a_relay_says_as_it_starts_confirms_nothing(village: Village) -> None:
    zone = village.new_zone("Ngõ vừa có điện")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột vừa có điện")
        village.post(f"/devices/{device}/commands", turn="off")

        def start_instead(heard: Heard) -> None:
            """The order meets a power cut: the box starts with its lamp on."""
            if heard.payload and len(relay.orders()) == 2:
                relay.on = [True]
                relay.say(relay.topic("tele", "LWT"), "Online", retain=True)
                relay.report()

        relay.obey = start_instead  # type: ignore[method-assign]
        answer = village.head.post(f"/api/v1/devices/{device}/commands", json={"turn": "on"})
        assert answer.status_code == 504, answer.text
        # It was asked again after its start, and that order is the one that was not answered.
        assert len(relay.orders()) >= 3
        assert village.get(f"/devices/{device}")["state"]["source"] == "boot"


def test_a_slow_relay_confirms_late_but_truly(village: Village) -> None:
    zone = village.new_zone("Ngõ chậm")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột chậm")
        relay.late_s = 1.0
        began = time.monotonic()
        assert village.post(f"/devices/{device}/commands", turn="on")
        assert time.monotonic() - began > 0.9
        relay.late_s = 0


def test_a_light_that_loses_power_is_offline_and_follows_when_it_returns(
    village: Village,
) -> None:
    zone = village.new_zone("Ngõ mất điện")
    relay = village.relay()
    with relay:
        device = village.adopt(relay, zone, "Cột mất điện")
        village.post(f"/devices/{device}/commands", turn="on")
    village.until(
        f"/devices/{device}", lambda d: d["availability"] == "offline", "its will is heard"
    )
    again = type(relay)(village.hub.broker_login(), relay.mac)  # it starts with its lamp off
    with again:
        wait_until(lambda: again.on == [True], "the lamp is switched on again")
        shown = village.until(
            f"/devices/{device}", lambda d: d["state"]["on"] is True, "it is seen to be on"
        )
        assert shown["availability"] == "online"
