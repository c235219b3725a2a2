"""What the drop-ins keep, for whom, for how long, and what they say of it."""

from __future__ import annotations

from itertools import count, product

import pytest
from django.core.cache import caches
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware import cache as django_originals
from django.test import RequestFactory
from django.utils import timezone, translation

from freshpage.compat import django as drop_ins
from freshpage.http.dates import format_http_date
from tests.compat.conftest import Clock
from tests.compat.sites import DROP_INS, MakeSite

every_way = pytest.mark.parametrize("way", DROP_INS)


def numbered(body: str = "page", **headers: str):
    numbers = count(1)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: HttpResponse(f"{body} {next(numbers)}", headers=named)


@every_way
def test_a_kept_page_ages_and_expires(make_site: MakeSite, clock: Clock, way: str) -> None:
    site = make_site(numbered(), way, timeout=600)
    first = site.ask()
    assert "Age" not in first.headers
    clock.forward(100)
    hit = site.ask()
    assert hit.text == "page 1"
    assert hit.headers["Age"] == "100"
    assert hit.headers["Cache-Status"] == "freshpage; hit; ttl=500"
    for name in ("Expires", "Cache-Control", "Content-Type"):
        assert hit.headers[name] == first.headers[name]
    clock.forward(500)
    assert site.ask().text == "page 2"


@every_way
def test_every_url_has_its_own_page(make_site: MakeSite, settings, way: str) -> None:
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    site = make_site(lambda request: HttpResponse(request.build_absolute_uri()), way)
    asked = [
        ("one.example", "/a/"),
        ("two.example", "/a/"),
        ("one.example", "/b/"),
        ("one.example", "/a/?x=1"),
        ("one.example", "/a/?x=2"),
    ]
    for _ in range(2):
        for host, path in asked:
            assert site.ask(path, host=host).text == f"http://{host}{path}"
    assert site.renders == len(asked)


