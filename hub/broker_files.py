"""What the hub writes for the broker that it runs: its configuration, its users and their rights.

All of it stands in one folder that only the user of the hub can read. Mosquitto's formats are
those of mosquitto.conf(5) and mosquitto_passwd(1); rumqttd's is its rumqttd.toml.
"""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.errors import ConfigError
from hub.mqtt import PAYLOAD_LIMIT_BYTES

HUB: Final = "village-hub"
DEVICE: Final = "village-device"

CREDENTIALS: Final = "credentials.json"
MOSQUITTO_CONF: Final = "mosquitto.conf"
EMBEDDED_CONF: Final = "embedded.toml"
PASSWORDS: Final = "passwords"
RIGHTS: Final = "rights"

CONNECTION_LIMIT: Final = 4_000
QUEUE_LIMIT: Final = 20_000
# Topic, packet ids and length fields come on top of the payload.
_PACKET_LIMIT_BYTES: Final = PAYLOAD_LIMIT_BYTES + 4_096
# mosquitto_passwd's own number. More would only slow a thousand lamps that come back together:
# the passwords are random and far beyond guessing.
_HASH_ROUNDS: Final = 101

_HUB_RIGHTS: Final = ("readwrite #",)
# Tasmota's prefix may stand before or after the name of the device.
_DEVICE_RIGHTS: Final = (
    "read cmnd/#",
    "read +/cmnd/#",
    "write stat/#",
    "write +/stat/#",
    "write tele/#",
    "write +/tele/#",
    "write tasmota/discovery/#",
    *(
        right
        for kind in ("loudspeaker", "access-point")
        for right in (
            f"read village/{kind}/+/set",
            *(f"write village/{kind}/+/{says}" for says in ("ack", "state", "tele", "status")),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """Somebody whom the broker lets in, with rights such as `read cmnd/#`."""

    name: str
    password: str = field(repr=False)
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The two users that the hub makes: itself, and one that the devices share."""

    hub: BrokerUser
    device: BrokerUser

    @property
    def users(self) -> list[BrokerUser]:
        """All of them."""
        return [self.hub, self.device]


def keep_credentials(folder: Path, host: str, port: int) -> Credentials:
    """Read the passwords, or make them the first time; note the present address beside them.

    Raises ConfigError when the file is damaged: with new passwords every device would be locked
    out, so that is for a person to decide.
    """
    file = folder / CREDENTIALS
    stored = _read_credentials(file) if file.exists() else None
    passwords = stored or {name: secrets.token_urlsafe(24) for name in ("hub", "device")}
    credentials = Credentials(
        hub=BrokerUser(HUB, passwords["hub"], _HUB_RIGHTS),
        device=BrokerUser(DEVICE, passwords["device"], _DEVICE_RIGHTS),
    )
    content = {"host": host, "port": port} | {
        key: {"username": user.name, "password": user.password}
        for key, user in (("hub", credentials.hub), ("device", credentials.device))
    }
    write_private(file, json.dumps(content, indent=2) + "\n")
    return credentials


def _read_credentials(file: Path) -> dict[str, str]:
    try:
        content = json.loads(file.read_bytes())
        passwords = {name: content[name]["password"] for name in ("hub", "device")}
    except (ValueError, KeyError, TypeError):
        passwords = {}
    if not all(isinstance(each, str) and each for each in passwords.values()) or not passwords:
        expected = "the file as the hub wrote it (or none: then every device needs a new password)"
        raise ConfigError(str(file), "the file", "damaged", expected)
    return passwords


def write_mosquitto(folder: Path, host: str, port: int, users: list[BrokerUser]) -> Path:
    """Write Mosquitto's files and return the path of its configuration."""
    write_private(folder / PASSWORDS, "".join(password_line(user) for user in users))
    write_private(folder / RIGHTS, "\n".join(_rights_of(user) for user in users))
    # Started as root, Mosquitto would change to a user that may not read these files.
    user = "user root\n" if os.geteuid() == 0 else ""
    conf = f"""# Written by the village hub at each start; changes here are lost.
{user}listener {port} {host}
set_tcp_nodelay true
max_connections {CONNECTION_LIMIT}
allow_anonymous false
password_file {folder / PASSWORDS}
acl_file {folder / RIGHTS}
max_packet_size {_PACKET_LIMIT_BYTES}
max_queued_messages {QUEUE_LIMIT}
max_inflight_messages 200
persistence true
persistence_location {folder}/
# Saving at each change rewrites the whole file, and wears out an SD card.
autosave_interval 30
persistent_client_expiration 7d
sys_interval 0
connection_messages false
log_dest stderr
log_type error
log_type warning
log_timestamp false
"""
    return write_private(folder / MOSQUITTO_CONF, conf)


def write_embedded(folder: Path, host: str, port: int, users: list[BrokerUser]) -> Path:
    """Write rumqttd's configuration and return its path. It knows users, but no rights."""
    passwords = "".join(f'{user.name} = "{user.password}"\n' for user in users)
    # By default it hands 200 retained messages to a new subscriber, and keeps 1 GB per filter.
    toml = f"""# Written by the village hub at each start; changes here are lost.
id = 0
[router]
id = 0
max_connections = {CONNECTION_LIMIT}
max_outgoing_packet_count = {QUEUE_LIMIT}
max_segment_size = {2**20}
max_segment_count = 10
[v4.1]
name = "village"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 5000
max_payload_size = {_PACKET_LIMIT_BYTES}
max_inflight_count = 500
dynamic_filters = false
[v4.1.connections.auth]
{passwords}"""
    return write_private(folder / EMBEDDED_CONF, toml)


def password_line(user: BrokerUser, salt: bytes | None = None) -> str:
    """One line of Mosquitto's password file: `name:$7$rounds$salt$hash`, PBKDF2 with SHA-512."""
    salt = salt or secrets.token_bytes(12)
    hashed = hashlib.pbkdf2_hmac("sha512", user.password.encode(), salt, _HASH_ROUNDS)
    parts = (base64.b64encode(each).decode() for each in (salt, hashed))
    return f"{user.name}:$7${_HASH_ROUNDS}${'$'.join(parts)}\n"


def _rights_of(user: BrokerUser) -> str:
    lines = (f"topic {right}\n" for right in user.rights)
    return f"user {user.name}\n{''.join(lines)}"


def write_private(file: Path, text: str) -> Path:
    """Write a file that only this user can read, whole or not at all; and return its path."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.rename(file)
    return file
