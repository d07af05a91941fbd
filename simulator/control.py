"""Misbehaviour on request: JSON lines in, one JSON line of answer for each."""

import asyncio
import base64
import json
import os
import stat
import sys
from typing import Any

import structlog

from simulator.settings import Box
from simulator.village import LiveVillage, UnknownTargetError

log = structlog.get_logger(__name__)


async def obey_standard_input(village: LiveVillage) -> None:
    """Carry out the lines of a pipe on standard input; a terminal or nothing there is left alone.

    The lines are written down in docs/topics.md; each is answered by {"ok": true} or
    {"ok": false, "why": ...} on standard output.
    """
    mode = os.fstat(sys.stdin.fileno()).st_mode if sys.stdin is not None else 0
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return
    reader = asyncio.StreamReader(limit=4 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await village.up.wait()
    while line := await reader.readline():
        _say(await _answer(village, line))


async def _answer(village: LiveVillage, line: bytes) -> dict[str, object]:
    try:
        await carry_out(village, json.loads(line))
    except (ValueError, TypeError, KeyError, UnknownTargetError, TimeoutError, OSError) as error:
        return {"ok": False, "why": f"{type(error).__name__}: {error}"}
    return {"ok": True}


async def carry_out(village: LiveVillage, wish: dict[str, Any]) -> None:  # noqa: C901  a table
    """One wish: {"do": verb, ...}. Raises ValueError for an unknown verb, KeyError, ..."""
    match wish["do"]:
        case "appear":
            box = Box(str(wish["mac"]).upper(), int(wish.get("relays", 1)), wish.get("name", ""))
            village.appear(box)
        case "press":
            village.press(wish["address"])
        case "silence":
            village.silence(wish["address"])
        case "speak":
            village.silence(wish["address"], silent=False)
        case "late":
            village.late(wish["address"], float(wish["seconds"]))
        case "drop":
            await village.drop(wish["address"])
        case "return":
            village.back(wish["address"])
        case "hang":
            village.hang(wish["camera"])
        case "resume":
            village.hang(wish["camera"], hanging=False)
        case "junk":
            village.junk(wish["topic"], _payload(wish))
        case "lights":
            await village.lights(int(wish["count"]), int(wish.get("connections", 10)))
        case verb:
            raise ValueError(f"no such verb: {verb}")


def _payload(wish: dict[str, Any]) -> bytes | None:
    if "base64" in wish:
        return base64.b64decode(wish["base64"])
    return str(wish["payload"]).encode() if "payload" in wish else None


def _say(answer: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    except OSError as error:
        log.info("nobody reads the answers", why=str(error))
