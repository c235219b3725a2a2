"""freshpage as a reverse proxy: through a real door to a real origin, in one process.

Nothing is stored but what the origin says may be (DEFAULT_TTL 0), so that what is seen is
RFC 9111 and nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from freshpage import asgi, runtime, wsgi
from freshpage.http.dates import format_http_date
from tests.conformance.origin import Origin, Said
from tests.doors.conftest import DOORS, OURS, Visitor

OUTER = {"wsgi": wsgi.PageCache, "asgi": asgi.PageCache}


@dataclass
class Chain:
    """A visitor, a cache and an origin; and the time all of them go by."""

    visitor: Visitor
    origin: Origin
    offset: float = 0.0

    def says(self, *lines: tuple[str, str], body: bytes = b"body", status: int = 200) -> None:
        """Have the origin answer with this from now on."""
        self.origin.said = Said(lines, body, status)

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        return self.visitor.get(path, **headers)

    def later(self, seconds: float) -> None:
        self.offset += seconds

    def date(self, offset: float = 0.0) -> str:
        """An HTTP date, seconds from now."""
        return format_http_date(time.time() + offset)

    def forwarded(self) -> int:
        """How many requests came to the origin."""
        return len(self.origin.asked)

    def reused(self, *lines: tuple[str, str], status: int = 200, after: float = 3.0) -> bool:
        """Whether a response with these fields answers a second request as well."""
        self.says(*lines, body=b"" if status == 204 else b"body", status=status)
        first = self.get()
        self.later(after)
        again = self.get()
        assert (first.status_code, again.status_code) == (status, status)
        assert first.content == again.content
        return self.forwarded() == 1


@pytest.fixture
def make_chain(settings, monkeypatch, django_db_blocker):
    """Makes a chain through one door, with these FRESHPAGE settings."""
    # nothing here asks the database, but each request looks after its connections
    with Origin() as origin, django_db_blocker.unblock():

        def make(door: str, **options) -> Chain:
            settings.ROOT_URLCONF = "tests.conformance.origin"
            settings.MIDDLEWARE = [OURS] if door.startswith("middleware") else []
            settings.ORIGIN_PORT = origin.port
            settings.FRESHPAGE = {"STORE": "memory", "DEFAULT_TTL": 0, "BUILD": "tests", **options}
            runtime.reset()
            is_async = door.endswith("asgi")
            application = ASGIHandler() if is_async else WSGIHandler()
            if door in OUTER:
                application = OUTER[door](application)
            chain = Chain(Visitor(application, is_async), origin)
            clock = time.time
            monkeypatch.setattr(time, "time", lambda: clock() + chain.offset)
            return chain

        yield make
    runtime.reset()


@pytest.fixture(params=["wsgi", "asgi"])
def chain(request, make_chain) -> Chain:
    return make_chain(request.param)


@pytest.fixture(params=DOORS)
def any_door(request, make_chain) -> Chain:
    return make_chain(request.param)


@pytest.fixture
def obeying(make_chain) -> Chain:
    """One that obeys what requests say of caching."""
    return make_chain("wsgi", CLIENT_DIRECTIVES=True)
