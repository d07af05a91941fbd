"""Nonsense from devices: dropped, said once in the log, and nobody else is hurt."""

import json
import time

import pytest

from tests.integration.hub.conftest import Village
from tests.integration.hub.relays import Device, Loudspeaker, adopt
from tests.integration.hub.streams import EventStream
from tests.villages import wait_until

DEEP = b'{"POWER":' * 20_000 + b"1" + b"}" * 20_000
NONSENSE = [
    b"",
    b"\xff\xfe\x00\xff",
    b"{",
    b"null",
    b"[]",
    b"[[[[",
    b'"ON"',
    b"0",
    b"NaN",
    b'{"POWER":NaN}',
    b'{"POWER":[1,2],"ENERGY":"much"}',
    b'{"POWER":{"POWER":"ON"}}',
    b'{"POWER":"\xed\xa0\x80"}',
    b'{"ENERGY":{"Power":NaN,"Total":-1e999}}',
    b'{"ENERGY":{"Power":1e400}}',
    b'{"Dimmer":1e30}',
    b'{"id":1,"status":[],"at":"yesterday"}',
    b'{"id":"' + b"x" * 5000 + b'","status":"done"}',
    b'{"guest":{"on":"yes","stations":-1}}',
    b'{"guest":{"on":true,"stations":NaN}}',
    b'{"now":[1],"volume":1e99,"queue":-5,"name":7}',
    b'{"name":"' + b"\\u0000" * 500 + b'"}',
    b'{"t":1,"ft":2,"tp":3,"rl":4,"mac":5}',
    b'{"t":"#","ft":"%prefix%/%topic%/","tp":["+","#","$SYS"],"rl":[1],"state":["OFF","ON"]}',
    b'{"t":"a","ft":"village/%prefix%/%topic%/","tp":["a","b","c"],"rl":[1],"state":["0","1"]}',
    DEEP,
    b"x" * 200_000,
]
TOPICS = [
    "tasmota/discovery/{mac}/config",
    "tasmota/discovery/{mac}/sensors",
    "tasmota/discovery/zz/config",
    "tasmota/discovery//config",
    "stat/tasmota_{tail}/RESULT",
    "stat/tasmota_{tail}/POWER",
    "stat/tasmota_{tail}/POWER99",
    "tele/tasmota_{tail}/STATE",
    "tele/tasmota_{tail}/SENSOR",
    "tele/tasmota_{tail}/LWT",
    "village/loudspeaker/loa-rac/state",
    "village/loudspeaker/loa-rac/status",
    "village/loudspeaker/loa-rac/ack",
    "village/loudspeaker/loa-rac/tele",
    "village/loudspeaker/a b c/state",
    "village/access-point/nha-van-hoa/tele",
    "village/access-point/ap-rac/state",
    "village/access-point/ap-rac/status",
    "village/access-point/ap-rac/ack",
]


def still_well(village: Village) -> None:
    """Another light is switched, and the hub says that it is there."""
    light = village.device("Cột 10")["id"]
    for turn in ("on", "off"):
        began = time.monotonic()
        assert village.post(f"/devices/{light}/commands", turn=turn)["command"]["confirmed_at"]
        assert time.monotonic() - began < 20
    assert village.hub.process.poll() is None
    assert village.get("/status")["broker"]["connected"] is True


def test_nonsense_on_every_topic_changes_nothing_and_hurts_nobody(village: Village) -> None:
    zone = village.new_zone("Ngõ rác")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột rác")
        village.post(f"/devices/{device}/commands", turn="on")
        session = village.get("/status")["broker"]["session"]
        names = {"mac": relay.mac, "tail": relay.mac[-6:]}
        with Device(village.hub.broker_login(), "junk") as junk:
            for topic in TOPICS:
                for payload in NONSENSE:
                    junk.say(topic.format(**names), payload, qos=1)
            junk.delivered()
        still_well(village)
        relay.introduce()
        shown = village.until(
            f"/devices/{device}", lambda d: d["state"]["on"] is not None, "the light has a state"
        )
        assert shown["state"]["on"] is True
        answer = village.post(f"/devices/{device}/commands", turn="off")
        assert answer["command"]["outcome"] == "confirmed"
        assert village.get("/status")["broker"]["session"] == session


