"""Errors of the hub, each named for what the caller can do about it.

No HTTP status stands here: `api/errors.py` holds the one table from these types to answers.
"""

from typing import ClassVar


class HubError(Exception):
    """The root of all expected errors.

    `detail` is one English sentence that says what to do; `context` holds JSON-able facts that
    programs (and the phone page, in its own language) can use.
    """

    code: ClassVar[str] = "hub"

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context


class NotFound(HubError):
    """Nothing has this name: look at the list again."""

    code = "not_found"


class InvalidInput(HubError):
    """What was sent cannot be used: correct it and send it again."""

    code = "invalid_input"


class Conflict(HubError):
    """It clashes with what stands: look at the present state first."""

    code = "conflict"


class NotSignedIn(HubError):
    """Nobody is signed in on this phone: sign in."""

    code = "not_signed_in"


class NotPermitted(HubError):
    """This person may not do this: ask the village head."""

    code = "not_permitted"


class BrokerDown(HubError):
    """The message broker is not reachable: nothing was sent, try again when it is back."""

    code = "broker_down"


class NoAnswer(HubError):
    """A device, loudspeaker or camera did not answer in time: look at it, then try again."""

    code = "no_answer"


class Busy(HubError):
    """A limit is reached: try again later."""

    code = "busy"


class Expired(HubError):
    """It was valid once and is no longer: ask for a new one."""

    code = "expired"


class WorkerFailed(HubError):
    """A worker process failed or hung: the work was not done, try again."""

    code = "worker_failed"


class ClockUntrusted(HubError):
    """The clock of the hub is not known to be right: set it, or wait for time from the network."""

    code = "clock_untrusted"


class ConfigError(HubError):
    """The configuration cannot be used: correct the named key in the named file."""

    code = "config"

    def __init__(self, file: str, key: str, value: object, expected: str) -> None:
        super().__init__(
            f"{file}: {key} is {value!r}, expected {expected}",
            file=file,
            key=key,
            value=repr(value),
            expected=expected,
        )
