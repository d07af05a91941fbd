"""The edge of the web: foreign writes, large bodies, and what every answer carries."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.edge import LARGEST_BODY_BYTES, Edge

POLICY = "default-src 'self'"


async def show(_request: Request) -> Response:
    return HTMLResponse("<!doctype html>")


async def take(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


@pytest_asyncio.fixture
async def phone() -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route("/", show), Route("/", take, methods=["POST"]), Route("/api/v1/zones", show)]
    app = Starlette(routes=routes)
    transport = httpx.ASGITransport(Edge(app, POLICY))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.local:8080") as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://hub.local:8080", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://hub.local:8081"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://hub.local:8080.evil.example"}, 403),
        ({"Origin": "garbage"}, 403),
    ],
)
async def test_a_write_from_another_site_is_refused(
    phone: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await phone.post("/", headers=headers, content=b"{}")
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "not_permitted"


async def test_reading_is_not_a_write(phone: httpx.AsyncClient) -> None:
    assert (await phone.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_body_that_says_it_is_too_large_is_refused(phone: httpx.AsyncClient) -> None:
    answer = await phone.post("/", content=b"x" * (LARGEST_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_does_not_say_its_size_is_counted(phone: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    assert (await phone.post("/", content=endless())).status_code == 413


@pytest.mark.parametrize("stated", ["-1", "1e9", "", "abc", "9" * 400])
async def test_a_length_that_is_no_number_is_never_an_error_of_the_hub(
    phone: httpx.AsyncClient, stated: str
) -> None:
    request: Any = phone.build_request("POST", "/", content=b"{}")
    request.headers["content-length"] = stated
    assert (await phone.send(request)).status_code in (413, 422)


async def test_documents_carry_the_whole_policy_and_data_only_what_concerns_it(
    phone: httpx.AsyncClient,
) -> None:
    document, data = await phone.get("/"), await phone.post("/", content=b"{}")
    assert document.headers["content-security-policy"] == POLICY
    assert document.headers["x-frame-options"] == "DENY"
    assert document.headers["referrer-policy"] == "no-referrer"
    assert "content-security-policy" not in data.headers
    for answer in (document, data):
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_the_village_says_is_not_for_other_sites_to_embed(
    phone: httpx.AsyncClient,
) -> None:
    answer = await phone.get("/api/v1/zones")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
