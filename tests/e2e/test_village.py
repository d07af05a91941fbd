"""The village from two phones: the head's, who acts, and a resident's, who sees and hears."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.e2e import phones
from tests.e2e.phones import Village, look
from tests.rtsp_origin import read_frame_number
from tests.villages import Hub, wait_until

ROAD = "Ngõ 1"
TEXT = "Mời bà con họp lúc 19h30 ngày 15/8 tại NVH."
LONG_TEXT = "Đề nghị bà con quét dọn đường làng ngõ xóm. " * 8


def home(page: Page) -> None:
    page.evaluate("location.hash = '#/home'")
    page.wait_for_selector("[data-test^=card-]")


def sign_in(page: Page, url: str, code: str) -> None:
    page.goto(f"{url}/#sign-in={code}")
    page.wait_for_selector("[data-test^=card-]")
    assert code not in page.url


@pytest.fixture(scope="module")
def head(chromium: Browser, village: Village) -> Iterator[Page]:
    with phones.phone(chromium) as page:
        sign_in(page, village.hub.url, village.hub.link_code())
        yield page


@pytest.fixture(scope="module")
def resident(chromium: Browser, village: Village) -> Iterator[Page]:
    with phones.phone(chromium) as page:
        sign_in(page, village.hub.url, village.hub.new_code("resident"))
        yield page


def test_the_head_is_signed_in_by_the_link_and_sees_the_village(head: Page) -> None:
    expect(head.locator("[data-test=card-lights]")).to_have_text(re.compile("/24 đang sáng$"))
    expect(head.locator("[data-test=card-wifi]")).to_contain_text("Đang bật")
    look(head, "head-home")
    assert head.evaluate("document.cookie") == ""


def test_a_used_link_is_refused_in_a_sentence(
    chromium: Browser, village: Village, head: Page
) -> None:
    del head  # it used the link
    with phones.phone(chromium) as page:
        page.goto(f"{village.hub.url}/#sign-in={village.hub.link_code()}")
        expect(page.locator("[data-test=sign-in-problem]")).to_be_visible()
        look(page, "sign-in-used")


def test_the_head_adopts_a_newly_appeared_relay(head: Page) -> None:
    head.locator("[data-test=found-link]").click(timeout=30_000)
    head.locator("[data-test=found]").first.click()
    look(head, "head-adopt")
    head.fill("[data-test=adopt-name]", "Cột mới đầu ngõ")
    head.select_option("[data-test=adopt-zone]", label=ROAD)
    head.click("[data-test=adopt-save]")
    lamp = head.locator("[data-test=lamp]", has_text="Cột mới đầu ngõ")
    expect(lamp).to_be_visible()
    home(head)
    expect(head.locator("[data-test=card-lights]")).to_contain_text("/25 đang sáng")


def test_the_head_switches_a_road_on_and_sees_the_lamps_report(head: Page) -> None:
    head.click("[data-test=card-lights]")
    road = head.locator("[data-test=road]", has_text=ROAD)
    expect(road).to_contain_text("0/9 đang sáng")
    road.locator("[data-test=road-on]").click()
    expect(road).to_contain_text("9/9 đang sáng")
    expect(head.locator("[data-test=outcome]")).to_contain_text("đã báo về")
    look(head, "head-lights")
    road.locator("[data-test=road-open]").click()
    expect(head.locator("[data-test=lamp][data-state=lit]")).to_have_count(9)
    look(head, "head-road")


def test_one_lamp_is_switched_off_and_undone(head: Page) -> None:
    lamp = head.locator("[data-test=lamp]").first
    lamp.locator("[data-test$=-off]").click()
    expect(lamp).to_have_attribute("data-state", "dark")
    head.locator("[data-test=undo]").click()
    expect(lamp).to_have_attribute("data-state", "lit")
    home(head)


def speak(head: Page, text: str) -> None:
    home(head)
    head.click("[data-test=card-announce]")
    head.fill("[data-test=announce-text]", text)
    head.click("[data-test=announce-next]")
    head.locator("[data-test=announce-next]").click()


def test_the_head_announces_a_typed_text_and_each_loudspeaker_ends_as_played(head: Page) -> None:
    home(head)
    head.click("[data-test=card-announce]")
    look(head, "head-announce")
    head.fill("[data-test=announce-text]", TEXT)
    head.click("[data-test=announce-next]")
    head.wait_for_selector("[data-test=announce-where-whole]", state="attached")
    look(head, "head-announce-where")
    head.click("[data-test=announce-next]")
    expect(head.locator("[data-test=spoken]")).to_contain_text("mười chín giờ ba mươi")
    expect(head.locator("[data-test=announce-summary]")).to_contain_text("4 cụm loa")
    look(head, "head-announce-check")
    head.click("[data-test=announce-send]")
    look(head, "head-countdown")
    expect(head.locator("[data-test=stop-all]")).to_be_visible(timeout=20_000)
    look(head, "head-announcing")
    played = head.locator("[data-test=delivery][data-state=played]")
    expect(played).to_have_count(4, timeout=60_000)
    expect(head.locator("[data-test=stop-all]")).to_have_count(0)
    look(head, "head-announced")


def test_the_countdown_can_be_stopped_and_nothing_is_spoken(head: Page, village: Village) -> None:
    with closing(village.hub.phone()) as program:
        before = program.get("/api/v1/announcements").json()["items"]
        speak(head, "Câu này không được phát.")
        head.click("[data-test=announce-send]")
        head.click("[data-test=announce-cancel]")
        expect(head.locator("[data-test=countdown]")).to_have_count(0)
        assert program.get("/api/v1/announcements").json()["items"] == before


def test_the_head_watches_a_camera_live(head: Page, village: Village) -> None:
    home(head)
    head.click("[data-test=card-cameras]")
    expect(head.locator("[data-test=camera]")).to_have_count(2)
    head.wait_for_timeout(2500)
    look(head, "head-cameras")
    head.locator("[data-test=camera]", has_text="Cổng bắc").locator("a, button").or_(
        head.locator("a[data-test=camera]", has_text="Cổng bắc")
    ).first.click()
    live = "[data-test=live]"
    head.wait_for_selector(live)
    wait_until(
        lambda: read_frame_number(phones.picture_of(head, live)) is not None, "a first picture"
    )
    seen: set[int | None] = set()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        seen.add(read_frame_number(phones.picture_of(head, live)))
    seen.discard(None)
    assert len(seen) >= 10, seen
    look(head, "head-camera")
    del village


def test_the_head_sets_lights_for_sunset(head: Page) -> None:
    home(head)
    head.click("[data-test=card-schedules]")
    head.click("[data-test=schedule-add]")
    head.check("[data-test=schedule-what-light]", force=True)
    head.check("[data-test=schedule-when-sunset]", force=True)
    head.locator("[data-test=schedule-zone]").first.check(force=True)
    head.select_option("[data-test=schedule-offset]", value="-10")
    look(head, "head-schedule")
    before = head.evaluate("history.length")
    head.click("[data-test=schedule-save]")
    expect(head.locator("[data-test=schedule]")).to_have_count(3)
    expect(head.locator("[data-test=schedule]", has_text="10 phút")).to_have_count(1)
    look(head, "head-schedules")
    assert head.evaluate("history.length") <= before + 1


def test_stop_silences_every_loudspeaker(head: Page) -> None:
    speak(head, LONG_TEXT)
    head.click("[data-test=announce-send]")
    playing = head.locator("[data-test=delivery][data-state=playing]")
    expect(playing).to_have_count(4, timeout=40_000)
    head.click("[data-test=stop-all]")
    expect(head.locator("[data-test=delivery][data-state=stopped]")).to_have_count(4)
    look(head, "head-stopped")


def test_wifi_is_switched_off_and_on(head: Page) -> None:
    home(head)
    head.click("[data-test=card-wifi]")
    wifi = head.locator("[data-test=wifi]")
    look(head, "head-wifi")
    head.locator("[data-test^=wifi][data-test$=-off]").first.click()
    expect(wifi).to_have_attribute("data-state", "off")
    head.locator("[data-test^=wifi][data-test$=-on]").first.click()
    expect(wifi).to_have_attribute("data-state", "on")


def test_a_broken_broker_is_said_in_words_and_heals(head: Page, village: Village) -> None:
    home(head)
    # The hub starts its broker again at once; each further death makes it wait a little longer.
    for killed in range(6):
        del killed
        wait_until(lambda: kill_broker_of(village.hub), "a broker to kill")
    expect(head.locator("[data-test=broker-down]")).to_be_visible()
    look(head, "head-broker-down")
    expect(head.locator("[data-test=broker-down]")).to_have_count(0)
    expect(head.locator("[data-test=card-lights]")).to_contain_text("/25 đang sáng")


def kill_broker_of(hub: Hub) -> bool:
    found = ["pkill", "-KILL", "-P", str(hub.process.pid), "mosquitto"]
    return subprocess.run(found, check=False).returncode == 0


def test_more_screens_keep_the_rules(head: Page) -> None:
    for number, name in enumerate(["more", "invite", "zones", "found", "loudspeakers", "settings"]):
        head.evaluate(f"location.hash = '#/{name}'")
        head.wait_for_timeout(400)
        look(head, f"head-more-{number}-{name}")


def test_a_link_for_a_resident_is_shown_as_a_code(head: Page) -> None:
    head.evaluate("location.hash = '#/invite'")
    head.locator("[data-test=invite-make]").first.click()
    expect(head.locator("[data-test=invite-qr]")).to_be_visible()
    look(head, "head-invite")


def test_large_letters_and_narrow_phones_keep_the_rules(
    chromium: Browser, village: Village
) -> None:
    with phones.phone(chromium, color_scheme="dark") as page:
        sign_in(page, village.hub.url, village.hub.new_code("head"))
        look(page, "dark-home")
        page.set_viewport_size({"width": 320, "height": 640})
        for name in ("home", "lights", "announce", "cameras", "wifi", "schedules"):
            page.evaluate(f"location.hash = '#/{name}'")
            page.wait_for_timeout(300)
            phones.check_screen(page, f"narrow {name}")


def test_a_resident_sees_cameras_and_hears_again_and_finds_nothing_that_acts(
    resident: Page,
) -> None:
    look(resident, "resident-home")
    for card in ("card-lights", "card-announce", "card-wifi", "card-schedules", "stop-all"):
        assert resident.locator(f"[data-test={card}]").count() == 0
    resident.click("[data-test=card-cameras]")
    expect(resident.locator("[data-test=camera]")).to_have_count(2)
    look(resident, "resident-cameras")
    assert resident.locator("[data-test=camera-add]").count() == 0
    resident.evaluate("location.hash = '#/announcements'")
    again = resident.locator("[data-test=hear-again]").first
    expect(again).to_be_visible()
    look(resident, "resident-hear-again")
    again.click()
    wait_until(
        lambda: (
            resident.evaluate("[...document.querySelectorAll('audio')].some(a => a.duration > 3)")
            or resident.evaluate(
                "performance.getEntriesByType('resource').some(r => r.name.endsWith('.mp3'))"
            )
        ),
        "the sound is fetched",
    )


def test_a_resident_gets_403_from_every_route_that_acts(resident: Page, village: Village) -> None:
    with closing(village.hub.phone()) as head:
        described = head.get("/api/v1/openapi.json").json()
    refused = 0
    for path, operations in described["paths"].items():
        for method in operations:
            if method == "get" or path == "/api/v1/session":
                continue
            real = re.sub(r"{\w+}", "x", path)
            status = resident.evaluate(
                "([url, method]) => fetch(url, {method, headers: {'Content-Type':"
                " 'application/json'}, body: '{}'}).then(r => r.status)",
                [real, method.upper()],
            )
            assert status == 403, (method, path, status)
            refused += 1
    assert refused >= 15


@contextmanager
def other_network() -> Iterator[tuple[str, str]]:
    """A second computer on a network of its own: a namespace, and the hub's address in it."""
    name = f"phone{os.getpid()}"
    near, far = f"vh{os.getpid() % 10000}a", f"vh{os.getpid() % 10000}b"
    commands = [
        f"ip netns add {name}",
        f"ip link add {near} type veth peer name {far}",
        f"ip link set {far} netns {name}",
        f"ip addr add 10.213.7.1/24 dev {near}",
        f"ip link set {near} up",
        f"ip -n {name} addr add 10.213.7.2/24 dev {far}",
        f"ip -n {name} link set {far} up",
        f"ip -n {name} link set lo up",
    ]
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield name, "10.213.7.1"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", near], check=False, stderr=subprocess.DEVNULL)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace takes root")
def test_a_phone_on_another_network_signs_in_by_the_local_address(
    playwright: Playwright, village: Village, tmp_path: Path
) -> None:
    with other_network() as (namespace, address):
        through = tmp_path / "chromium"
        through.write_text(
            f'#!/bin/sh\nexec ip netns exec {namespace} {phones.CHROMIUM} "$@"\n', encoding="utf-8"
        )
        through.chmod(0o755)
        with phones.browser(playwright, str(through)) as far, phones.phone(far) as page:
            url = f"http://{address}:{village.hub.port}"
            sign_in(page, url, village.hub.new_code("head"))
            page.click("[data-test=card-lights]")
            road = page.locator("[data-test=road]", has_text="Ngõ 2")
            road.locator("[data-test=road-on]").click()
            expect(road).to_contain_text("8/8 đang sáng")
            page.evaluate("location.hash = '#/settings'")
            expect(page.locator("[data-test=needs-https]")).to_be_visible()
            look(page, "head-plain-http")


def test_the_page_can_be_installed_and_stays_within_its_weight(
    chromium: Browser, village: Village
) -> None:
    with phones.phone(chromium) as page:
        first = phones.Traffic(page)
        sign_in(page, village.hub.url, village.hub.new_code("head"))
        page.wait_for_load_state()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        assert first.kib() <= 100, first.sizes
        assert first.kib(".js") <= 40, first.sizes
        assert len(first.sizes) <= 30, first.sizes
        # A context of a test is a private window, where no page can be installed.
        assert first.installability_errors() <= {"in-incognito"}
        again = phones.Traffic(page)
        page.reload()
        page.wait_for_selector("[data-test^=card-]")
        assert page.evaluate("navigator.serviceWorker.controller !== null")
        assert again.kib() <= 10, again.sizes
