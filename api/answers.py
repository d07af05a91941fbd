"""JSON answers, encoded once and without a second validation."""

from pydantic_core import to_json
from starlette.responses import Response


def answer(body: object, status: int = 200) -> Response:
    """`body` as JSON; datetimes carry their offset."""
    return Response(
        to_json(body),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def nothing() -> Response:
    """204: done, and there is nothing to say."""
    return Response(status_code=204)
