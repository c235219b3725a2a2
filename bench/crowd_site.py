"""A site whose pages take a tenth of a second, and count their renders in a file.

CROWD_STORE names freshpage's store ("django": Django's cache middleware in its place),
CROWD_LOG the file, CROWD_DIRECTORY where stores keep their files.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

import freshpage

STORE, DIRECTORY = os.environ["CROWD_STORE"], os.environ["CROWD_DIRECTORY"]
RENDER = float(os.environ.get("CROWD_RENDER", "0.1"))  # seconds

_BY_DJANGO = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
_FILES = "django.core.cache.backends.filebased.FileBasedCache"

settings.configure(
    SECRET_KEY="a bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["freshpage"],
    MIDDLEWARE=_BY_DJANGO if STORE == "django" else [],
    CACHES={"default": {"BACKEND": _FILES, "LOCATION": f"{DIRECTORY}/django"}},
    BASE_DIR=DIRECTORY,
    FRESHPAGE={"STORE": "memory" if STORE == "django" else STORE, "BUILD": "bench"},
)


def _count() -> None:
    with Path(os.environ["CROWD_LOG"]).open("a") as log:
        log.write("render\n")


def page(request: HttpRequest, number: int = 0) -> HttpResponse:
    time.sleep(RENDER)
    _count()
    return HttpResponse("a page\n" * 1000)


def invalidate(request: HttpRequest) -> HttpResponse:
    freshpage.invalidate("something else")
    return HttpResponse("done")


async def page_async(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(RENDER)
    _count()
    return HttpResponse("a page\n" * 1000)


urlpatterns = [
    path("page/", page),
    path("page/<int:number>/", page),
    path("page-async/", page_async),
    path("invalidate/", invalidate),
]

wsgi: Any = get_wsgi_application()
asgi: Any = get_asgi_application()
if STORE != "django":
    from freshpage.asgi import PageCache as Asgi
    from freshpage.wsgi import PageCache as Wsgi

    wsgi, asgi = Wsgi(wsgi), Asgi(asgi)
