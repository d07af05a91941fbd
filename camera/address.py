"""The address of a camera, kept apart from its username and password."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from hub.errors import InvalidInput

_LONGEST_URL = 500
_LONGEST_WORD = 200
_EXAMPLE = "rtsp://username:password@192.168.1.64:554/stream1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a camera is and who may look. Only `url` holds the password: for the worker alone."""

    url_without_credentials: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The whole address, username and password percent-encoded (RFC 3986, 3.2.1)."""
        if self.username is None:
            return self.url_without_credentials
        scheme, rest = self.url_without_credentials.split("://", 1)
        password = "" if self.password is None else ":" + quote(self.password, safe="")
        return f"{scheme}://{quote(self.username, safe='')}{password}@{rest}"


def parse_address(url: str) -> Address:
    """Take an address apart. InvalidInput says what was expected, and never repeats the address."""
    _check_letters(url)
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise _invalid(
            "a host and port that can be read (write / ? # @ within a password as %2F %3F %23 %40)"
        ) from None
    if parts.scheme not in ("rtsp", "rtsps"):
        raise _invalid("an address that begins with rtsp:// or rtsps://")
    if not host or port == 0:
        raise _invalid("a host after rtsp://")
    if parts.fragment:
        raise _invalid("no # in the address (write # within a password as %23)")
    username, password = _login(parts)
    return Address(_without_login(parts), username, password)


def _check_letters(url: str) -> None:
    if not url or len(url) > _LONGEST_URL:
        raise _invalid(f"1 to {_LONGEST_URL} letters")
    # Spaces and control characters could end a line or a header of the protocol.
    if any(not letter.isprintable() or letter.isspace() for letter in url):
        raise _invalid("no spaces, line breaks or control characters")


def _login(parts: SplitResult) -> tuple[str | None, str | None]:
    username = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    for word in (username or "", password or ""):
        if len(word) > _LONGEST_WORD or not word.isprintable():
            raise _invalid(f"a username and password of at most {_LONGEST_WORD} printed letters")
    if username is not None and ":" in username:
        # Basic and Digest both end the username at the first colon (RFC 7617, 2).
        raise _invalid("a username without a colon")
    return username or None, password if username else None


def _without_login(parts: SplitResult) -> str:
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=place).geturl()


def _invalid(expected: str) -> InvalidInput:
    detail = f"The address of a camera needs {expected}, for example {_EXAMPLE}"
    return InvalidInput(detail, field="url", expected=expected)
