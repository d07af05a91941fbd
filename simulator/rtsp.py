"""A small RTSP server: replays one loop of H.264 for each camera, interleaved over TCP.

RFC 2326 (RTSP), RFC 7617 and RFC 7616 (Basic and Digest with MD5), RFC 3550 (RTP) and RFC 6184
(H.264 in RTP). A viewer lands in the middle of a group of pictures, as at a real camera, and the
time stamps go on when the loop begins again.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import structlog

from simulator.scene import FRAMES_PER_S, Loop

log = structlog.get_logger(__name__)

MAX_RTP_BYTES = 1400
CLOCK_HZ = 90_000
MAX_WAITING_BYTES = 1 << 20
"""A viewer that is further behind gets no frames until it has caught up."""

_MAX_LINES = 64
_REALM = "village"
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN"
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


@dataclass(slots=True)
class Reel:
    """One camera's picture: `frames[i]` are the RTP payloads of frame i, the last one marked."""

    loop: Loop
    frames: tuple[tuple[bytes, ...], ...]

    @classmethod
    def of(cls, loop: Loop) -> "Reel":
        """Cut a loop into RTP payloads once, for all viewers."""
        return cls(loop, tuple(tuple(_payloads(unit)) for unit in loop.units))


class RtspCamera:
    """One camera at one path; `user` and `password` are empty when it asks for none."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "rtsp" or parts.hostname is None:
            raise ValueError("expected rtsp://host:port/path")
        self.host, self.port = parts.hostname, parts.port or 554
        self.path = parts.path.rstrip("/") or "/"
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.reel: Reel | None = None
        # Not set: the camera takes connections and says nothing, as one that hangs.
        self.awake = asyncio.Event()
        self.gone = False
        self._viewers: set[Viewer] = set()
        self._watched = asyncio.Event()

    async def run(self) -> None:
        """Send each frame at its time to all that watch; the number follows the clock."""
        loop = asyncio.get_running_loop()
        while True:
            await self._watched.wait()
            await asyncio.sleep(1 / FRAMES_PER_S - loop.time() % (1 / FRAMES_PER_S))
            if self.reel is None or not self.awake.is_set():
                continue
            number = round(loop.time() * FRAMES_PER_S)
            payloads = self.reel.frames[number % len(self.reel.frames)]
            for viewer in tuple(self._viewers):
                viewer.send_frame(number, payloads)

    def load(self, loop: Loop) -> None:
        """Give the camera its picture; from then on it answers."""
        self.reel = Reel.of(loop)
        self.awake.set()

    def drop(self) -> None:
        """A power cut: all connections end, and no new one is answered."""
        self.gone = True
        for viewer in tuple(self._viewers):
            viewer.abort()

    def add(self, viewer: "Viewer") -> None:
        """Send to this viewer from the next frame on."""
        self._viewers.add(viewer)
        self._watched.set()

    def remove(self, viewer: "Viewer") -> None:
        """Send to it no more."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._watched.clear()


