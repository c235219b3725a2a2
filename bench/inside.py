"""A site in this process, asked through the WSGI front door without a server."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

# what the site shows at a path, and how often it had to
show: Callable[[HttpRequest, str], str] = lambda request, name: name  # noqa: E731
renders = 0


def page(request: HttpRequest, name: str) -> HttpResponse:
    """One of the site's pages."""
    global renders
    renders += 1
    return HttpResponse(show(request, name))


urlpatterns = [path("<name>/", page)]


class Visit(NamedTuple):
    """A request, as far as pages may differ by it."""

    name: str
    query: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # by their names in META


class Got(NamedTuple):
    """An answer."""

    hit: bool
    body: bytes


class Inside:
    """The site behind its door; there is one in a process."""

    def __init__(self) -> None:
        settings.configure(
            SECRET_KEY="not a secret: for measuring only",
            ALLOWED_HOSTS=["localhost"],
            ROOT_URLCONF="bench.inside",
            INSTALLED_APPS=["freshpage"],
            MIDDLEWARE=[
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.locale.LocaleMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
            ],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            LANGUAGE_CODE="en",
            LANGUAGES=[("en", "English"), ("de", "Deutsch")],
            FRESHPAGE={"STORE": "memory", "BUILD": "bench"},
        )
        django.setup()
        from freshpage.runtime import runtime
        from freshpage.wsgi import PageCache

        self.bare = get_wsgi_application()
        self._door = PageCache(self.bare)
        self.runtime = runtime()

    def ask(self, visit: Visit) -> Got:
        """What a visitor gets."""
        started: list[list[tuple[str, str]]] = []
        body = self._door(self.environ(visit), lambda status, fields, *_: started.append(fields))
        try:
            shown = b"".join(body)
        finally:
            getattr(body, "close", lambda: None)()
        status = next(value for name, value in started[0] if name == "Cache-Status")
        return Got(status.startswith("freshpage; hit"), shown)

    def environ(self, visit: Visit) -> dict[str, Any]:
        """A visit as a server hands it over."""
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{visit.name}/",
            "QUERY_STRING": visit.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
            **dict(visit.fields),
        }