def test_ten_thousand_messages_at_once_hold_nobody_up(village: Village) -> None:
    zone = village.new_zone("Ngõ lũ")
    with village.relay() as relay:
        device = village.adopt(relay, zone, "Cột lũ")
        village.post(f"/devices/{device}/commands", turn="off")
        with (
            EventStream(village.head) as news,
            Device(village.hub.broker_login(), "flood") as flood,
        ):
            news.wait("snapshot")
            for number in range(10_000):
                word = "ON" if number % 2 else "OFF"
                flood.say(relay.topic("stat", "RESULT"), {"POWER": word})
            still_well(village)
            flood.say(relay.topic("stat", "RESULT"), {"POWER": "ON"}, qos=1)
            news.wait("device", lambda b: b["id"] == device and b["state"]["on"], 20)
            # Phones get the last of many changes, not each.
            assert len([n for n in news.heard if n.noun == "device"]) < 2_000
            assert not news.ended.is_set()
        still_well(village)


def test_a_thousand_invented_boxes_fill_the_inbox_and_nothing_else(village: Village) -> None:
    before = len(village.get("/devices")["items"])
    with village.relay() as relay, Device(village.hub.broker_login(), "inventor") as inventor:
        for number in range(1_000):
            mac = f"DEAD{number:08X}"
            topic = f"tasmota/discovery/{mac}/config"
            config = {**relay.config(), "mac": mac, "t": f"tasmota_{mac[-6:]}"}
            inventor.say(topic, config)
        village.until(
            "/devices/found?limit=1000", lambda f: len(f["items"]) == 1000, "they are found", 20
        )
        still_well(village)
        assert len(village.get("/devices")["items"]) == before
        for number in range(1_000):
            inventor.say(f"tasmota/discovery/DEAD{number:08X}/config", b"", qos=1)
        inventor.delivered()
        village.until(
            "/devices/found?limit=1000",
            lambda f: not [d for d in f["items"] if d["address"].startswith("DEAD")],
            "they are withdrawn",
            20,
        )


def test_one_box_cannot_answer_for_another(village: Village) -> None:
    zone = village.new_zone("Ngõ giả danh")
    with village.relay() as honest, village.relay() as liar:
        device = village.adopt(honest, zone, "Cột thật")
        honest.deaf = True
        # It claims the honest box's topics in its own discovery, and reports there is none.
        stolen = {**liar.config(), "t": honest.name}
        liar.say(f"tasmota/discovery/{liar.mac}/config", stolen)
        village.adopt(liar, zone, "Cột giả")
        assert village.hub.process.poll() is None
        relay_answers = village.head.post(f"/api/v1/devices/{device}/commands", json={"turn": "on"})
        assert relay_answers.status_code == 504


def test_a_loudspeaker_that_lies_about_orders_plays_nothing_for_others(village: Village) -> None:
    zone = village.new_zone("Ngõ loa dối")
    login = village.hub.broker_login()
    with Loudspeaker(login, "loa-that") as honest, Loudspeaker(login, "loa-doi") as liar:
        for name in ("loa-that", "loa-doi"):
            kind = "loudspeaker"
            adopt(village.head, zone, kind, kind, name, f"Cụm {name}", wait_until)
        honest.answers = "nothing"
        body = {"text": "Alo loa dối", "zones": [zone]}
        announcement = village.post("/announcements", 201, **body)["id"]
        order = wait_until(lambda: next(iter(honest.orders_to_play()), None), "it is ordered")
        liar.acknowledge(order["id"], "done")
        shown = village.until(
            f"/announcements/{announcement}",
            lambda a: all(d["state"] not in ("queued", "playing") for d in a["deliveries"]),
            "every delivery has an end",
            15,
        )
        states = {d["name"]: d["state"] for d in shown["deliveries"]}
        assert states == {"Cụm loa-that": "unanswered", "Cụm loa-doi": "played"}


@pytest.mark.parametrize("kind", ["loudspeaker", "access-point"])
def test_a_retained_lie_on_a_command_topic_is_not_the_hubs(village: Village, kind: str) -> None:
    with Device(village.hub.broker_login(), f"writer-{kind}") as writer:
        # The broker's rights keep devices from writing commands: nobody receives this.
        writer.say(f"village/{kind}/loa-1/set", json.dumps({"id": "x", "op": "stop"}), qos=1)
        writer.delivered()
        still_well(village)
