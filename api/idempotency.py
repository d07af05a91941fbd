"""`Idempotency-Key`: a POST that is sent again is answered again, and acts once.

A phone that loses its answer in a tunnel of no signal asks again with the same key. The key is
kept with the answer for a day. While the first is still being carried out, or when the hub died in
the middle of it, the second gets 409 and must look at the state: acting twice is the worse mistake.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from hashlib import sha256
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import Column, Integer, LargeBinary, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from api.auth import COOKIE
from api.errors import answer_error, answer_malformed
from api.services import services_of
from hub.database import Database, Instant, metadata
from hub.errors import Conflict, HubError, InvalidInput

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("status", Integer, nullable=True),
    Column("media_type", String(100), nullable=True),
    Column("body", LargeBinary, nullable=True),
)

_LONGEST_KEY = 200
_KEPT = timedelta(days=1)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ActingRoute(APIRoute):
    """A route whose POST honours `Idempotency-Key`."""

    def get_route_handler(self) -> Handler:
        """Wrap the handler: with a key, the answer is kept and given again."""
        act = super().get_route_handler()
        if "POST" not in (self.methods or set()):
            return act

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None:
                return await act(request)
            return await _act_once(request, key, act)

        return once


async def _act_once(request: Request, key: str, act: Handler) -> Response:
    if not 1 <= len(key) <= _LONGEST_KEY:
        detail = f"Idempotency-Key has 1 to {_LONGEST_KEY} characters"
        raise InvalidInput(detail)
    services = services_of(request)
    name, content = await _names(request, key)
    kept = await _claim(services.database, name, content, services.clock.now())
    if kept is not None:
        return kept
    try:
        answer = await act(request)
    except HubError as error:
        answer = answer_error(error)
    except RequestValidationError as error:
        answer = answer_malformed(error)
    await services.database.commit(
        update(idempotency_keys)
        .where(idempotency_keys.c.key == name)
        .values(
            status=answer.status_code,
            media_type=answer.media_type,
            body=bytes(answer.body),
        )
    )
    return answer


async def _names(request: Request, key: str) -> tuple[str, str]:
    """The key as kept (bound to the phone's session), and a digest of what was asked."""
    owner = request.cookies.get(COOKIE, "")
    body = await request.body()
    asked = b"\n".join([request.method.encode(), request.url.path.encode(), body])
    return sha256(f"{owner}\n{key}".encode()).hexdigest(), sha256(asked).hexdigest()


async def _claim(database: Database, name: str, content: str, now: Any) -> Response | None:  # noqa: ANN401
    """Take the key for this request, or give the answer that it had before."""
    try:
        async with database.transaction() as connection:
            await connection.execute(
                delete(idempotency_keys).where(idempotency_keys.c.created_at < now - _KEPT)
            )
            await connection.execute(
                insert(idempotency_keys).values(key=name, request=content, created_at=now)
            )
    except IntegrityError:
        return await _kept_answer(database, name, content)
    return None


async def _kept_answer(database: Database, name: str, content: str) -> Response:
    async with database.reading() as connection:
        query = select(idempotency_keys).where(idempotency_keys.c.key == name)
        row = (await connection.execute(query)).one()
    if row.request != content:
        detail = "This Idempotency-Key was used for another request: take a new one"
        raise InvalidInput(detail)
    if row.status is None:
        detail = "The same request is being carried out, or was cut off: look at the state first"
        raise Conflict(detail)
    headers = {"Idempotent-Replayed": "true", "Cache-Control": "no-store"}
    return Response(row.body, row.status, media_type=row.media_type, headers=headers)