@every_way
def test_a_host_django_refuses_gets_nothing_kept(make_site: MakeSite, settings, way: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    site = make_site(lambda request: HttpResponse(request.get_host()), way)
    assert site.ask().status_code == 200
    assert site.ask(host="evil.example").status_code == 400


@every_way
def test_fields_named_in_vary_tell_pages_apart(make_site: MakeSite, way: str) -> None:
    view = lambda request: HttpResponse(  # noqa: E731
        request.headers.get("X-Tenant", "-"), headers={"Vary": "X-Tenant"}
    )
    site = make_site(view, way)
    for _ in range(2):
        assert site.ask(x_tenant="a").text == "a"
        assert site.ask(x_tenant="b").text == "b"
        assert site.ask().text == "-"
    assert site.renders == 3


@pytest.mark.usefixtures("without_the_app")
def test_the_language_locale_middleware_chose_takes_the_place_of_its_header(
    make_site: MakeSite, settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    view = lambda request: HttpResponse(translation.get_language())  # noqa: E731
    site = make_site(view, "pair", middleware=("django.middleware.locale.LocaleMiddleware",))
    for accepted in ("de", "de-DE,de;q=0.9", "en", "en;q=0.8, fr;q=0.2", "de;q=0.3"):
        page = site.ask(accept_language=accepted)
        assert page.text == accepted[:2]
        assert page.headers["Vary"] == "Accept-Language"
    assert site.renders == 2


def theme(request) -> HttpResponse:
    """A page that depends on a cookie and does not say so."""
    return HttpResponse(request.COOKIES.get("theme", "plain"))


@every_way
def test_with_the_app_what_a_view_reads_is_in_the_key_too(make_site: MakeSite, way: str) -> None:
    site = make_site(theme, way)
    for _ in range(2):
        assert site.ask(cookie="theme=dark").text == "dark"
        assert site.ask(cookie="seen=1; theme=light").text == "light"
        assert site.ask(cookie="seen=2").headers["Vary"] == "Cookie"
    assert site.renders == 3


@pytest.mark.usefixtures("without_the_app")
def test_without_the_app_vary_is_what_counts_as_with_django(make_site: MakeSite) -> None:
    site = make_site(theme, "pair")
    assert site.ask(cookie="theme=dark").text == site.ask().text == "dark"


def test_a_view_that_reads_accept_language_itself_is_told_apart_by_it(
    make_site: MakeSite,
) -> None:
    """USE_I18N alone does not mean that the language was made of the header."""
    view = lambda request: HttpResponse(  # noqa: E731
        request.headers["Accept-Language"], headers={"Vary": "Accept-Language"}
    )
    site = make_site(view, "pair")
    assert site.ask(accept_language="de").text == "de"
    assert site.ask(accept_language="en").text == "en"


def test_the_active_time_zone_is_in_the_key(make_site: MakeSite) -> None:
    site = make_site(
        lambda request: HttpResponse(timezone.get_current_timezone_name()),
        "pair",
        middleware=("tests.compat.test_keeping.ZoneMiddleware",),
    )
    for zone in ("Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"):
        assert site.ask(x_zone=zone).text == zone
    assert site.renders == 2


class ZoneMiddleware:
    def __init__(self, get_response) -> None:
        self._get_response = get_response

    def __call__(self, request):
        with timezone.override(request.headers["X-Zone"]):
            return self._get_response(request)


@every_way
def test_head_is_answered_from_get_and_not_the_other_way_round(
    make_site: MakeSite, way: str
) -> None:
    def view(request) -> HttpResponse:
        return HttpResponse(b"" if request.method == "HEAD" else b"whole page")

    site = make_site(view, way)
    for _ in range(2):
        assert site.ask(method="HEAD").text == ""
    assert site.renders == 1
    assert site.ask().text == "whole page"
    assert site.ask(method="HEAD").headers["Cache-Status"].startswith("freshpage; hit")
    assert site.renders == 2


@pytest.mark.parametrize(
    ("timeout", "headers", "seconds"),
    [
        (300, {}, 300),
        (300, {"Cache_Control": "max-age=50, s-maxage=100"}, 300),
        (300, {"Freshpage_Cache_Control": "max-age=40"}, 40),
        (None, {}, 600),
        (None, {"Cache_Control": "max-age=50"}, 50),
        (None, {"Cache_Control": 'MAX-AGE="50"'}, 50),
        (None, {"Cache_Control": "max-age=50, s-maxage=100"}, 100),
        (None, {"Cache_Control": "s-maxage=100", "Expires": format_http_date(0)}, 100),
        (None, {"Expires": format_http_date(1_700_000_070)}, 70),
        (None, {"CDN_Cache_Control": "max-age=80", "Cache_Control": "max-age=5"}, 80),
        (0, {}, 0),
        (-1, {}, 0),
        (None, {"Cache_Control": "max-age=0"}, 0),
        (None, {"Cache_Control": "max-age=soon"}, 0),
        (None, {"Cache_Control": "max-age=60, max-age=70"}, 0),
        (None, {"Expires": "0"}, 0),
        (None, {"CDN_Cache_Control": "no-store", "Cache_Control": "max-age=5"}, 0),
    ],
)
def test_how_long_a_page_is_kept(
    make_site: MakeSite, clock: Clock, timeout, headers, seconds: int
) -> None:
    site = make_site(numbered(**headers), "cache_page", timeout=timeout)
    assert site.ask().text == "page 1"
    if seconds:
        clock.forward(seconds - 1)
        assert site.ask().text == "page 1"
        clock.forward(1)
    assert site.ask().text == "page 2"


@every_way
@pytest.mark.parametrize("status", [201, 301, 404, 500])
def test_only_successes_are_kept(make_site: MakeSite, way: str, status: int) -> None:
    site = make_site(
        lambda request: HttpResponse(status=status, headers={"Cache-Control": "max-age=60"}), way
    )
    for _ in range(2):
        assert site.ask().status_code == status
    assert site.renders == 2


@every_way
def test_a_stream_goes_out_as_it_is(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: StreamingHttpResponse([b"a", b"b"]), way)
    assert site.ask().text == site.ask().text == "ab"
    assert site.renders == 2


@every_way
def test_a_view_that_fails_fails_as_it_did(make_site: MakeSite, way: str) -> None:
    def view(request) -> HttpResponse:
        if site.renders == 1:
            raise ValueError("from the view")
        return HttpResponse("mended")

    site = make_site(view, way)
    assert site.ask().status_code == 500
    assert site.ask().text == "mended"


@pytest.mark.parametrize("timeout", [None, 0, 60, 10**10])
@pytest.mark.parametrize(
    "control",
    [
        None,
        "max-age=30",
        "max-age=3000",
        "public",
        "must-revalidate, max-age=30",
        "private",
        "no-cache",
        "No-Store",
        "max-age=0",
    ],
)
def test_headers_are_patched_as_djangos_originals_do(
    make_site: MakeSite, clock: Clock, timeout, control
) -> None:
    make_site(numbered(), "cache_page")  # for the caches
    headers = {"Vary": "Accept"} | ({} if control is None else {"Cache-Control": control})
    for status, meta in product((200, 304, 404), ({}, {"HTTP_AUTHORIZATION": "Bearer 1"})):
        found = []
        for originals, alias in ((django_originals, "default"), (drop_ins, "other")):
            middleware = originals.CacheMiddleware(
                lambda request, status=status: HttpResponse(status=status, headers=headers),
                page_timeout=timeout,
                cache_alias=alias,
            )
            response = middleware(RequestFactory().get("/page/", **meta))
            del response["Cache-Status"]
            found.append(dict(response.items()))
            caches[alias].clear()
        assert found[0] == found[1], (status, meta)


def test_what_is_in_the_cache_is_bytes(make_site: MakeSite) -> None:
    """Never a pickled response: nothing in an entry is code."""
    site = make_site(numbered(), "cache_page")
    site.ask()
    cache = caches["default"]
    kept = [cache.get(key.partition(":1:")[2]) for key in list(cache._cache)]
    assert any(isinstance(value, bytes) and b"page 1" in value for value in kept)
    assert all(isinstance(value, bytes | int) for value in kept)
