"""Announcements: from a typed text to sound at every loudspeaker, and from STOP to silence.

Each text is new, so that its sound is really made. The loudspeakers are the simulated village's:
the real agent with no sound card. Times are those at which a phone hears of it.
"""

import asyncio
import time
from dataclasses import dataclass, field

from benchmarks.phone import Phone, Stream
from benchmarks.processes import children_cpu_s, spending
from benchmarks.report import Table, middle
from benchmarks.villages import folder, head_of, sample_village, until_online
from tests.villages import Hub

LETTERS = 200
_WITHIN_S = 60.0
_PAUSE_S = 1.0
_TEXT = (
    "Kính thưa bà con, {number} giờ sáng mai thôn ta tổ chức tổng vệ sinh đường làng ngõ xóm. "
    "Đề nghị mỗi gia đình cử một người tham gia, mang theo chổi, cuốc và xẻng, "
    "tập trung tại nhà văn hóa. Xin cảm ơn bà con."
)


@dataclass(slots=True)
class Rounds:
    """One value for each announcement."""

    stored: list[float] = field(default_factory=list)
    playing: list[float] = field(default_factory=list)
    stopped: list[float] = field(default_factory=list)
    making: list[float] = field(default_factory=list)
    hub: list[float] = field(default_factory=list)


def measure(rounds: int) -> list[Table]:
    """Announce and stop, some times over."""
    with folder() as place, sample_village(place) as started:
        found, loudspeakers = asyncio.run(_measure(started, rounds))
    table = Table(
        f"An announcement of {LETTERS} letters to {loudspeakers} loudspeakers",
        ("", "median", "slowest"),
    )
    for name, values in (
        ("POST to its answer, s", found.stored),
        ("POST to `playing` at the last loudspeaker, s", found.playing),
        ("STOP to `stopped` at the last loudspeaker, s", found.stopped),
        ("making the sound, CPU-s (worker)", found.making),
        ("CPU-s of the hub for all of it", found.hub),
    ):
        table.add(name, middle(values), max(values))
    return [table]


async def _measure(started: Hub, rounds: int) -> tuple[Rounds, int]:
    phone = await head_of(started)
    await until_online(phone)
    zones = [zone["id"] for zone in (await phone.ask("GET", "/api/v1/zones"))["items"]]
    devices = (await phone.ask("GET", "/api/v1/devices?kind=loudspeaker"))["items"]
    found = Rounds()
    async with phone.follow("/api/v1/events") as stream:
        await stream.wait_for("snapshot")
        for number in range(rounds):
            text = _TEXT.format(number=5 + number)[:LETTERS]
            made_before = children_cpu_s(started.process.pid)
            with spending(hub=started.process.pid) as spent:
                await _announce_and_stop(phone, stream, text, zones, len(devices), found)
            found.hub.append(spent.cpu_s["hub"])
            found.making.append(children_cpu_s(started.process.pid) - made_before)
            await asyncio.sleep(_PAUSE_S)
    return found, len(devices)


async def _announce_and_stop(
    phone: Phone, stream: Stream, text: str, zones: list[str], count: int, into: Rounds
) -> None:
    sent_at = time.perf_counter()
    body = {"text": text, "zones": zones}
    made = await phone.ask("POST", "/api/v1/announcements", body)
    into.stored.append(time.perf_counter() - sent_at)
    last = await _all_say(stream, made["id"], "playing", count)
    into.playing.append(last - sent_at)
    await asyncio.sleep(_PAUSE_S)
    sent_at = time.perf_counter()
    await phone.ask("POST", "/api/v1/loudspeakers/stop", {})
    into.stopped.append(await _all_say(stream, made["id"], "stopped", count) - sent_at)


async def _all_say(stream: Stream, announcement: str, state: str, count: int) -> float:
    """When the last of the deliveries was first seen in this state."""
    seen: dict[str, float] = {}
    async with asyncio.timeout(_WITHIN_S):
        while len(seen) < count:
            for event in stream.take():
                said = event.content
                mine = event.name == "delivery" and said["announcement"] == announcement
                if mine and said["state"] == state:
                    seen.setdefault(said["id"], event.at)
            if len(seen) < count:
                stream.changed.clear()
                await stream.changed.wait()
    return max(seen.values())
