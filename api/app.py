"""The HTTP application: routes, errors and the edge, put together."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import errors
from api.edge import Edge
from api.idempotency import Keys
from api.news import News
from api.page import Page
from api.routes import (
    announcements,
    cameras,
    devices,
    hub,
    invitations,
    schedules,
    session,
    zones,
)
from api.services import Services
from api.streams import Looks
from people.models import SessionEnded


def make_app(services: Services) -> FastAPI:
    """The application; `app.state` has the feed and the streams, which the root ends at stop."""
    app = FastAPI(
        title="Village Hub",
        version=services.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    news, looks, page = News(services), Looks(), Page(services.web_folder)
    services.events.listen(SessionEnded, lambda event: looks.end_session(event.session_id))
    app.state.services, app.state.news = services, news
    app.state.keys = Keys(services.database, services.clock)
    app.state.feed, app.state.looks = news.feed, looks
    errors.install(app)
    for part in (session, invitations, hub, zones, devices, announcements, cameras, schedules):
        app.include_router(part.router)
    app.include_router(announcements.sound_router)

    async def show_page(request: Request) -> Response:
        return page.answer(request, request.path_params["path"])

    app.router.routes.append(Route("/{path:path}", show_page, methods=["GET", "HEAD"]))
    app.add_middleware(Edge, content_policy=page.content_policy())
    return app
