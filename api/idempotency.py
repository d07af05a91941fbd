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
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from api.auth import COOKIE
from api.errors import answer_error, answer_malformed
from hub.clock import Clock
from hub.database import Database, GroupCommit, Instant, metadata
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
_FORGET_EVERY_S = 3600.0

_CLAIM = insert(idempotency_keys)
_ANSWER = (
    update(idempotency_keys)
    .where(idempotency_keys.c.key == bindparam("name"))
    .values(status=bindparam("answered"), media_type=bindparam("media"), body=bindparam("content"))
)

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
            if not 1 <= len(key) <= _LONGEST_KEY:
                detail = f"Idempotency-Key has 1 to {_LONGEST_KEY} characters"
                raise InvalidInput(detail)
            keys: Keys = request.app.state.keys
            return await keys.act_once(request, key, act)

        return once


class Keys:
    """The keys of the last day, with their answers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._group = GroupCommit(database.run)

    async def run(self) -> None:
        """Forget old keys, now and every hour."""
        while True:
            old = idempotency_keys.c.created_at < self._clock.now() - _KEPT
            await self._database.commit(delete(idempotency_keys).where(old))
            await self._clock.sleep(_FORGET_EVERY_S)

    async def act_once(self, request: Request, key: str, act: Handler) -> Response:
        """Act, or give the answer that this key had before."""
        name, content = await _names(request, key)
        row = {"key": name, "request": content, "created_at": self._clock.now()}
        try:
            await self._group.add([(_CLAIM, [row])])
        except IntegrityError:
            return await self._kept_answer(name, content)
        answer = await _answer_of(request, act)
        kept = {
            "name": name,
            "answered": answer.status_code,
            "media": answer.media_type,
            "content": bytes(answer.body),
        }
        await self._group.add([(_ANSWER, [kept])])
        return answer

    async def _kept_answer(self, name: str, content: str) -> Response:
        async with self._database.reading() as connection:
            query = select(idempotency_keys).where(idempotency_keys.c.key == name)
            row = (await connection.execute(query)).one()
        if row.request != content:
            detail = "This Idempotency-Key was used for another request: take a new one"
            raise InvalidInput(detail)
        if row.status is None:
            detail = (
                "The same request is being carried out, or was cut off: look at the state first"
            )
            raise Conflict(detail)
        headers = {"Idempotent-Replayed": "true", "Cache-Control": "no-store"}
        return Response(row.body, row.status, media_type=row.media_type, headers=headers)


async def _answer_of(request: Request, act: Handler) -> Response:
    try:
        return await act(request)
    except HubError as error:
        return answer_error(error)
    except RequestValidationError as error:
        return answer_malformed(error)


async def _names(request: Request, key: str) -> tuple[str, str]:
    """The key as kept (bound to the phone's session), and a digest of what was asked."""
    owner = request.cookies.get(COOKIE, "")
    body = await request.body()
    asked = b"\n".join([request.method.encode(), request.url.path.encode(), body])
    return sha256(f"{owner}\n{key}".encode()).hexdigest(), sha256(asked).hexdigest()
