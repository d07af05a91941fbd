"""Phones for end-to-end tests: Debian's Chromium at 360 x 740, and what every screen must keep."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, Playwright

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

# Everything that can be tapped and is seen: its box, and how big its own class says it must be.
_TAPPABLE = """() => [...document.querySelectorAll('button, a[href], select, input, textarea, label')]
  .filter(e => e.checkVisibility() && e.getClientRects().length)
  .filter(e => !(e.tagName === 'INPUT' && e.closest('label')))
  .filter(e => !(e.tagName === 'LABEL' && e.htmlFor))
  .map(e => {
    const box = e.getBoundingClientRect();
    const least = e.classList.contains('stop') ? 88 : e.classList.contains('main') ? 72 : 56;
    return { what: (e.innerText || e.ariaLabel || e.tagName).trim().slice(0, 40),
             width: box.width, height: box.height, least };
  })"""

# Every run of letters on the screen: its size, line height, colour, and the colour behind it.
_TEXTS = """() => {
  const rgb = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255, 1]; };
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, text = walk.currentNode.nodeValue.trim();
    if (!text || !e.checkVisibility() || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(e.tagName)) continue;
    const s = getComputedStyle(e), [a, b] = [light(rgb(s.color)), light(behind(e))].sort((x, y) => y - x);
    texts.push({ text: text.slice(0, 60), size: parseFloat(s.fontSize),
      line: parseFloat(s.lineHeight) / parseFloat(s.fontSize), contrast: (a + 0.05) / (b + 0.05),
      upper: s.textTransform });
  }
  return texts;
}"""


@contextmanager
def browser(playwright: Playwright, executable: str = CHROMIUM) -> Iterator[Browser]:
    """Chromium without a screen, that talks to nobody but the hub."""
    launched = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
    try:
        yield launched
    finally:
        launched.close()


@contextmanager
def phone(chromium: Browser, **options: Any) -> Iterator[Page]:
    """One phone with a page of its own; fails when the page itself has failed."""
    context = chromium.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        is_mobile=True,
        has_touch=True,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        **options,
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


def look(page: Page, name: str) -> None:
    """Photograph the screen, and hold it against the rules that all screens keep."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
    check_screen(page, name)


def check_screen(page: Page, name: str) -> None:
    """Sizes, gaps, contrast, words: a wrong one is named."""
    small = [
        each
        for each in page.evaluate(_TAPPABLE)
        if each["height"] < each["least"] - 0.5 or each["width"] < 56 - 0.5
    ]
    assert not small, f"{name}: too small to tap: {small}"
    for text in page.evaluate(_TEXTS):
        assert text["size"] >= 18, (name, text)
        assert text["line"] >= 1.35, (name, text)
        assert text["contrast"] >= 7, (name, text)
        assert text["upper"] == "none", (name, text)
    shown = page.inner_text("body")
    assert BANNED.search(shown) is None, (name, BANNED.search(shown))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
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
