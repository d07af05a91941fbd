"""Wrong sign-in tries: counted for each address and for all together, in bounded memory."""

import ipaddress
from collections import OrderedDict
from typing import Final

from hub.clock import Clock
from hub.errors import Busy

WINDOW_S: Final = 60.0
TRIES_OF_ONE: Final = 10
TRIES_OF_ALL: Final = 100
_ADDRESSES_KEPT: Final = 1_000
_IPV6_NETWORK_BITS: Final = 64  # one household or phone holds a whole /64


class WrongTries:
    """Slows down guessing without locking the village out.

    An address that tried wrongly waits when it did so too often, or when all together did. One
    that has not tried wrongly in this minute is always heard, so that a flood from elsewhere
    does not keep the head from signing in.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, int] = OrderedDict()
        self._all = 0
        self._window_ends = 0.0

    def check(self, address: str) -> None:
        """Raise Busy when this address has to wait."""
        self._renew()
        own = self._by_address.get(_network(address), 0)
        if own >= TRIES_OF_ONE or (own and self._all >= TRIES_OF_ALL):
            retry_s = max(1, round(self._window_ends - self._clock.monotonic()))
            raise Busy("Too many wrong tries: wait a minute, then try again", retry_s=retry_s)

    def add(self, address: str) -> None:
        """Count a wrong try."""
        self._renew()
        network = _network(address)
        self._by_address[network] = self._by_address.pop(network, 0) + 1
        self._all += 1
        if len(self._by_address) > _ADDRESSES_KEPT:
            self._by_address.popitem(last=False)

    def _renew(self) -> None:
        if self._clock.monotonic() >= self._window_ends:
            self._by_address.clear()
            self._all = 0
            self._window_ends = self._clock.monotonic() + WINDOW_S


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 4 or parsed.ipv4_mapped is not None:  # noqa: PLR2004  IPv4
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), _IPV6_NETWORK_BITS), strict=False))
