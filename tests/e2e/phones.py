"""Phones for end-to-end tests: Debian's Chromium at 360 x 740, and what every screen must keep."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, Playwright

from tests.rtsp_origin import RtspOrigin
from tests.villages import Hub, Simulator

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDTH, HEIGHT = 360, 740
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BANNED = re.compile(
    r"\b(dashboard|token|offline|sync|ok|cancel|mqtt|device|error|lỗi \d+|null|undefined|NaN)\b",
    re.IGNORECASE,
)

_RULES = (Path(__file__).parent / "rules.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Village:
    """What runs behind the phones."""

    hub: Hub
    simulator: Simulator
    origin: RtspOrigin


@contextmanager
def browser(playwright: Playwright, executable: str = CHROMIUM) -> Iterator[Browser]:
    """Chromium without a screen, that talks to nobody but the hub."""
    launched = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
    try:
        yield launched
    finally:
        launched.close()


@contextmanager
def phone(chromium: Browser, color_scheme: Literal["light", "dark"] = "light") -> Iterator[Page]:
    """One phone with a page of its own; fails when the page itself has failed."""
    context = chromium.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        is_mobile=True,
        has_touch=True,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        color_scheme=color_scheme,
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on(
        "console",
        lambda said: failures.append(said.text) if "Content Security" in said.text else None,
    )
    try:
        yield page
        assert failures == []
    finally:
        context.close()


class Traffic:
    """What a page fetches from now on, as the browser's own network log counts it."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, float] = {}
        self._urls: dict[str, str] = {}
        self._log = page.context.new_cdp_session(page)
        self._log.on("Network.requestWillBeSent", self._asked)
        self._log.on("Network.loadingFinished", self._finished)
        self._log.send("Network.enable")

    def kib(self, ending: str = "") -> float:
        """KiB over the wire, heads included, of all addresses that end so."""
        return sum(size for url, size in self.sizes.items() if url.endswith(ending)) / 1024

    def installability_errors(self) -> set[str]:
        """Why the browser would not offer to install the page."""
        answer = self._log.send("Page.getInstallabilityErrors")
        return {error["errorId"] for error in answer["installabilityErrors"]}

    def _asked(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        url = self._urls.get(event["requestId"], "?")
        self.sizes[url] = self.sizes.get(url, 0) + event["encodedDataLength"]


def look(page: Page, name: str) -> None:
    """Photograph the screen, and hold it against the rules that all screens keep."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
    check_screen(page, name)


def check_screen(page: Page, name: str) -> None:
    """Sizes, contrast, words: a wrong one is named."""
    read = page.evaluate(_RULES)
    small = [
        each
        for each in read["tappable"]
        if each["height"] < each["least"] - 0.5 or each["width"] < 56 - 0.5
    ]
    assert not small, f"{name}: too small to tap: {small}"
    for text in read["texts"]:
        assert text["size"] >= 18, (name, text)
        assert text["line"] >= 1.35, (name, text)
        assert text["contrast"] >= 7, (name, text)
        assert text["upper"] == "none", (name, text)
    shown = page.inner_text("body")
    assert BANNED.search(shown) is None, (name, BANNED.search(shown))
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits), f"{name} is too wide"
    assert page.get_attribute("html", "lang") in ("vi", "en")


def picture_of(page: Page, selector: str) -> np.ndarray[Any, Any]:
    """What an <img> shows at this moment, as the page itself sees it (BGR)."""
    data = page.eval_on_selector(
        selector,
        """(image) => { const c = document.createElement('canvas');
            c.width = image.naturalWidth; c.height = image.naturalHeight;
            if (!c.width) return '';
            c.getContext('2d').drawImage(image, 0, 0);
            return c.toDataURL('image/png').split(',')[1]; }""",
    )
    if not data:
        return np.zeros((360, 640, 3), np.uint8)
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded
