"""A small site: each view counts its renders in RENDERS."""

from __future__ import annotations

import asyncio
import os
from collections import Counter

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import get_language_from_request
from django.views.decorators.cache import cache_control
from django.views.decorators.cache import never_cache as never_cache_of_django

import freshpage
from freshpage.decorators import never_cache, page_cache

RENDERS: Counter[str] = Counter()


def text(request, body=None, **headers):
    RENDERS[request.path] += 1
    response = HttpResponse(
        f"page {RENDERS[request.path]}" if body is None else body, content_type="text/plain"
    )
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def page(request):
    return text(request)


def themed(request):
    return text(request, f"theme {request.COOKIES.get('theme')}", Vary="Cookie")


def language(request):
    return text(request, str(request.headers.get("X-Kind")), Vary=" x-kind ,")


def tagged(request):
    freshpage.tag("news")
    return text(request)


@page_cache(ttl=120)
@cache_control(private=True)
def decorated_private(request):
    return text(request)


@page_cache(ttl=120)
@never_cache_of_django
def decorated_never(request):
    return text(request)


def nonce(request):
    RENDERS[request.path] += 1
    policy = f"script-src 'nonce-{RENDERS[request.path]}'"
    return text(request, Content_Security_Policy=policy)


def posted(request):
    return text(request, request.body.decode())


def invalidates(request):
    freshpage.invalidate("news")
    return text(request)


def private(request):
    freshpage.private()
    return text(request)


def sets_cookie(request):
    response = text(request)
    response.set_cookie("seen", "1")
    return response


@sync_and_async_middleware
def changes_the_body(get_response):
    def changed(response):
        response.content += b" changed above"
        return response

    if iscoroutinefunction(get_response):

        async def middleware_async(request):
            return changed(await get_response(request))

        return middleware_async
    return lambda request: changed(get_response(request))


def chunks(number, size):
    part = b"x" * size
    for _ in range(number):
        freshpage.tag("late")
        yield part


def stream(request):
    RENDERS[request.path] += 1
    return StreamingHttpResponse(chunks(4, 1000))


async def chunks_async(number, size):
    for part in chunks(number, size):
        await asyncio.sleep(0)
        yield part


async def stream_async(request):
    RENDERS[request.path] += 1
    return StreamingHttpResponse(chunks_async(4, 1000))


def endless(request):
    RENDERS[request.path] += 1
    return StreamingHttpResponse(chunks(2048, 2**20))


def breaks_off(request):
    RENDERS[request.path] += 1

    def parts():
        yield b"half"
        raise RuntimeError("the other half is lost")

    return StreamingHttpResponse(parts())


def boom(request):
    RENDERS[request.path] += 1
    raise ZeroDivisionError("the view's own")


def forbidden(request):
    raise PermissionDenied


def validated(request):
    """A page that is always asked for again, and knows its own validator."""
    RENDERS[request.path] += 1
    if request.headers.get("If-None-Match") == '"v1"':
        response = HttpResponseNotModified()
    else:
        response = HttpResponse("validated")
    response.headers["ETag"] = '"v1"'
    response.headers["Cache-Control"] = "max-age=0"
    return response


def malformed(request):
    return text(request, Cache_Control="max-age=ten, s-maxage=, =, ,,?", Age="old", Date="now")


@cache_control(max_age=30, public=True)
def stated(request):
    return text(request)


@page_cache(ttl=120, vary=["X-Kind"], tags=["decorated"])
def decorated(request):
    return text(request, f"{request.headers.get('X-Kind')} {RENDERS[request.path]}")


@page_cache(ttl=120)
async def decorated_async(request):
    return text(request)


@page_cache(ttl=120)
def templated(request):
    RENDERS[request.path] += 1
    template = engines["django"].from_string("{% load i18n %}templated {{ number }}")
    return TemplateResponse(request, template, {"number": RENDERS[request.path]})


@page_cache(ttl=120)
def sessioned(request):
    return text(request, str(request.session.get("name")))


@never_cache
def never(request):
    return text(request)


def large(request):
    return text(request, "large " * 20_000)


def untransformed(request):
    return text(request, "large " * 2_000, Cache_Control="max-age=60, no-transform")


