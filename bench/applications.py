"""The applications that the servers serve: `wsgi` and `asgi`, for the case BENCH_CASE names."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
from django.utils import translation

from bench.cases import CASES, FIELDS
from freshpage.asgi import PageCache as AsgiPageCache
from freshpage.wsgi import PageCache as WsgiPageCache

# what Django and freshpage tell of the page beside that
SENT = [
    ("Content-Language", "de"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Vary", "Accept-Language, Cookie"),
    ("Cache-Control", "no-cache"),
    ("ETag", '"d614b3e9592cb2a57833594a"'),
    ("Age", "1"),
    ("Cache-Status", "freshpage; hit; ttl=580"),
]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.site")
case = CASES[os.environ["BENCH_CASE"]]

wsgi: Any = get_wsgi_application()
asgi: Any = get_asgi_application()

if case.freshpage is not None:
    wsgi, asgi = WsgiPageCache(wsgi), AsgiPageCache(asgi)

if case.trivial:
    from bench import site

    with translation.override("de"):  # as the requests of the bench ask for
        body = site.page(RequestFactory().get("/")).content
    fields = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    if case.name == FIELDS:
        fields += SENT
    raw_fields = [(name.lower().encode(), value.encode()) for name, value in fields]

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer with the page, whatever is asked."""
        start_response("200 OK", fields)
        return [body]

    async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer with the page, whatever is asked."""
        await send({"type": "http.response.start", "status": 200, "headers": raw_fields})
        await send({"type": "http.response.body", "body": body})
