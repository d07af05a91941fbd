"""Under which addresses phones and loudspeakers reach this computer."""

import ipaddress
import socket

from hub.config import Server

# Nothing is sent: connecting a datagram socket only asks the system which way it would go.
_SOMEWHERE_ELSE = ("192.0.2.1", 9)  # TEST-NET-1, RFC 5737


def local_address(server: Server) -> str:
    """The address for a browser on this computer."""
    host = server.host
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://{_bracketed(host)}:{server.port}"


def phone_address(server: Server) -> str | None:
    """The address for phones on the same network; None when only this computer is served."""
    if server.address is not None:
        return server.address
    host = ipaddress.ip_address(server.host)
    if host.is_loopback:
        return None
    if not host.is_unspecified:
        return f"http://{_bracketed(server.host)}:{server.port}"
    found = _network_address()
    return None if found is None else f"http://{found}:{server.port}"


def base_url(server: Server) -> str:
    """The one address that links and sounds are given out under."""
    return phone_address(server) or local_address(server)


def _network_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_SOMEWHERE_ELSE)
        except OSError:
            return _first_own_address()
        host: str = asking.getsockname()[0]
    return None if ipaddress.ip_address(host).is_loopback else host


def _first_own_address() -> str | None:
    """Without a default route (a village network cut off), by the computer's own name."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return None
    hosts = [str(entry[4][0]) for entry in found]
    return next((host for host in hosts if not ipaddress.ip_address(host).is_loopback), None)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