def posts(request):
    return text(request)


def pid(request):
    return text(request, str(os.getpid()))


def reads(request, what):
    """Show what one expression finds in the request."""
    RENDERS[request.path] += 1
    return HttpResponse(repr(READS[what](request)))


READS = {
    "header": lambda r: r.headers.get("X-Kind"),
    "header-item": lambda r: "X-Kind" in r.headers and r.headers["X-Kind"],
    "meta": lambda r: r.META.get("HTTP_X_KIND"),
    "accepts": lambda r: r.accepts("text/html"),
    "cookie": lambda r: r.COOKIES.get("theme"),
    "query": lambda r: r.GET.get("page"),
    "query-list": lambda r: r.GET.getlist("page"),
    "query-in": lambda r: "page" in r.GET,
    "query-all": lambda r: sorted(r.GET.items()),
    "query-dict": lambda r: dict(r.GET),
    "query-unpacked": lambda r: {**r.GET},
    "query-string": lambda r: r.META["QUERY_STRING"],
    "full-path": lambda r: r.get_full_path(),
    "absolute": lambda r: r.build_absolute_uri(),
    "host": lambda r: r.get_host(),
    "secure": lambda r: r.is_secure(),
    "port": lambda r: r.get_port(),
    "language": lambda r: get_language_from_request(r),
    "signed": lambda r: r.get_signed_cookie("theme", None),
    "session": lambda r: r.session.get("name"),
    "session-key": lambda r: r.session.session_key,
    "session-cookie": lambda r: r.COOKIES.get("sessionid"),
    "user": lambda r: r.user.is_authenticated,
    "address": lambda r: r.META.get("REMOTE_ADDR"),
    "all-headers": lambda r: dict(r.headers),
    "all-meta": lambda r: sorted(k for k in r.META if k.startswith("HTTP_")),
    "all-headers-one-by-one": lambda r: {name: r.headers[name] for name in r.headers},
    "all-cookies": lambda r: sorted(r.COOKIES.items()),
    "two": lambda r: (r.GET.get("page"), r.COOKIES.get("theme")),
    "either": lambda r: r.COOKIES.get("theme") if r.GET.get("page") else r.headers.get("X-Kind"),
}


async def reads_async(request, what):
    RENDERS[request.path] += 1
    found = await sync_to_async(READS[what])(request)
    return HttpResponse(repr(found))


# what the test at hand has the page do: takes the request, gives text or a response
PROGRAM = [lambda request: "nothing"]


def program(request):
    RENDERS[request.path] += 1
    made = PROGRAM[-1](request)
    return HttpResponse(made) if isinstance(made, str | bytes) else made


async def program_async(request):
    RENDERS[request.path] += 1
    made = PROGRAM[-1](request)
    if asyncio.iscoroutine(made):
        made = await made
    return HttpResponse(made) if isinstance(made, str | bytes) else made


def varies_on_cookie(request):
    response = text(request)
    patch_vary_headers(response, ["Cookie"])
    return response


urlpatterns = [
    path("reads/<what>/", reads),
    path("reads-async/<what>/", reads_async),
    path("varies-on-cookie/", varies_on_cookie),
    path("program/", program),
    path("program/<path:rest>", lambda request, rest: program(request)),
    path("program-async/", program_async),
    path("page/", page),
    path("themed/", themed),
    path("language/", language),
    path("tagged/", tagged),
    path("private/", private),
    path("invalidates/", invalidates),
    path("posted/", posted),
    path("decorated-private/", decorated_private),
    path("decorated-never/", decorated_never),
    path("nonce/", nonce),
    path("sets-cookie/", sets_cookie),
    path("stream/", stream),
    path("stream-async/", stream_async),
    path("endless/", endless),
    path("breaks-off/", breaks_off),
    path("boom/", boom),
    path("forbidden/", forbidden),
    path("validated/", validated),
    path("malformed/", malformed),
    path("stated/", stated),
    path("decorated/", decorated),
    path("decorated-async/", decorated_async),
    path("templated/", templated),
    path("sessioned/", sessioned),
    path("never/", never),
    path("large/", large),
    path("untransformed/", untransformed),
    path("pid/", pid),
]
