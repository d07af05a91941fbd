"""Every error as problem details (RFC 9457): the one table from error types to HTTP."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.errors import (
    BrokerDown,
    Busy,
    ClockUntrusted,
    ConfigError,
    Conflict,
    Expired,
    HubError,
    InvalidInput,
    NoAnswer,
    NotFound,
    NotPermitted,
    NotSignedIn,
    WorkerFailed,
)

log = structlog.get_logger(__name__)

STATUS: dict[type[HubError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Expired: HTTPStatus.GONE,
    Busy: HTTPStatus.TOO_MANY_REQUESTS,
    WorkerFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    ConfigError: HTTPStatus.INTERNAL_SERVER_ERROR,
    BrokerDown: HTTPStatus.SERVICE_UNAVAILABLE,
    ClockUntrusted: HTTPStatus.SERVICE_UNAVAILABLE,
    NoAnswer: HTTPStatus.GATEWAY_TIMEOUT,
}

_CODES = {
    HTTPStatus.UNAUTHORIZED: "not_signed_in",
    HTTPStatus.FORBIDDEN: "not_permitted",
    HTTPStatus.NOT_FOUND: "not_found",
}


def problem(status: int, code: str, detail: str, context: dict[str, object]) -> Response:
    """An answer of type application/problem+json; `context` adds members of its own."""
    body = {
        "type": f"urn:village-hub:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return Response(to_json({**context, **body}), status, media_type="application/problem+json")


def answer_error(error: HubError) -> Response:
    """The answer to an expected error."""
    return problem(STATUS[type(error)], error.code, error.detail, error.context)


def install(app: FastAPI) -> None:
    """Answer every error of the app as problem details."""

    async def expected(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HubError)  # noqa: S101  registered for this type
        return answer_error(error)

    async def malformed(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this type
        return answer_malformed(error)

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  registered for this type
        status = error.status_code
        if status == HTTPStatus.BAD_REQUEST:  # FastAPI's word for a body that it cannot read
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        code = _CODES.get(HTTPStatus(status), "invalid_input")
        answer = problem(status, code, str(error.detail), {})
        answer.headers.update(error.headers or {})
        return answer

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error", path=request.url.path, exc_info=error)
        detail = "The hub failed at this; the village technician finds the cause in its log"
        return problem(500, "internal", detail, {})

    app.add_exception_handler(HubError, expected)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def answer_malformed(error: RequestValidationError) -> Response:
    """422 that names the fields; what was sent is not repeated, it may hold a secret."""
    mistakes = [
        {"field": ".".join(str(part) for part in mistake["loc"][1:]), "problem": mistake["msg"]}
        for mistake in error.errors()[:20]
    ]
    first = mistakes[0] if mistakes else {"field": "", "problem": "not understood"}
    detail = f"{first['field'] or 'The request'}: {first['problem']}"
    return problem(422, "invalid_input", detail, {"errors": mistakes})
