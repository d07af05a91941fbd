"""What programs send: checked, with unknown keys refused."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=80)]
Id = Annotated[str, Field(min_length=1, max_length=64)]
Turn = Literal["on", "off"]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignIn(_Sent):
    """The secret of a one-time link."""

    code: Annotated[str, Field(min_length=1, max_length=200)]


class NewZone(_Sent):
    """A road, alley or hamlet."""

    name: Name
    parent: Id | None = None


class ZoneEdit(_Sent):
    """What to change of a zone; a key that is absent stays."""

    name: Name | None = None
    parent: Id | None = None


class NewDevice(_Sent):
    """A found device, named and put on a road."""

    driver: Annotated[str, Field(min_length=1, max_length=40)]
    address: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Literal["light", "loudspeaker", "access_point"]
    name: Name
    zone: Id


class DeviceEdit(_Sent):
    """What to change of a device; a key that is absent stays."""

    name: Name | None = None
    zone: Id | None = None


class NewCommand(_Sent):
    """Turn a device, or all lights of a zone, on or off."""

    turn: Turn
    level: Annotated[int, Field(ge=0, le=100)] | None = None
    until: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


class Volume(_Sent):
    """How loud a loudspeaker plays."""

    percent: Annotated[int, Field(ge=0, le=100)]


class NewAnnouncement(_Sent):
    """A text to be spoken on the loudspeakers of some zones."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    text: Annotated[str, Field(min_length=1, max_length=2000)]
    zones: Annotated[list[Id], Field(min_length=1, max_length=500)]
    class_: Annotated[Literal["normal", "priority", "emergency"], Field(alias="class")] = "normal"
    repeat: Annotated[int, Field(ge=1, le=3)] = 1


class TextPreview(_Sent):
    """A text, to be shown as it will be spoken."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


class NewCamera(_Sent):
    """A camera by its rtsp address."""

    name: Name
    url: Annotated[str, Field(min_length=1, max_length=500)]
    zone: Id | None = None


class CameraEdit(_Sent):
    """What to change of a camera; a key that is absent stays."""

    name: Name | None = None
    url: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    zone: Id | None = None


class NewSchedule(_Sent):
    """What happens when; the shapes of trigger and action stand in docs/api.md."""

    name: Name
    trigger: dict[str, object]
    action: dict[str, object]
    enabled: bool = True


class ScheduleEdit(_Sent):
    """What to change of a schedule; a key that is absent stays."""

    name: Name | None = None
    trigger: dict[str, object] | None = None
    action: dict[str, object] | None = None
    enabled: bool | None = None


class NewCode(_Sent):
    """For whom a one-time sign-in link is made."""

    role: Literal["head", "resident"]
