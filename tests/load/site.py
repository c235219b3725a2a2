"""Pages that take until they are let go; each counts its renders in RENDERS."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.cache import cache_control

import freshpage
from freshpage.decorators import page_cache

RENDERS: Counter[str] = Counter()
ENTERED: Counter[str] = Counter()  # renders begun
GATE = threading.Event()  # what renders waits for
HOW: dict[str, str] = {}  # what becomes of the next render


def counted(request) -> HttpResponse:
    RENDERS[request.path] += 1
    how = HOW.get("how", "")
    if how == "raise":
        raise RuntimeError("the view fails")
    if how in ("Http404", "PermissionDenied"):
        raise Http404 if how == "Http404" else PermissionDenied
    if how == "500":
        return HttpResponse("failed", status=500)
    if how == "404":
        return HttpResponse("gone", status=404)
    response = HttpResponse(f"page {RENDERS[request.path]}", content_type="text/plain")
    if how == "private":
        response["Cache-Control"] = "private"
    return response


def slow(request):
    ENTERED[request.path] += 1
    GATE.wait(30)
    return counted(request)


async def slow_async(request):
    await asyncio.to_thread(GATE.wait, 30)
    return counted(request)


def themed(request):
    GATE.wait(30)
    theme = request.COOKIES.get("theme")
    RENDERS[request.path] += 1
    return HttpResponse(f"theme {theme}")


def mine(request):
    """One's own, for who has a session."""
    GATE.wait(30)
    response = counted(request)
    request.session.get("name")
    return response


LARGE = threading.Barrier(6)  # its streams go on when all have begun


def large(request):
    """A stream whose length nobody states."""
    GATE.wait(30)
    RENDERS[request.path] += 1

    def parts():
        yield b"x" * 2000
        LARGE.wait(15)  # so a visitor who waits for the end of another's breaks it
        yield b"x" * 1000

    return StreamingHttpResponse(parts())


async def large_async(request):
    await asyncio.to_thread(GATE.wait, 30)
    RENDERS[request.path] += 1

    async def parts():
        yield b"x" * 2000
        await asyncio.to_thread(LARGE.wait, 15)
        yield b"x" * 1000

    return StreamingHttpResponse(parts())


@page_cache(ttl=10, stale_while_revalidate=60, stale_if_error=300, tags=["news"])
def stale(request):
    return counted(request)


@page_cache(ttl=10, stale_while_revalidate=60, tags=["news"], vary=["cookie:theme"])
def stale_themed(request):
    response = counted(request)
    seen = {name: value for name, value in dict.items(request.META) if name.startswith("HTTP_")}
    seen.pop("HTTP_HOST", None)
    ASKED.append({**seen, "REMOTE_ADDR": dict.get(request.META, "REMOTE_ADDR")})
    response.content = f"{request.COOKIES.get('theme')} {response.content.decode()}"
    return response


ASKED: list[dict[str, object]] = []


@cache_control(max_age=10, stale_while_revalidate=60, must_revalidate=True)
def never_stale(request):
    freshpage.tag("news")
    return counted(request)


async def stale_async(request):
    freshpage.tag("news")
    response = counted(request)
    response["Cache-Control"] = "max-age=10, stale-while-revalidate=60, stale-if-error=300"
    return response


urlpatterns = [
    path("slow/", slow),
    path("slow-async/", slow_async),
    path("themed/", themed),
    path("large/", large),
    path("large-async/", large_async),
    path("mine/", mine),
    path("stale/", stale),
    path("stale-async/", stale_async),
    path("stale-themed/", stale_themed),
    path("never-stale/", never_stale),
]
