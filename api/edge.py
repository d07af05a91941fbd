"""The edge of the web: what is refused before any route sees it, and what every answer carries."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_error, problem
from hub.errors import HubError, InvalidInput, NotPermitted

LARGEST_BODY_BYTES = 1_048_576
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

# The page is thirty small files: a header that says nothing about a script stays off it.
_ON_VILLAGE = {"Cross-Origin-Resource-Policy": "same-origin"}
_ON_DOCUMENTS = {
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
}


class Edge:
    """Pure ASGI: refuses foreign writes and large bodies, and adds the security headers."""

    def __init__(self, app: ASGIApp, content_policy: str) -> None:
        self._app = app
        self._on_documents = {**_ON_DOCUMENTS, "Content-Security-Policy": content_policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            check_origin(scope)
            _check_length(scope)
            await self._app(scope, _limited(receive), send_with_headers)
        except HTTPException as error:
            answer = problem(error.status_code, "invalid_input", error.detail, {})
            await answer(scope, receive, send_with_headers)
        except HubError as error:
            await answer_error(error)(scope, receive, send_with_headers)

    def _add_headers(self, path: str, headers: MutableHeaders) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        added: dict[str, str] = {}
        if path.startswith(("/api/", "/sound/")):
            added |= _ON_VILLAGE
        if headers.get("content-type", "").startswith("text/html"):
            added |= self._on_documents
        for name, value in added.items():
            headers.setdefault(name, value)


def check_origin(scope: Scope) -> None:
    """Refuse a write that another site sends with this phone's cookie (CSRF).

    Browsers state where a request comes from in Origin and Sec-Fetch-Site (Fetch standard); a
    program that is no browser sends neither, and carries no cookie that it was not given.
    """
    if scope.get("method", "GET") in _SAFE_METHODS:
        return
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if origin is not None:
        foreign = foreign or urlsplit(origin).netloc != headers.get("host", "")
    if foreign:
        detail = "This request comes from another site: use the village's own page"
        raise NotPermitted(detail)


def _check_length(scope: Scope) -> None:
    stated = Headers(scope=scope).get("content-length", "0")
    if not stated.isdigit():
        detail = "Content-Length is a number of bytes"
        raise InvalidInput(detail)
    if int(stated) > LARGEST_BODY_BYTES:
        raise _too_large()


def _limited(receive: Receive) -> Receive:
    """Count what really comes: a chunked body states no length."""
    got = 0

    async def receive_limited() -> Message:
        nonlocal got
        message = await receive()
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            if got > LARGEST_BODY_BYTES:
                raise _too_large()
        return message

    return receive_limited


def _too_large() -> HTTPException:
    # Starlette's own kind: raised while a route reads its body, it is answered and not logged.
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is larger than 1 MB")
