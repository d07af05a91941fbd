"""Schedules fire by the hub's clock, which this test moves; what was missed is said so."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.integration.hub.relays import AccessPoint, Loudspeaker, Relay
from tests.villages import Hub, Json, by_name, running, wait_until, write_config

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVERY_DAY = {"type": "weekly", "days": [1, 2, 3, 4, 5, 6, 7]}
BEGIN = {
    "zones": [{"name": "Ngõ 1"}, {"name": "Đình"}],
    "devices": [
        {"driver": "tasmota", "address": "E0E0E0E00001/1", "kind": "light", "name": "Cột 1"}
        | {"zone": "Ngõ 1"},
        {"driver": "tasmota", "address": "E0E0E0E00001/2", "kind": "light", "name": "Cột 2"}
        | {"zone": "Ngõ 1"},
        {"driver": "loudspeaker", "address": "loa", "kind": "loudspeaker", "name": "Loa"}
        | {"zone": "Ngõ 1"},
        {"driver": "access_point", "address": "ap", "kind": "access_point", "name": "Wifi"}
        | {"zone": "Đình"},
    ],
}


class Calendar:
    """A hub with a clock that can be moved, forward only, and devices that live on without it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.clock = folder / "clock"
        self.clock.write_text("0")
        self.config = write_config(folder, begin=BEGIN)
        self._stack = stack
        self.hub = self._start()
        self.phone = self.hub.sign_in(self.hub.link_code())
        stack.callback(self.phone.close)
        login = self.hub.broker_login()
        self.relay = stack.enter_context(Relay(login, "E0E0E0E00001", 2))
        self.loudspeaker = stack.enter_context(Loudspeaker(login, "loa"))
        self.access_point = stack.enter_context(AccessPoint(login, "ap"))
        wait_until(self._all_heard, "all devices are heard")

    def _start(self) -> Hub:
        hub = Hub(self.config, drill=True, VILLAGE_CLOCK_FILE=str(self.clock))
        self._stack.enter_context(running(hub))
        return hub.wait_ready()

    def stop(self) -> None:
        assert self.hub.stop() == 0

    def start_again(self) -> None:
        self.hub = self._start()

    def _all_heard(self) -> bool:
        return all(not d["state"]["stale"] for d in self.get("/devices")["items"])

    def get(self, path: str) -> Json:
        answer = self.phone.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def now(self) -> datetime:
        return datetime.now(ZONE) + timedelta(seconds=float(self.clock.read_text()))

    def next(self, hour: int, minute: int = 0, second: int = 1) -> datetime:
        """The next time that a clock on the wall shows this."""
        then = self.now().replace(hour=hour, minute=minute, second=second, microsecond=0)
        return then if then > self.now() else then + timedelta(days=1)

    def move_to(self, moment: datetime) -> None:
        seconds = (moment - datetime.now(ZONE)).total_seconds()
        assert seconds > float(self.clock.read_text()), "time runs forward"
        self.clock.write_text(str(seconds))

    def add(self, name: str, trigger: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
        sent = {"name": name, "trigger": trigger, "action": action}
        answer = self.phone.post("/api/v1/schedules", json=sent)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def ran(self, schedule: dict[str, Any], outcome: str) -> dict[str, Any]:
        """Wait until its last run has this outcome."""
        run: dict[str, Any] = wait_until(
            lambda: next(
                (
                    run
                    for run in [self.get(f"/schedules/{schedule['id']}")["last_run"]]
                    if run is not None and run["outcome"] == outcome
                ),
                None,
            ),
            f"{schedule['name']} is {outcome}",
        )
        return run

    def zone(self, name: str) -> str:
        return str(by_name(self.get("/zones")["items"], name)["id"])

    def device(self, name: str) -> Json:
        return by_name(self.get("/devices")["items"], name)


@pytest.fixture
def calendar(folder: Path) -> Iterator[Calendar]:
    with ExitStack() as stack:
        yield Calendar(folder, stack)


def light(calendar: Calendar, turn: str) -> dict[str, Any]:
    return {"type": "light", "zones": [calendar.zone("Ngõ 1")], "turn": turn}


def test_a_day_of_the_village_by_its_calendar(calendar: Calendar) -> None:
    speech = {"type": "announcement", "zones": [calendar.zone("Ngõ 1")], "text": "Alo thời sự"}
    wifi = {"type": "wifi", "devices": [calendar.device("Wifi")["id"]], "turn": "off"}
    sunset = calendar.add(
        "Hoàng hôn",
        {"type": "sun", "event": "sunset", "offset_minutes": 0},
        light(calendar, "on"),
    )
    news = calendar.add("Thời sự", {**EVERY_DAY, "time": "19:30"}, speech)
    quiet = calendar.add("Tắt wifi", {**EVERY_DAY, "time": "22:00"}, wifi)
    night = calendar.add("Tắt đèn", {**EVERY_DAY, "time": "23:00"}, light(calendar, "off"))

    due = datetime.fromisoformat(sunset["next_at"])
    assert 17 <= due.astimezone(ZONE).hour < 19
    evening = max(due, calendar.next(0))
    if evening.date() != due.date():
        evening = due
    calendar.move_to(evening + timedelta(seconds=1))
    run = calendar.ran(sunset, "done")
    assert datetime.fromisoformat(run["due_at"]) == due
    assert calendar.relay.on == [True, True]
    shown = calendar.device("Cột 1")
    assert shown["state"]["on"] is True
    assert shown["state"]["source"] == "command"
    assert (shown["target"]["source"], shown["target"]["by"]) == ("programme", "Hoàng hôn")
    after = calendar.get(f"/schedules/{sunset['id']}")["next_at"]
    assert datetime.fromisoformat(after) - due > timedelta(hours=23)

    calendar.move_to(calendar.next(19, 30))
    calendar.ran(news, "done")
    wait_until(lambda: sum(calendar.loudspeaker.plays.values()) == 1, "the news is heard, once")

    calendar.move_to(calendar.next(22))
    calendar.ran(quiet, "done")
    assert calendar.access_point.on is False
    assert calendar.device("Wifi")["state"]["on"] is False

    calendar.move_to(calendar.next(23))
    calendar.ran(night, "done")
    wait_until(lambda: calendar.relay.on == [False, False], "the lamps are off")
    assert sum(calendar.loudspeaker.plays.values()) == 1
    calendar.stop()


def test_after_an_evening_without_power_lights_catch_up_and_speech_is_missed(
    calendar: Calendar,
) -> None:
    speech = {"type": "announcement", "zones": [calendar.zone("Ngõ 1")], "text": "Alo thời sự"}
    lights = calendar.add("Bật đèn", {**EVERY_DAY, "time": "18:00"}, light(calendar, "on"))
    early = calendar.add("Bật sớm", {**EVERY_DAY, "time": "17:00"}, light(calendar, "off"))
    news = calendar.add("Thời sự", {**EVERY_DAY, "time": "18:30"}, speech)
    calendar.stop()
    assert calendar.relay.on == [False, False]

    calendar.move_to(calendar.next(20))
    calendar.start_again()

    run = calendar.ran(lights, "done")
    assert run["reason"]
    wait_until(lambda: calendar.relay.on == [True, True], "the lamps catch up")
    assert calendar.ran(early, "missed")["reason"]
    assert not any(on is False for _, _, on in calendar.relay.carried_out), "only the newest counts"
    assert calendar.ran(news, "missed")["reason"]
    said = [a for a in calendar.get("/announcements")["items"] if a["text"] == "Alo thời sự"]
    assert [a["state"] for a in said] == ["missed"]
    assert said[0]["reason"]
    assert calendar.loudspeaker.orders_to_play() == []
    calendar.stop()
    assert calendar.loudspeaker.orders_to_play() == []
