"""The settings of the site: `config.yaml` as frozen, checked values.

The file holds the wiring (addresses, broker, database, place), no secrets, and the village to begin
with (`begin`), which fills an empty database once. A mistake stops the start with the file, the
key, the value and what was expected.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from hub.errors import ConfigError

_LARGEST_FILE_BYTES = 1_000_000
_CREDENTIALS = re.compile(r"//[^/]*@")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        msg = "a time zone such as Asia/Ho_Chi_Minh"
        raise ValueError(msg)
    return name


def _camera_address(url: str) -> str:
    if not url.startswith(("rtsp://", "rtsps://")):
        msg = "an address that begins with rtsp:// or rtsps://"
        raise ValueError(msg)
    if "@" in url.partition("://")[2].partition("/")[0]:
        msg = "an address without a password (put it into password_file, beside username)"
        raise ValueError(msg)
    return url


def _own_address(host: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        msg = "an IP address of this computer, such as 0.0.0.0 for all of them"
        raise ValueError(msg) from None


def _page_address(url: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+", url):
        msg = "an address such as https://thon-dong.example.vn, with nothing behind the name"
        raise ValueError(msg)
    return url


def _phone_number(number: str) -> str:
    if not re.fullmatch(r"\+?[0-9 .-]{6,20}", number):
        msg = 'a telephone number in quotes, such as "0210 000 000"'
        raise ValueError(msg)
    return number


Name = Annotated[str, Field(min_length=1, max_length=80)]
Port = Annotated[int, Field(ge=1, le=65535)]
CameraAddress = Annotated[str, Field(max_length=500), AfterValidator(_camera_address)]


class Village(_Part):
    """Name and place; the sun is reckoned from the place."""

    name: Name
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Asia/Ho_Chi_Minh"
    head_phone: Annotated[str, AfterValidator(_phone_number)] | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, for datetimes."""
        return ZoneInfo(self.timezone)


class Server(_Part):
    """Where phones reach the hub."""

    host: Annotated[str, AfterValidator(_own_address)] = "0.0.0.0"  # noqa: S104  phones must reach it
    port: Port = 8080
    address: Annotated[str, AfterValidator(_page_address)] | None = None
    trusted_proxies: tuple[str, ...] = ()


class BrokerSettings(_Part):
    """The MQTT broker: a child of the hub, or one that runs elsewhere."""

    mode: Literal["auto", "mosquitto", "embedded", "external"] = "auto"
    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: Path | None = None
    tls: bool = False

    @model_validator(mode="after")
    def _external_needs_a_user(self) -> "BrokerSettings":
        if self.mode == "external" and self.password_file is not None and self.username is None:
            msg = "a username beside password_file"
            raise ValueError(msg)
        return self


class AnnouncementSettings(_Part):
    """How announcements sound and how long they stay."""

    voice: Annotated[str, Field(pattern=r"^[A-Za-z0-9+_-]{1,40}$")] = "vi+Annie"
    words_per_minute: Annotated[int, Field(ge=80, le=250)] = 130
    grace_s: Annotated[int, Field(ge=10, le=3600)] = 300
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    keep_mb: Annotated[int, Field(ge=10, le=100_000)] = 500


class CameraLimits(_Part):
    """What cameras may cost."""

    viewers_per_camera: Annotated[int, Field(ge=1, le=1000)] = 50
    viewers: Annotated[int, Field(ge=1, le=5000)] = 200
    frames_per_second: Annotated[int, Field(ge=1, le=15)] = 5
    width: Annotated[int, Field(ge=160, le=1920)] = 640
    height: Annotated[int, Field(ge=90, le=1080)] = 360
    silence_s: Annotated[float, Field(ge=1, le=60)] = 6.0
    linger_s: Annotated[float, Field(ge=0, le=300)] = 15.0
    probe_minutes: Annotated[float, Field(gt=0, le=1440)] = 5.0


class FirstZone(_Part):
    """A road, alley or hamlet to begin with."""

    name: Name
    parent: Name | None = None


class FirstDevice(_Part):
    """A device to begin with, known by its driver and address."""

    driver: Literal["tasmota", "loudspeaker", "access_point"]
    address: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Literal["light", "loudspeaker", "access_point"]
    name: Name
    zone: Name


class FirstCamera(_Part):
    """A camera to begin with."""

    name: Name
    url: CameraAddress
    username: Annotated[str, Field(max_length=200)] | None = None
    password_file: Path | None = None
    zone: Name | None = None


KeepsPassword = TypeVar("KeepsPassword", BrokerSettings, FirstCamera)


class FirstSchedule(_Part):
    """A schedule to begin with; the shapes are those of the API, with zones by name."""

    name: Name
    trigger: dict[str, object]
    action: dict[str, object]


class Beginning(_Part):
    """The village to begin with: fills an empty database once."""

    zones: tuple[FirstZone, ...] = ()
    devices: tuple[FirstDevice, ...] = ()
    cameras: tuple[FirstCamera, ...] = ()
    schedules: tuple[FirstSchedule, ...] = ()

    @model_validator(mode="after")
    def _zones_exist(self) -> "Beginning":
        known: set[str] = set()
        for zone in self.zones:
            if zone.name in known:
                msg = f"each zone once ({zone.name!r} stands twice)"
                raise ValueError(msg)
            if zone.parent is not None and zone.parent not in known:
                msg = f"a parent named above {zone.name!r} ({zone.parent!r} is not)"
                raise ValueError(msg)
            known.add(zone.name)
        places = [(device.name, device.zone) for device in self.devices]
        places += [(camera.name, camera.zone) for camera in self.cameras if camera.zone]
        for name, place in places:
            if place not in known:
                msg = f"{name!r} to be in one of the zones ({place!r} is none)"
                raise ValueError(msg)
        return self


class Settings(_Part):
    """The whole of config.yaml."""

    village: Village
    server: Server = Server()
    broker: BrokerSettings = BrokerSettings()
    data: Path = Path("data")
    database: str | None = None
    announcements: AnnouncementSettings = AnnouncementSettings()
    cameras: CameraLimits = CameraLimits()
    begin: Beginning = Beginning()

    @property
    def database_url(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database or f"sqlite+aiosqlite:///{self.data / 'hub.sqlite'}"


def load(file: Path) -> Settings:
    """Read and check the configuration.

    Relative paths in it are relative to the file. Raises ConfigError with the first mistake.
    """
    content = _read(file)
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        raise _first_mistake(file, error) from None
    folder = file.resolve().parent
    cameras = tuple(_beside(folder, camera) for camera in settings.begin.cameras)
    return settings.model_copy(
        update={
            "data": folder / settings.data,
            "broker": _beside(folder, settings.broker),
            "begin": settings.begin.model_copy(update={"cameras": cameras}),
        }
    )


def _beside(folder: Path, part: KeepsPassword) -> KeepsPassword:
    """The same with its password file reckoned from the folder of the configuration."""
    if part.password_file is None:
        return part
    return part.model_copy(update={"password_file": folder / part.password_file})


def _read(file: Path) -> dict[str, object]:
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConfigError(str(file), "the file", file.stat().st_size, "at most 1 MB")
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(file), "the file", error.strerror, "a readable file") from None
    except UnicodeDecodeError:
        raise ConfigError(str(file), "the file", "other bytes", "text in UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigError(str(file), "the file", _where(error), "valid YAML") from None
    except RecursionError:
        raise ConfigError(str(file), "the file", "too deep nesting", "valid YAML") from None
    if not isinstance(content, dict):
        raise ConfigError(str(file), "the file", type(content).__name__, "keys and values")
    return content


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not YAML"
    return problem if mark is None else f"{problem} in line {mark.line + 1}"


def _first_mistake(file: Path, error: ValidationError) -> ConfigError:
    mistake = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in mistake["loc"]) or "the file"
    if mistake["type"] == "extra_forbidden":
        return ConfigError(str(file), key, mistake["input"], "no such key here (a typing mistake?)")
    if mistake["type"] == "missing":
        return ConfigError(str(file), key, None, "a value: this key is needed")
    expected = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    value = mistake["input"]
    if "url" in mistake["loc"]:
        value = _CREDENTIALS.sub("//...@", str(value))
    return ConfigError(str(file), key, "..." if isinstance(value, dict) else value, expected)