class RtspServer:
    """All cameras of one host and port."""

    def __init__(self, host: str, port: int, cameras: list[RtspCamera]) -> None:
        self._host = host
        self._port = port
        self._cameras = {camera.path: camera for camera in cameras}
        self._nonces: deque[str] = deque(maxlen=1000)
        self._open: set[Viewer] = set()

    async def run(self) -> None:
        """Listen until cancelled."""
        server = await asyncio.start_server(self._serve, self._host, self._port)
        log.info("cameras listen", host=self._host, port=self._port)
        async with server:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for camera in self._cameras.values():
                        tasks.create_task(camera.run(), name=f"camera {camera.path}")
            finally:
                for viewer in tuple(self._open):  # else the server would wait for them
                    viewer.abort()

    def camera_at(self, url: str) -> RtspCamera | None:
        """The camera of a request's address, also with `/trackID=0` behind its path."""
        path = urlsplit(url).path.rstrip("/") or "/"
        return self._cameras.get(path) or self._cameras.get(path.rpartition("/")[0])

    def challenge(self) -> list[str]:
        """The two ways to sign in that a 401 offers."""
        nonce = secrets.token_hex(16)
        self._nonces.append(nonce)
        return [
            f'WWW-Authenticate: Digest realm="{_REALM}", nonce="{nonce}"',
            f'WWW-Authenticate: Basic realm="{_REALM}"',
        ]

    def admits(self, camera: RtspCamera, method: str, authorization: str) -> bool:
        """Whether the Authorization header is right for this camera."""
        if not camera.user:
            return True
        kind, _, rest = authorization.partition(" ")
        if kind.lower() == "basic":
            expected = base64.b64encode(f"{camera.user}:{camera.password}".encode()).decode()
            return hmac.compare_digest(rest.strip(), expected)
        given = dict(_PARAMETER.findall(rest))
        if kind.lower() != "digest" or given.get("nonce") not in self._nonces:
            return False
        answer = _digest_answer(camera, method, given)
        return hmac.compare_digest(given.get("response", ""), answer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewer = Viewer(self, reader, writer)
        self._open.add(viewer)
        try:
            await viewer.serve()
        except (OSError, EOFError, ValueError):
            pass  # the other side went away or speaks no RTSP; its connection ends below
        except asyncio.CancelledError:
            pass  # the simulator ends; a stream server must not log that as a fault
        finally:
            self._open.discard(viewer)
            viewer.leave()
            viewer.abort()


class Viewer:
    """One connection: its requests, and the frames that it gets once it plays."""

    def __init__(
        self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._camera: RtspCamera | None = None
        self._session = secrets.token_hex(8)
        self._channel = 0
        self._sequence = secrets.randbits(16)
        self._source = secrets.randbits(32)
        self._shift = secrets.randbits(31)

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":  # the viewer's RTCP reports: read past them
                _, length = struct.unpack(">BH", await self._reader.readexactly(3))
                await self._reader.readexactly(length)
                continue
            head = first + await self._reader.readline()
            method, url, headers = await self._request(head.decode("ascii", "replace"))
            camera = self._server.camera_at(url)
            if camera is not None:
                await camera.awake.wait()
                if camera.gone:
                    return
            self._answer(method, url, headers, camera)
            await self._writer.drain()

    def send_frame(self, number: int, payloads: tuple[bytes, ...]) -> None:
        """Send one picture, unless this viewer is too far behind."""
        if self._writer.transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            return
        stamp = (number * (CLOCK_HZ // FRAMES_PER_S) + self._shift) & 0xFFFFFFFF
        packets = bytearray()
        for index, payload in enumerate(payloads, 1):
            kind = 96 | (0x80 if index == len(payloads) else 0)
            header = struct.pack(">BBHII", 0x80, kind, self._sequence, stamp, self._source)
            packets += struct.pack(">cBH", b"$", self._channel, len(header) + len(payload))
            packets += header + payload
            self._sequence = (self._sequence + 1) & 0xFFFF
        self._writer.write(bytes(packets))

    def leave(self) -> None:
        """Watch no more."""
        if self._camera is not None:
            self._camera.remove(self)

    def abort(self) -> None:
        """End the connection now."""
        with contextlib.suppress(OSError):
            self._writer.transport.abort()

    async def _request(self, first: str) -> tuple[str, str, dict[str, str]]:
        method, url, _ = first.split(" ", 2)
        headers: dict[str, str] = {}
        for _ in range(_MAX_LINES):
            line = (await self._reader.readline()).decode("utf-8", "replace").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        await self._reader.readexactly(int(headers.get("content-length", "0")))
        return method, url, headers

    def _answer(
        self, method: str, url: str, headers: dict[str, str], camera: RtspCamera | None
    ) -> None:
        lines = [f"CSeq: {headers.get('cseq', '0')}"]
        if method == "OPTIONS":
            self._reply("200 OK", [*lines, f"Public: {_METHODS}"])
        elif camera is None or camera.reel is None:
            self._reply("404 Not Found", lines)
        elif not self._server.admits(camera, method, headers.get("authorization", "")):
            self._reply("401 Unauthorized", [*lines, *self._server.challenge()])
        elif method == "DESCRIBE":
            self._describe(url, lines, camera.reel)
        elif method == "SETUP":
            self._set_up(headers.get("transport", ""), lines)
        else:
            self._control(method, lines, camera)

    def _describe(self, url: str, lines: list[str], reel: Reel) -> None:
        description = _description(reel.loop).encode()
        lines += ["Content-Type: application/sdp", f"Content-Base: {url.rstrip('/')}/"]
        self._reply("200 OK", [*lines, f"Content-Length: {len(description)}"], description)

    def _set_up(self, transport: str, lines: list[str]) -> None:
        if "TCP" not in transport.upper():
            self._reply("461 Unsupported Transport", lines)
            return
        channels = re.search(r"interleaved=(\d{1,3})", transport)
        self._channel = min(int(channels[1]), 254) if channels else 0
        pair = f"{self._channel}-{self._channel + 1}"
        lines.append(f"Transport: RTP/AVP/TCP;unicast;interleaved={pair}")
        self._reply("200 OK", [*lines, f"Session: {self._session};timeout=60"])

    def _control(self, method: str, lines: list[str], camera: RtspCamera) -> None:
        if method not in {"PLAY", "PAUSE", "GET_PARAMETER", "TEARDOWN"}:
            self._reply("405 Method Not Allowed", lines)
            return
        self._reply("200 OK", [*lines, f"Session: {self._session}"])
        if method == "PLAY":
            self._camera = camera
            camera.add(self)
        elif method in {"PAUSE", "TEARDOWN"}:
            self.leave()

    def _reply(self, status: str, lines: list[str], body: bytes = b"") -> None:
        self._writer.write("\r\n".join([f"RTSP/1.0 {status}", *lines, "", ""]).encode() + body)


def _description(loop: Loop) -> str:
    sets = ",".join(base64.b64encode(nal).decode() for nal in (loop.sps, loop.pps))
    form = f"packetization-mode=1;profile-level-id={loop.sps[1:4].hex()}"
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=village",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "m=video 0 RTP/AVP 96",
        f"a=rtpmap:96 H264/{CLOCK_HZ}",
        f"a=framerate:{FRAMES_PER_S}",
        f"a=fmtp:96 {form};sprop-parameter-sets={sets}",
        "a=control:trackID=0",
        "",
    ]
    return "\r\n".join(lines)


def _payloads(unit: tuple[bytes, ...]) -> Iterator[bytes]:
    """Single NAL units, and FU-A for what is too long for one packet (RFC 6184, 5.6 and 5.8)."""
    for nal in unit:
        if len(nal) <= MAX_RTP_BYTES:
            yield nal
            continue
        indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
        pieces = [nal[at : at + MAX_RTP_BYTES] for at in range(1, len(nal), MAX_RTP_BYTES)]
        for index, piece in enumerate(pieces):
            begin, end = index == 0, index == len(pieces) - 1
            yield bytes((indicator, begin << 7 | end << 6 | kind)) + piece


def _digest_answer(camera: RtspCamera, method: str, given: dict[str, str]) -> str:
    """RFC 7616 without qop, as cameras do it."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    who = md5(f"{camera.user}:{_REALM}:{camera.password}")
    what = md5(f"{method}:{given.get('uri', '')}")
    return md5(f"{who}:{given.get('nonce', '')}:{what}")
