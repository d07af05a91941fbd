"""All devices of the make-believe village, and what can be done to them."""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog

from agents.loudspeaker.agent import Agent, Identity
from agents.loudspeaker.link import Broker, Link, Note, Role
from agents.loudspeaker.outputs import NullOutput
from agents.loudspeaker.store import Store
from simulator.access_point import AccessPoint
from simulator.relay_box import LONGEST_PAUSE_S, RelayBox
from simulator.rtsp import RtspCamera, RtspServer
from simulator.scale import ManyLights
from simulator.scene import encode_loop
from simulator.settings import Box, Camera, Named, Village
from simulator.tasmota import Relays

log = structlog.get_logger(__name__)

NEWCOMER = Box("A0B1C2D3EEEE", 1, "Cột mới")
OTHER_ORDER = "%topic%/%prefix%/"
_EVERY_FIFTH = 5
_NOTICE_S = 0.05
_OFF_WITHIN_S = 5.0


class UnknownTargetError(Exception):
    """No device or camera of that address, or not one of that kind."""


class Loudspeaker:
    """The real agent without a sound card; or, when silent, one that hears and never answers."""

    def __init__(self, named: Named, folder: Path, broker: Callable[[], Broker]) -> None:
        self.silent = False
        self._named = named
        self._folder = folder
        self._broker = broker
        self._cut: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Have power until cancelled."""
        if self.silent:
            link = Link(self._deaf_role(), self._broker, longest_pause_s=LONGEST_PAUSE_S)
            self._cut = link.cut
            await link.run()
        with Store(self._folder) as store:
            agent = Agent(
                Identity(self._named.id, self._named.name),
                self._broker,
                NullOutput(),
                store,
                longest_pause_s=LONGEST_PAUSE_S,
            )
            self._cut = agent.cut
            await agent.run()

    def cut(self) -> None:
        """Lose the broker without a goodbye."""
        self._cut()

    def _deaf_role(self) -> Role:
        base = f"village/loudspeaker/{self._named.id}"
        return Role(
            identifier=f"loudspeaker-{self._named.id}",
            will=Note(f"{base}/status", "offline", retain=True),
            subscriptions=(f"{base}/set",),
            greeting=lambda: (Note(f"{base}/status", "online", retain=True),),
            received=lambda _: None,
        )


class LiveVillage:
    """The village in motion: `run` until cancelled, and verbs to disturb it meanwhile."""

    def __init__(
        self,
        village: Village,
        broker: Callable[[], Broker],
        *,
        new_light_after_s: float = 20.0,
        tele_period_s: float | None = None,
    ) -> None:
        self.up = asyncio.Event()
        """Set when all devices have power and the cameras show a picture."""
        self._village = village
        self._broker = broker
        self._new_light_after_s = new_light_after_s
        self._tele_period_s = tele_period_s
        self._boxes: dict[str, RelayBox] = {}
        self._loudspeakers: dict[str, Loudspeaker] = {}
        self._points: dict[str, AccessPoint] = {}
        self._cameras: dict[str, RtspCamera] = {}
        self._powered: dict[str, asyncio.Task[None]] = {}
        self._many: list[ManyLights] = []
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Give power to everything; at the end, cut it off as a power cut does."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                self._begin()
                await self._film()
                self.up.set()
                if self._new_light_after_s > 0:
                    await asyncio.sleep(self._new_light_after_s)
                    self.appear(NEWCOMER)
                await asyncio.get_running_loop().create_future()
            finally:
                for box in self._boxes.values():
                    box.link.cut()
                for point in self._points.values():
                    point.link.cut()
                for many in self._many:
                    many.stop()
                await asyncio.sleep(_NOTICE_S)

    def appear(self, box: Box) -> None:
        """A box is put up and gets power for the first time."""
        if box.mac in self._boxes:
            raise UnknownTargetError(f"{box.mac} is there already")
        other = len(self._boxes) % _EVERY_FIFTH == _EVERY_FIFTH - 1
        order = {"full_topic": OTHER_ORDER} if other else {}
        relays = Relays(box.mac, box.relays, name=box.name, **order)
        if self._tele_period_s is not None:
            relays.tele_period_s = self._tele_period_s
        self._boxes[box.mac] = RelayBox(relays, self._broker)
        self._power_on(box.mac, self._boxes[box.mac].run)

    def press(self, address: str) -> None:
        """Switch a light by hand at the pole."""
        mac, channel = _channel(address)
        self._box(mac).press(channel)

    def silence(self, address: str, *, silent: bool = True) -> None:
        """Take messages and never report, until told to speak again."""
        mac, channel = _channel(address)
        if mac in self._boxes:
            (self._box(mac).relays.silent.add if silent else self._box(mac).relays.silent.discard)(
                channel
            )
        elif address in self._points:
            self._points[address].silent = silent
        elif address in self._loudspeakers:
            self._loudspeakers[address].silent = silent
            self._powered[address].add_done_callback(lambda _: self.back(address))
            self._powered[address].cancel()
        else:
            raise UnknownTargetError(address)

    def late(self, address: str, seconds: float) -> None:
        """Answer that much later from now on."""
        mac, _ = _channel(address)
        if mac in self._boxes:
            self._box(mac).late_s = seconds
        elif address in self._points:
            self._points[address].late_s = seconds
        else:
            raise UnknownTargetError(address)

    async def drop(self, address: str) -> None:
        """A power cut: gone without a goodbye, until `back`."""
        mac, _ = _channel(address)
        if address in self._cameras:
            self._cameras[address].drop()
            return
        if mac in self._boxes:
            self._boxes[mac].link.cut()
        elif address in self._points:
            self._points[address].link.cut()
        elif address in self._loudspeakers:
            self._loudspeakers[address].cut()
        else:
            raise UnknownTargetError(address)
        # a moment, so that the connection is known to be lost and is not closed politely
        await asyncio.sleep(_NOTICE_S)
        task = self._powered[mac if mac in self._boxes else address]
        task.cancel()
        await asyncio.wait({task}, timeout=_OFF_WITHIN_S)

    def back(self, address: str) -> None:
        """Power returns."""
        mac, _ = _channel(address)
        if address in self._cameras:
            self._cameras[address].gone = False
        elif mac in self._boxes:
            self._power_on(mac, self._boxes[mac].run)
        elif address in self._points:
            self._power_on(address, self._points[address].run)
        elif address in self._loudspeakers:
            self._power_on(address, self._loudspeakers[address].run)
        else:
            raise UnknownTargetError(address)

    def hang(self, camera: str, *, hanging: bool = True) -> None:
        """Keep the camera's connections open and say nothing."""
        if camera not in self._cameras:
            raise UnknownTargetError(camera)
        awake = self._cameras[camera].awake
        if hanging:
            awake.clear()
        else:
            awake.set()

    def junk(self, topic: str, payload: bytes | None = None) -> None:
        """Publish what no device should; without a payload, a series of the usual nonsense."""
        links = [box.link for box in self._boxes.values() if box.link.connected]
        if not links:
            raise UnknownTargetError("no relay is connected that could publish it")
        for content in [payload] if payload is not None else _NONSENSE:
            links[0].send(Note(topic, content))

    async def lights(self, count: int, connections: int) -> None:
        """Add many lights that answer at once, over a few connections."""
        many = ManyLights(self._broker(), count, connections)
        self._many.append(many)
        await asyncio.to_thread(many.start)

    def _begin(self) -> None:
        for box in self._village.boxes:
            self.appear(box)
        for named in self._village.loudspeakers:
            folder = self._village.data / "simulator" / named.id
            self._loudspeakers[named.id] = Loudspeaker(named, folder, self._broker)
            self._power_on(named.id, self._loudspeakers[named.id].run)
        for named in self._village.access_points:
            self._points[named.id] = AccessPoint(named.id, named.name, self._broker)
            self._power_on(named.id, self._points[named.id].run)
        self._serve_cameras(self._village.cameras)
        log.info("village is up", boxes=len(self._boxes), cameras=len(self._cameras))

    def _serve_cameras(self, cameras: tuple[Camera, ...]) -> None:
        by_port: defaultdict[tuple[str, int], list[RtspCamera]] = defaultdict(list)
        for camera in cameras:
            simulated = RtspCamera(camera.url)
            if simulated.host not in {"127.0.0.1", "localhost", "::1"}:
                log.warning("camera is elsewhere, not simulated", camera=camera.name)
                continue
            self._cameras[camera.name] = simulated
            by_port[simulated.host, simulated.port].append(simulated)
        for (host, port), served in by_port.items():
            server = RtspServer(host, port, served)
            self._group.create_task(server.run(), name=f"rtsp {port}")

    async def _film(self) -> None:
        for variant, camera in enumerate(self._cameras.values()):
            camera.load(await asyncio.to_thread(encode_loop, variant))

    def _power_on(self, key: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        before = self._powered.get(key)
        if before is None or before.done():
            self._powered[key] = self._group.create_task(run(), name=key)

    def _box(self, mac: str) -> RelayBox:
        if mac not in self._boxes:
            raise UnknownTargetError(mac)
        return self._boxes[mac]

    @property
    def _group(self) -> asyncio.TaskGroup:
        if self._tasks is None:
            raise RuntimeError("the village does not run")
        return self._tasks


def _channel(address: str) -> tuple[str, int]:
    mac, _, channel = address.partition("/")
    return mac.upper(), int(channel) if channel.isdecimal() else 1


_NONSENSE: tuple[bytes, ...] = (
    base64.b64decode("//4A/w=="),  # invalid UTF-8
    b"",
    b"{",
    b"null",
    b"[[[[",
    b'{"POWER":NaN}',
    b'{"POWER":[1,2],"ENERGY":"much"}',
    b'{"ENERGY":{"Power":NaN,"Total":-1e999}}',
    b"x" * 1_000_000,
)
