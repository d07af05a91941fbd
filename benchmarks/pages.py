"""What the phone page weighs: bytes on the wire and requests, as a browser makes them.

The first load follows what the page itself names: its style, modules with their static imports, its
manifest and icon, the words of its language, and what it asks the hub for. The second load asks
again with the ETags. Modules that are fetched when a screen is opened are listed apart, and the
service worker is left out: it keeps everything after 3 s, and only over https.
"""

import asyncio
import json
import posixpath
import re
from dataclasses import dataclass, field

from benchmarks.phone import Answer, Connection, Phone
from benchmarks.report import Table
from benchmarks.villages import ROOT, folder, head_of, hub, resident_of
from tests.villages import sample_config

KIB = 1024
WEB = ROOT / "web"
_LINKS = re.compile(r'<(?:link|script)\b[^>]*?\b(?:href|src)="([^"]+)"')
_IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_STATIC = re.compile(r"""^\s*(?:import|export)\b[^'"();]*?['"]([^'"]+)['"]""", re.MULTILINE)
_LATER = re.compile(r"""\bimport\(\s*['"]([^'"]+)['"]\s*\)""")
# What the page asks for by itself, once its modules run: see web/app.js.
_ASKS = ("/locales/vi.json", "/api/v1/session", "/api/v1/events")
_FIRST_SCREEN = {"head": "/screens/home.js", "resident": "/screens/resident.js"}


@dataclass(slots=True)
class Load:
    """One load of the page: every answer by its path."""

    answers: dict[str, Answer] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)

    @property
    def wire_bytes(self) -> int:
        """Heads and bodies of all answers."""
        return sum(answer.wire_bytes for answer in self.answers.values())

    @property
    def tags(self) -> dict[str, str]:
        """The ETags that a browser keeps beside the files."""
        answers = self.answers.items()
        return {path: a.headers["etag"] for path, a in answers if "etag" in a.headers}

    @property
    def javascript_bytes(self) -> int:
        """Bodies of all modules, as they come (compressed)."""
        return sum(len(a.body) for path, a in self.answers.items() if path.endswith(".js"))


def measure() -> list[Table]:
    """First and second load for each role."""
    return [asyncio.run(_measure())]


async def _measure() -> Table:
    table = Table(
        "Weight of the page", ("", "KiB", "JavaScript KiB", "requests", "KiB without /api")
    )
    with folder() as place, hub(sample_config(place)) as started:
        head = await head_of(started)
        phones = {"head": head, "resident": await resident_of(started, head)}
        for role, phone in phones.items():
            first = await _load(phone, role, {})
            tags = {
                path: a.headers["etag"] for path, a in first.answers.items() if "etag" in a.headers
            }
            second = await _load(phone, role, tags)
            _add(table, f"{role}, first load", first)
            _add(table, f"{role}, second load (ETags)", second)
        later = await _fetch_all(phones["head"], sorted(first.later - set(first.answers)))
        _add(table, "all other screens together", later)
    table.notes.append("Goals: first load 100 KiB, of it 40 KiB JavaScript, 30 requests;")
    table.notes.append("later loads 10 KiB. Bytes are heads and bodies of the answers, compressed.")
    return table


def _add(table: Table, name: str, load: Load) -> None:
    own = sum(a.wire_bytes for path, a in load.answers.items() if not path.startswith("/api/"))
    kib = (load.wire_bytes / KIB, load.javascript_bytes / KIB)
    table.add(name, *kib, len(load.answers), own / KIB)


async def _load(phone: Phone, role: str, tags: dict[str, str]) -> Load:
    """Load the page; with the ETags of an earlier load, as a browser that has kept its files."""
    load = Load()
    connection = await phone.connect()
    try:
        waiting = ["/", _FIRST_SCREEN[role]]
        while waiting:
            path = waiting.pop()
            if path not in load.answers:
                answer = await _fetch(connection, phone, path, tags.get(path))
                load.answers[path] = answer
                waiting += _named_in(path, _text(path), load)
        for path in _ASKS[:-1]:
            load.answers[path] = await _fetch(connection, phone, path, tags.get(path))
    finally:
        connection.close()
    load.answers[_ASKS[-1]] = await _snapshot(phone)
    return load


async def _fetch_all(phone: Phone, paths: list[str]) -> Load:
    load = Load()
    connection = await phone.connect()
    try:
        for path in paths:
            load.answers[path] = await _fetch(connection, phone, path, None)
    finally:
        connection.close()
    return load


async def _fetch(connection: Connection, phone: Phone, path: str, tag: str | None) -> Answer:
    headers = "Accept-Encoding: gzip\r\n" + (f"If-None-Match: {tag}\r\n" if tag else "")
    answer = await connection.ask(phone.request("GET", path, headers=headers))
    if answer.status not in {200, 304}:
        raise RuntimeError(f"{path}: {answer.status}")
    return answer


async def _snapshot(phone: Phone) -> Answer:
    """What the event stream says first: its head and the snapshot."""
    async with phone.follow(_ASKS[-1]) as stream:
        async with asyncio.timeout(10):
            while not any(data.endswith(b"\n\n\r\n") for _, data in stream.chunks):
                stream.changed.clear()
                await stream.changed.wait()
        body = b"".join(data for _, data in stream.chunks)
    return Answer(200, {}, body, len(body))


def _text(path: str) -> str:
    """A file as it stands in git: what it names is the same whether it came or was kept."""
    name = "index.html" if path == "/" else path.removeprefix("/")
    return (WEB / name).read_text("utf-8") if name.endswith((".html", ".js")) else ""


def _named_in(path: str, text: str, load: Load) -> list[str]:
    if path == "/":
        return _LINKS.findall(text)
    load.later |= {_resolved(path, name) for name in _LATER.findall(text)}
    return [_resolved(path, name) for name in _STATIC.findall(text)]


def _resolved(path: str, name: str) -> str:
    if name.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    if name.startswith("/"):
        return name
    found = _IMPORT_MAP.search(_text("/"))
    mapped: str = json.loads(found[1])["imports"][name] if found else name
    return mapped
