"""Each test here goes through every front door, in process, with a real store behind it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from freshpage import asgi, runtime, wsgi
from tests.doors import site

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
]
OURS = "freshpage.middleware.PageCacheMiddleware"
DOORS = ("wsgi", "asgi", "middleware", "middleware-asgi")


@dataclass
class Visitor:
    """Somebody who asks for pages through one door."""

    application: object
    is_async: bool
    bare: object = None  # the site without its door
    base: str = "http://testserver"
    defaults: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", content: bytes | None = None, **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request(method, self.base + path, headers=named, content=content)
        return asyncio.run(self._async(request)) if self.is_async else self._sync(request)

    get = ask

    def _sync(self, request):
        transport = httpx.WSGITransport(app=self.application)
        response = transport.handle_request(request)
        response.read()
        return response

    async def _async(self, request):
        async with _lifespan(self.application):
            transport = httpx.ASGITransport(app=self.application)
            response = await transport.handle_async_request(request)
            await response.aread()
            return response


@asynccontextmanager
async def _lifespan(application):
    yield


@pytest.fixture(params=DOORS)
def door(request):
    return request.param


@pytest.fixture
def make_visitor(settings, tmp_path, django_db_blocker):
    """Makes a visitor at a door, to the site with these FRESHPAGE settings."""
    # nothing here asks the database, but each request looks after its connections
    django_db_blocker.unblock()

    def make(door: str, middleware=MIDDLEWARE, **options) -> Visitor:
        settings.ROOT_URLCONF = "tests.doors.site"
        settings.MIDDLEWARE = middleware
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
        settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
        store = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        settings.FRESHPAGE = {"STORE": store, "BUILD": "tests", **options}
        runtime.reset()
        site.RENDERS.clear()
        is_async = door.endswith("asgi")
        application = bare = ASGIHandler() if is_async else WSGIHandler()
        if door == "wsgi":
            application = wsgi.PageCache(application)
        elif door == "asgi":
            application = asgi.PageCache(application)
        else:
            settings.MIDDLEWARE = [OURS, *middleware]
            application = ASGIHandler() if is_async else WSGIHandler()
        return Visitor(application, is_async, bare)

    yield make
    runtime.reset()
    django_db_blocker.restore()


@pytest.fixture
def visitor(make_visitor, door) -> Visitor:
    return make_visitor(door)


def status(response) -> str:
    return response.headers.get("Cache-Status", "")


def is_hit(response) -> bool:
    return status(response).startswith("freshpage; hit")
