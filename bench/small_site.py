"""A site that is all cache: one trivial application behind the WSGI door, in this process.

Its pages state their own freshness, so Django has nothing to do with them; what is measured
is freshpage alone.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import django
from django.conf import settings

BODY = b"x" * 2048


class SmallSite:
    """The door, and what it was asked for; there is one in a process.

    :param directory: where the store is.
    :param given: FRESHPAGE.
    """

    def __init__(self, directory: Path, **given: Any) -> None:
        settings.configure(
            SECRET_KEY="not a secret: for measuring only",
            ALLOWED_HOSTS=["localhost"],
            BASE_DIR=directory,
            INSTALLED_APPS=["freshpage"],
            FRESHPAGE={"BUILD": "bench", "ENCODINGS": [], **given},
        )
        django.setup()
        from freshpage import tag
        from freshpage.runtime import runtime
        from freshpage.wsgi import PageCache

        self._tag = tag
        self.tags: tuple[str, ...] = ()
        self.vary: list[tuple[str, str]] = []
        self.renders = 0
        self.door = PageCache(self._application)
        self.runtime = runtime()

    def _application(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.renders += 1
        self._tag(*self.tags)
        headers = [("Content-Type", "text/plain"), ("Cache-Control", "max-age=86400")]
        start_response("200 OK", headers + self.vary)
        return [environ["PATH_INFO"].encode() + BODY]

    def ask(self, page: int, variant: int | None = None) -> None:
        """Ask for a page."""
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/{page}/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "text/html",
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        if variant is not None:
            environ["HTTP_X_VARIANT"] = str(variant)
        self.door(environ, _ignore)


def _ignore(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
    pass
