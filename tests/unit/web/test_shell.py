"""What a phone loads and keeps: its weight, its versions, and nothing from elsewhere."""

import gzip
import json
import re
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.web.shell import WEB, WORKER, kept_files, stamped

KIB = 1024
OWN = sorted(
    path
    for path in WEB.rglob("*.js")
    if "vendor" not in path.parts and not path.name.endswith(".test.js")
)
_STATIC_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*['"]([.@a-z][^'"]*)['"]""")
_PRELOAD = re.compile(r'<link rel="modulepreload" href="/([^"]+)">')
INDEX = (WEB / "index.html").read_text(encoding="utf-8")
IMPORT_MAP: dict[str, str] = json.loads(
    re.findall(r'<script type="importmap">(.*?)</script>', INDEX, re.DOTALL)[0]
)["imports"]


def _weight(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def _imports(path: Path) -> set[Path]:
    """The files that a module imports before it runs."""
    found = set()
    for name in _STATIC_IMPORT.findall(path.read_text(encoding="utf-8")):
        mapped = IMPORT_MAP.get(name)
        found.add(WEB / mapped[1:] if mapped else (path.parent / name).resolve())
    return found


def _closure(*beginnings: Path) -> set[Path]:
    seen: set[Path] = set()
    waiting = list(beginnings)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imports(path))
    return seen


FIRST_SCRIPTS = _closure(WEB / "app.js", WEB / "screens" / "home.js")
FIRST_OTHERS = [
    WEB / "index.html",
    WEB / "css" / "page.css",
    WEB / "locales" / "vi.json",
    WEB / "manifest.webmanifest",
    WEB / "icons" / "icon.svg",
]


def test_the_first_load_is_light() -> None:
    scripts = sum(_weight(path) for path in FIRST_SCRIPTS)
    whole = scripts + sum(_weight(path) for path in FIRST_OTHERS)
    assert scripts <= 40 * KIB
    assert whole <= 100 * KIB


def test_the_first_load_takes_few_requests() -> None:
    session_and_events = 3  # signing in, asking who is signed in, the event stream
    assert len(FIRST_SCRIPTS) + len(FIRST_OTHERS) + session_and_events <= 30


def test_all_that_the_first_screen_needs_is_asked_for_at_once() -> None:
    asked = {WEB / name for name in _PRELOAD.findall(INDEX)} | {WEB / "app.js"}
    assert asked == FIRST_SCRIPTS


def test_no_screen_makes_a_phone_wait() -> None:
    for screen in (WEB / "screens").glob("*.js"):
        more = sum(_weight(path) for path in _closure(screen) - FIRST_SCRIPTS)
        assert more <= 16 * KIB, screen.name


def test_the_import_map_is_the_one_inline_script_and_no_style_is_inline() -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", INDEX, re.DOTALL)
    inline = [attributes for attributes, body in scripts if body.strip()]
    assert inline == [' type="importmap"']
    assert "<style" not in INDEX
    assert not re.search(r"\s(?:style|on\w+)=", INDEX)


def test_nothing_comes_from_elsewhere() -> None:
    for path in [*kept_files(), WEB / "index.html", WORKER]:
        if path.suffix == ".png":
            continue
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        if "vendor" not in path.parts:
            assert not re.search(r"(https?|wss?):/|(src|href)=\W*//|url\(", text), path
    assert set(IMPORT_MAP.values()) <= {f"/vendor/{p.name}" for p in (WEB / "vendor").iterdir()}


def test_vendored_files_are_the_published_ones() -> None:
    listed = {}
    for line in (WEB / "vendor" / "CHECKSUMS").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            digest, name, version, package, _source = line.split()
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            assert package
            listed[name] = digest
    present = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in (WEB / "vendor").iterdir()
        if path.name != "CHECKSUMS" and not path.name.endswith(".d.ts")
    }
    assert listed == present
    assert sum(name.startswith("LICENSE.") for name in listed) == 4


def test_the_kept_files_carry_their_version() -> None:
    worker = WORKER.read_text(encoding="utf-8")
    assert worker == stamped(worker), "run: python tests/unit/web/shell.py"


def test_the_manifest_makes_the_page_installable() -> None:
    manifest = json.loads((WEB / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == "/"
    sizes = set()
    for icon in manifest["icons"]:
        path = WEB / icon["src"].lstrip("/")
        assert path.is_file()
        if path.suffix == ".png":
            width, height = struct.unpack(">II", path.read_bytes()[16:24])
            assert icon["sizes"] == f"{width}x{height}"
            sizes.add(width)
    assert sizes >= {192, 512}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.relative_to(WEB).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    levels = ["vendor", "lib", "components", "screens"]

    def level(of: Path) -> int:
        folder = of.relative_to(WEB).parts[0]
        return levels.index(folder) if folder in levels else len(levels)

    for imported in _imports(path):
        assert imported.is_file(), f"{path.name} imports {imported}"
        assert level(imported) <= level(path)
        if level(path) > 1:
            assert level(imported) > 0 or path.name == "app.js", "vendored code goes through lib/"
        if level(path) == levels.index("screens"):
            assert level(imported) < level(path), "screens do not import one another"


@pytest.mark.parametrize(
    ("words", "only"),
    [
        (r"\bfetch\(", {"lib/api.js", "sw.js"}),
        (r"new EventSource\(", {"lib/events.js"}),
        (r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", set()),
        (r"\blocalStorage\b|\bsessionStorage\b", {"lib/phone.js"}),
        (r"\bconsole\.", set()),
        (r"\brandomUUID\b", set()),
    ],
)
def test_one_place_does_each_thing(words: str, only: set[str]) -> None:
    found = {
        path.relative_to(WEB).as_posix()
        for path in OWN
        if re.search(words, re.sub(r"(?m)^\s*(//|\*|/\*).*$", "", path.read_text(encoding="utf-8")))
    }
    assert found <= only
