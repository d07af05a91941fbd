"""The one MQTT connection of the hub: listeners by topic filter, and publishes that never wait.

aiomqtt carries the connection. Messages are sent and received by the paho client below it:
awaiting each acknowledgement doubles the time of a road of a thousand lights, and aiomqtt's
queue of messages costs a task per message.
"""

import asyncio
import random
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias

import aiomqtt
import structlog
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from hub.clock import Clock
from hub.errors import BrokerDown, InvalidInput
from hub.events import Events
from hub.topics import Routes, check_filter, check_topic

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

log = structlog.get_logger(__name__)

KEEPALIVE_S: Final = 10
CONNECT_TIMEOUT_S: Final = 3.0
FIRST_WAIT_S: Final = 0.1
PAYLOAD_LIMIT_BYTES: Final = 256 * 1024
UNACKNOWLEDGED_LIMIT: Final = 20_000

_SOCKET_OPTIONS: Final = (
    # Nagle's algorithm makes a phone wait 40 ms for its lamp.
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    # Bytes that nobody acknowledges end a half-open connection sooner than the keepalive does.
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, KEEPALIVE_S * 1000),
)
_SLICE: Final = 100  # messages handed over before the loop is given back
_FILTERS_PER_REQUEST: Final = 200
# In a session that ends with its connection, QoS 1 would bring nothing more over the same TCP
# stream, at the cost of an acknowledgement each; and rumqttd 0.20 (in the iotcore 0.4 wheel)
# stops after 100 retained messages at QoS 1, where it hands over all of them at QoS 0.
_SUBSCRIBE_QOS: Final = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came. `retained` is set on what the broker had kept from before."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Publish:
    """A message to send: always QoS 1, never retained."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who the hub is there; the password shows in no representation."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    """A session has begun and its subscriptions are in place."""

    session: int


@dataclass(frozen=True, slots=True)
class BrokerLost:
    """The connection has ended; what was not acknowledged may or may not have arrived."""


Listener: TypeAlias = Callable[[Message], None]


class Mqtt:
    """The connection of the hub to its broker, made again for as long as `run()` runs.

    Listeners of a session are called after its `BrokerConnected` and never after its
    `BrokerLost`. Filters that overlap may bring the same message more than once, as may QoS 1
    itself: whoever listens must be able to hear a thing twice.
    """

    def __init__(
        self,
        events: Events,
        clock: Clock,
        address: BrokerAddress | Callable[[], BrokerAddress],
        *,
        longest_wait_s: float = 0.5,
    ) -> None:
        """Store what is needed.

        `address` may be a function, asked before every attempt. `longest_wait_s` is the longest
        pause between two attempts: short for a broker on this computer, longer for a distant one.
        """
        self.connected = False
        self.session = 0
        self._events = events
        self._clock = clock
        self._address = address
        self._longest_wait_s = longest_wait_s
        self._identifier = f"village-hub-{secrets.token_hex(6)}"
        self._routes: Routes[Listener] = Routes()
        self._paho: PahoClient | None = None
        self._subscribing: dict[int, list[str]] = {}
        self._subscribed = asyncio.Event()
        self._waiting: deque[Message] = deque()
        self._unacknowledged: dict[int, Callable[[], None] | None] = {}

    def listen(self, topic_filter: str, listener: Listener) -> None:
        """Call `listener` for every message that matches, from now or from the next session on.

        The filter is subscribed again when it gets another listener, so that this one also hears
        what the broker has retained. Raises InvalidInput for a filter that a broker may refuse.
        """
        check_filter(topic_filter)
        self._routes.add(topic_filter, listener)
        if self._paho is not None:
            self._subscribe(self._paho, [topic_filter])

    def publish(self, message: Publish, acknowledged: Callable[[], None] | None = None) -> None:
        """Send, and return at once; `acknowledged()` is called when the broker has it.

        When the connection ends first, `acknowledged` is never called and the message is not sent
        again. Raises BrokerDown when there is no connection, InvalidInput for a topic or payload
        for which a broker may end the connection.
        """
        check_topic(message.topic)
        if len(message.payload) > PAYLOAD_LIMIT_BYTES:
            limit = PAYLOAD_LIMIT_BYTES
            raise InvalidInput("The message is too long for the broker.", limit_bytes=limit)
        paho = self._paho
        if not self.connected or paho is None:
            raise BrokerDown("The message broker is not connected; nothing was sent.")
        if len(self._unacknowledged) >= UNACKNOWLEDGED_LIMIT:
            raise BrokerDown("The message broker acknowledges nothing; nothing was sent.")
        sent = paho.publish(message.topic, message.payload, qos=1)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerDown("The message broker is not connected; nothing was sent.")
        self._unacknowledged[sent.mid] = acknowledged

    async def run(self) -> Never:
        """Connect, and connect again whenever the connection ends, until cancelled."""
        wait_s = FIRST_WAIT_S
        told = ""
        while True:
            session = self.session
            reason = await self._connect_once()
            if self.session > session:
                wait_s, told = FIRST_WAIT_S, ""
            if reason != told:
                log.warning("broker not connected", reason=reason)
                told = reason
            await self._clock.sleep(wait_s * random.uniform(0.8, 1.0))  # noqa: S311  only jitter
            wait_s = min(wait_s * 2, self._longest_wait_s)

    async def _connect_once(self) -> str:
        """Hold one connection until it ends, and say why it ended or never began."""
        address = self._address() if callable(self._address) else self._address
        client = self._client(address)
        paho = client._client  # noqa: SLF001  aiomqtt has no other way to its paho client
        try:
            await _reach(address)
            # Not `async with`: leaving would wait for a broker that may be gone.
            await client.__aenter__()
            paho.on_socket_register_write = _write_when_ready
            self._paho = paho
            return await self._hold(client, paho)
        except (aiomqtt.MqttError, OSError, UnicodeError) as error:  # the last: a name with ".."
            return str(error) or type(error).__name__
        finally:
            self._end_session(paho)
            _close(paho)

    async def _hold(self, client: aiomqtt.Client, paho: PahoClient) -> str:
        reason = ""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_until_lost(client), name="mqtt: until lost")
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._subscribe_all(paho)
                self._begin_session()
                await self._hand_over_waiting()
        except* aiomqtt.MqttError:
            reason = "the connection ended"
        except* TimeoutError:
            reason = "the broker acknowledges no subscription"
        return reason

    def _client(self, address: BrokerAddress) -> aiomqtt.Client:
        """Make a client for one connection: a new one each time sends nothing old again."""
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=self._identifier,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            # 0 is "no limit": with one, paho walks over all open messages at each acknowledgement.
            max_inflight_messages=0,
            max_queued_outgoing_messages=0,
            socket_options=_SOCKET_OPTIONS,
            tls_params=aiomqtt.TLSParameters() if address.tls else None,
        )
        self._hook(client._client)  # noqa: SLF001  aiomqtt has no other way to its paho client
        return client

    def _hook(self, paho: PahoClient) -> None:
        paho.connect_timeout = CONNECT_TIMEOUT_S
        paho.disable_logger()
        paho.on_message = self._on_message
        paho.on_publish = self._on_publish
        paho.on_subscribe = self._on_subscribe
        told_aiomqtt = paho.on_disconnect

        def on_disconnect(*args: Any) -> None:  # noqa: ANN401  passed on as it came
            self._end_session(paho)
            if told_aiomqtt is not None:
                told_aiomqtt(*args)

        paho.on_disconnect = on_disconnect

    async def _subscribe_all(self, paho: PahoClient) -> None:
        filters = self._routes.filters()
        for start in range(0, len(filters), _FILTERS_PER_REQUEST):
            self._subscribe(paho, filters[start : start + _FILTERS_PER_REQUEST])
        while self._subscribing:
            await self._subscribed.wait()

    def _subscribe(self, paho: PahoClient, filters: list[str]) -> None:
        _, mid = paho.subscribe([(each, _SUBSCRIBE_QOS) for each in filters])
        if mid is not None:  # else the connection has just ended, and the next one asks again
            self._subscribing[mid] = filters
            self._subscribed.clear()

    def _begin_session(self) -> None:
        self.session += 1
        self.connected = True
        log.info("broker connected", session=self.session)
        self._events.publish(BrokerConnected(self.session))

    def _end_session(self, paho: PahoClient) -> None:
        if self._paho is not paho:
            return
        self._paho = None
        self._subscribing.clear()
        self._waiting.clear()
        self._unacknowledged.clear()
        if self.connected:
            self.connected = False
            self._events.publish(BrokerLost())

    async def _hand_over_waiting(self) -> None:
        while self._waiting:
            for _ in range(min(_SLICE, len(self._waiting))):
                self._deliver(self._waiting.popleft())
            await asyncio.sleep(0)

    def _on_subscribe(
        self, paho: PahoClient, _: object, mid: int, codes: Iterable[ReasonCode], *_rest: object
    ) -> None:
        if self._paho is not paho:
            return
        for topic_filter, code in zip(self._subscribing.pop(mid, ()), codes, strict=False):
            if code.is_failure:
                log.error("broker refused a subscription", filter=topic_filter)
        if not self._subscribing:
            self._subscribed.set()

    def _on_message(self, paho: PahoClient, _: object, received: MQTTMessage) -> None:
        if self._paho is not paho:
            return
        try:
            message = Message(received.topic, bytes(received.payload), received.retain)
        except UnicodeDecodeError:
            log.warning("message dropped: its topic is not UTF-8")
            return
        if len(message.payload) > PAYLOAD_LIMIT_BYTES:
            log.warning("message dropped: too long", topic=message.topic[:80])
        elif self.connected and not self._waiting:
            self._deliver(message)
        else:
            # A broker may send retained messages before it has acknowledged the subscription.
            self._waiting.append(message)

    def _deliver(self, message: Message) -> None:
        for listener in self._routes.to(message.topic):
            try:
                listener(message)
            except Exception:  # one broken listener must not deafen the others
                log.exception("listener of a topic failed", topic=message.topic[:80])

    def _on_publish(self, paho: PahoClient, _: object, mid: int, *_rest: object) -> None:
        if self._paho is not paho:
            return
        _acknowledge_at_once(paho)
        acknowledged = self._unacknowledged.pop(mid, None)
        if acknowledged is not None:
            try:
                acknowledged()
            except Exception:  # paho would take it for a broken connection
                log.exception("listener of an acknowledgement failed")


async def _reach(address: BrokerAddress) -> None:
    """Raise OSError if nothing listens there.

    paho connects in a thread that nothing can cancel; this way it never hangs in one, and the
    hub stops at once.
    """
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        _, writer = await asyncio.open_connection(address.host, address.port)
    writer.close()


async def _until_lost(client: aiomqtt.Client) -> None:
    # No message comes this way, since on_message is ours; the iterator raises when it ends.
    async for _ in client.messages:
        pass


def _write_when_ready(paho: PahoClient, _: object, sock: "SocketLike") -> None:
    """Write at the next turn of the loop: all that is published in one turn goes out together.

    aiomqtt asks for this one turn later, when the socket may be closed and its number reused.
    """

    def write() -> None:
        try:
            paho.loop_write()
        except Exception:  # the state of the connection is unknown: end it
            log.exception("writing to the broker failed")
            _close(paho)

    asyncio.get_running_loop().add_writer(sock.fileno(), write)


def _acknowledge_at_once(paho: PahoClient) -> None:
    """Acknowledge to TCP what was read, now.

    A broker without TCP_NODELAY (rumqttd, and Mosquitto as Debian configures it) holds back the
    device's report until its acknowledgement of the command is itself acknowledged: 40 ms later.
    """
    sock = paho.socket()
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _close(paho: PahoClient) -> None:
    """Say goodbye without waiting for an answer, and leave no socket behind."""
    paho.disconnect()
    paho.loop_write()
    left = paho.socket()
    if left is not None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(left.fileno())
        loop.remove_writer(left.fileno())
        left.close()
