"""Commands to lights, with sign-in, permissions, store and idempotency, beside paho alone.

Hub and floor switch the same simulated lights over the same Mosquitto, configured as the hub
configures it; the hub does not run while the floor is measured. One phone follows the event stream.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import count

from benchmarks.floor import FloorProcess
from benchmarks.phone import Connection, Event, Phone, Stream
from benchmarks.processes import Spent, spending
from benchmarks.report import Table
from benchmarks.tally import AT_ONCE, Measured, Singles, road_table, single_table
from benchmarks.villages import LightVillage, folder, head_of, until_online
from simulator.scale import scale_mac
from tests.villages import Hub

_SETTLE_S = 0.5  # the writes and events that a command leaves behind
_AT_MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    lights: int = 1000
    parallel: int = 1500
    single: int = 300
    rounds: int = 2
    roads: int = 8


QUICK = Size(lights=200, parallel=300, single=60, rounds=1, roads=2)


def measure(size: Size) -> list[Table]:
    """Floor, hub, floor again."""
    floor = Measured()
    with folder() as place:
        village = LightVillage(place, size.lights)
        with village.broker() as broker, village.simulator() as simulator:
            others = {"broker": broker.process.pid, "simulator": simulator.process.pid}
            measure_floor(village, size, floor, others)
            with village.hub() as hub:
                hubs = asyncio.run(_measure_hub(hub, size, others))
            measure_floor(village, size, floor, others)
    return [single_table(hubs, floor), road_table(hubs, floor, size.lights)]


def measure_floor(
    village: LightVillage, size: Size, into: Measured, others: dict[str, int]
) -> None:
    """Half of the floor's share: it is measured before and after the hub."""
    lights = [f"tasmota_{scale_mac(number)[-6:]}" for number in range(size.lights)]
    user = village.user
    with FloorProcess("127.0.0.1", village.port, user.name, user.password) as floor:
        floor.switch(lights, AT_ONCE, 1)  # warm
        for single, at_once, count in (
            (into.parallel, AT_ONCE, size.parallel),
            (into.single, 1, size.single),
        ):
            rounds = max(1, round(count / len(lights)))
            with spending(**others) as spent:
                said = floor.switch(lights[: count // rounds], at_once, rounds)
            single.note(said.latencies, said.seconds, {"hub": said.cpu_s, **spent.cpu_s})
        for _ in range(size.roads // 2):
            with spending(**others) as spent:
                said = floor.switch(lights, len(lights), 1)
            into.road.note(said.seconds, said.seconds, {"hub": said.cpu_s, **spent.cpu_s})


async def _measure_hub(hub: Hub, size: Size, others: dict[str, int]) -> Measured:
    phone = await head_of(hub)
    zone = (await phone.ask("GET", "/api/v1/zones"))["items"][0]["id"]
    pids = {"hub": hub.process.pid, **others}
    measured = Measured()
    async with phone.follow("/api/v1/events") as stream:
        snapshot = (await stream.wait_for("snapshot")).content
        devices = [device["id"] for device in snapshot["devices"]]
        await until_online(phone)
        switcher = Switcher(phone, devices)
        await switcher.run(AT_ONCE, min(len(devices), 200), key=True)  # warm
        for _ in range(size.rounds):
            await _singles(switcher, measured.parallel, AT_ONCE, size.parallel, pids, stream)
            await _singles(switcher, measured.single, 1, size.single, pids, stream)
            await _singles(switcher, measured.bare, AT_ONCE, size.parallel, pids, stream, key=False)
        for number in range(size.roads + 2):
            turn = "off" if number % 2 else "on"
            answered, last_state, spent = await _road(phone, stream, zone, turn, pids)
            if number >= 2:  # the first two warm
                measured.road.note(answered, last_state, spent.cpu_s)
    return measured


class Switcher:
    """Switches lights, a number of them at a time, each on a connection of its own."""

    def __init__(self, phone: Phone, devices: list[str]) -> None:
        self._phone = phone
        self._devices = devices
        self._numbers = count()

    async def run(self, at_once: int, commands: int, *, key: bool) -> list[float]:
        """Seconds until each answer, all of them confirmations."""
        connections = [await self._phone.connect() for _ in range(at_once)]
        share = commands // at_once
        try:
            async with asyncio.timeout(_AT_MOST_S):
                found = await asyncio.gather(
                    *(self._switch(each, share, key=key) for each in connections)
                )
        finally:
            for connection in connections:
                connection.close()
        return [latency for latencies in found for latency in latencies]

    async def _switch(self, connection: Connection, commands: int, *, key: bool) -> list[float]:
        latencies = []
        for _ in range(commands):
            # All lights in turn, each time the other way round: no two commands meet at one light.
            turn, place = divmod(next(self._numbers), len(self._devices))
            body = {"turn": "off" if turn % 2 else "on"}
            path = f"/api/v1/devices/{self._devices[place]}/commands"
            request = self._phone.request("POST", path, body, key=key)
            sent_at = time.perf_counter()
            answer = await connection.ask(request)
            latencies.append(time.perf_counter() - sent_at)
            if answer.status != 200:
                raise RuntimeError(f"not confirmed: {answer.status} {answer.body[:200]!r}")
        return latencies


async def _singles(
    switcher: Switcher,
    into: Singles,
    at_once: int,
    commands: int,
    pids: dict[str, int],
    stream: Stream,
    *,
    key: bool = True,
) -> None:
    with spending(**pids) as spent:
        began = time.perf_counter()
        latencies = await switcher.run(at_once, commands, key=key)
        seconds = time.perf_counter() - began
        await asyncio.sleep(_SETTLE_S)
    stream.chunks.clear()
    into.note(latencies, seconds, spent.cpu_s)


async def _road(
    phone: Phone, stream: Stream, zone: str, turn: str, pids: dict[str, int]
) -> tuple[float, float, Spent]:
    """Seconds to the answer, to the last state at the listening phone, and what it cost."""
    connection = await phone.connect()
    request = phone.request("POST", f"/api/v1/zones/{zone}/commands", {"turn": turn})
    stream.take()
    with spending(**pids) as spent:
        sent_at = time.perf_counter()
        answer = await connection.ask(request)
        answered = time.perf_counter() - sent_at
        await asyncio.sleep(_SETTLE_S)
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"not all lights confirmed: {answer.status}")
    lit = _first_times(stream.take(), on=turn == "on")
    missing = set(answer.json()["confirmed"]) - set(lit)
    if missing:
        raise RuntimeError(f"{len(missing)} confirmed lights never came through the event stream")
    return answered, max(lit.values()) - sent_at, spent


def _first_times(events: list[Event], *, on: bool) -> dict[str, float]:
    """When each light first showed this state at the phone."""
    found: dict[str, float] = {}
    for event in events:
        if event.name == "device" and event.content["state"]["on"] is on:
            found.setdefault(event.content["id"], event.at)
    return found
