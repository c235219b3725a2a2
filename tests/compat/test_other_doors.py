"""Drop-ins behind a front door, or behind one another: one entry a page."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control

from freshpage import runtime
from freshpage.compat.django import cache_page
from tests.compat.conftest import Clock
from tests.compat.sites import DOORS, MakeSite

PAIR = (
    "freshpage.compat.django.UpdateCacheMiddleware",
    "freshpage.compat.django.FetchFromCacheMiddleware",
)


@pytest.fixture(params=DOORS)
def door(request) -> str:
    return request.param


def entries(alias: str = "default") -> int:
    return sum(":e:" in key for key in caches[alias]._cache)


def counted(decorator, body: str = "page"):
    """A view inside a decorator of ours, and the pages it made."""
    made: list[int] = []

    def view(request) -> HttpResponse:
        made.append(1)
        return HttpResponse(f"{body} {len(made)}")

    return decorator(view)


def test_the_door_keeps_what_cache_page_describes(
    make_site: MakeSite, clock: Clock, door: str
) -> None:
    site = make_site(counted(cache_page(50)), door)
    first = site.ask()
    assert first.headers["Cache-Control"] == "max-age=50"
    assert "Freshpage-Cache-Control" not in first.headers
    assert first.headers["Cache-Status"] == "freshpage; fwd=uri-miss; stored"
    clock.forward(49)
    assert site.ask().text == "page 1"
    assert site.renders == 1
    clock.forward(1)
    assert site.ask().text == "page 2"
    assert entries() == 0


def test_the_door_keeps_it_longer_than_browsers_may(
    make_site: MakeSite, clock: Clock, door: str
) -> None:
    view = counted(lambda view: cache_page(500)(cache_control(max_age=5)(view)))
    site = make_site(view, door)
    assert site.ask().headers["Cache-Control"] == "max-age=5"
    clock.forward(499)
    assert site.ask().text == "page 1"
    clock.forward(1)
    assert site.ask().text == "page 2"


def test_the_door_keeps_what_the_middleware_describes(
    make_site: MakeSite, settings, clock: Clock, door: str
) -> None:
    settings.CACHE_MIDDLEWARE_SECONDS = 50
    site = make_site(counted(lambda view: view), door, middleware=PAIR)
    assert site.ask().headers["Cache-Control"] == "max-age=50"
    clock.forward(49)
    assert site.ask().text == "page 1"
    clock.forward(1)
    assert site.ask().text == "page 2"
    assert entries() == 0


def test_a_key_prefix_is_more_than_a_door_has_in_its_key(make_site: MakeSite, door: str) -> None:
    """Some sites make one of the visitor: the drop-in keeps such a page itself."""

    def view(request) -> HttpResponse:
        name = request.headers["X-Name"]
        greeting = lambda request: HttpResponse(f"hello {name} {site.renders}")  # noqa: E731
        return cache_page(60, key_prefix=f"user-{name}")(greeting)(request)

    site = make_site(view, door)
    assert site.ask(x_name="ann").text == "hello ann 1"
    assert site.ask(x_name="bob").text == "hello bob 2"
    assert site.ask(x_name="ann").text == "hello ann 1"
    assert runtime.runtime().store.stats().entries == 0
    assert entries() > 0


def zoned(request) -> HttpResponse:
    return HttpResponse(timezone.get_current_timezone_name())


def test_a_door_that_watches_sees_what_chose_the_time_zone(make_site: MakeSite, door: str) -> None:
    site = make_site(cache_page(60)(zoned), door, middleware=(ZONES,))
    for zone in ("UTC", "Asia/Tokyo", "Europe/Berlin"):
        assert site.ask(x_zone=zone).text == site.ask(x_zone=zone).text == zone
    assert site.renders == 3
    assert entries() == 0


@pytest.mark.usefixtures("without_the_app")
@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_behind_one_that_does_not_the_drop_in_keeps_the_page(
    make_site: MakeSite, door: str
) -> None:
    renders = []

    def view(request) -> HttpResponse:
        renders.append(request)
        return zoned(request)

    site = make_site(cache_page(60)(view), door, middleware=(ZONES,))
    for zone in ("UTC", "Asia/Tokyo", "Europe/Berlin"):
        assert site.ask(x_zone=zone).text == site.ask(x_zone=zone).text == zone
    assert len(renders) == 3
    assert runtime.runtime().store.stats().entries == 0


ZONES = "tests.compat.test_other_doors.ZoneMiddleware"


class ZoneMiddleware:
    """The time zone a visitor names; nothing in Vary says so."""

    def __init__(self, get_response) -> None:
        self._get_response = get_response

    def __call__(self, request):
        with timezone.override(request.headers["X-Zone"]):
            return self._get_response(request)


def test_the_language_of_locale_middleware(make_site: MakeSite, settings, door: str) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    shown = cache_page(60)(lambda request: HttpResponse(get_language()))
    site = make_site(shown, door, middleware=("django.middleware.locale.LocaleMiddleware",))
    for accepted in ("de", "en", "de;q=0.9", "en"):
        assert site.ask(accept_language=accepted).text == accepted[:2]
    assert site.renders == 2
    assert entries() == 0


def test_cache_page_inside_the_middleware(make_site: MakeSite, clock: Clock) -> None:
    """Per-site and per-view cache: the middleware keeps the page, as long as the view says."""
    site = make_site(counted(cache_page(50)), "pair")
    first = site.ask()
    assert first.headers["Cache-Control"] == "max-age=50"
    assert "Freshpage-Cache-Control" not in first.headers
    kept = entries()
    clock.forward(49)
    assert site.ask().text == "page 1"
    assert site.renders == 1
    clock.forward(1)
    assert site.ask().text == "page 2"
    assert entries() == kept


def test_cache_page_with_a_prefix_inside_the_middleware(make_site: MakeSite) -> None:
    site = make_site(counted(cache_page(50, key_prefix="area")), "pair")
    assert [site.ask().text, site.ask().text] == ["page 1", "page 1"]
    assert site.renders == 2  # the middleware does not keep it, cache_page does


def test_decorators_one_inside_the_other(make_site: MakeSite) -> None:
    site = make_site(
        counted(lambda view: cache_page(60, cache="other")(cache_page(30)(view))), "cache_page"
    )
    assert site.ask().text == site.ask().text == "page 1"
    assert entries("other") == 0
