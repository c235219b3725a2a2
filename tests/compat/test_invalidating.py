"""Pages kept by the drop-ins go when what they show changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.core.cache import caches
from django.db import transaction
from django.http import HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory

import freshpage
from freshpage import runtime
from freshpage.compat.django import cache_page
from tests.compat.sites import DROP_INS, MakeSite

every_way = pytest.mark.parametrize("way", DROP_INS)


@pytest.fixture
def tagged_view():
    numbers = count(1)

    def view(request) -> HttpResponse:
        freshpage.tag("news")
        return HttpResponse(f"page {next(numbers)}")

    return view


@every_way
@pytest.mark.parametrize(
    "change",
    [
        lambda: freshpage.invalidate("news"),
        lambda: freshpage.purge("/page/"),
        lambda: freshpage.purge("http://testserver/page/"),
        lambda: freshpage.purge(prefix="/"),
        lambda: freshpage.purge(everything=True),
        lambda: caches["default"].clear(),
    ],
)
def test_what_changed_is_rendered_anew(make_site: MakeSite, tagged_view, way, change) -> None:
    site = make_site(tagged_view, way)
    assert site.ask().text == site.ask().text == "page 1"
    change()
    assert site.ask().text == site.ask().text == "page 2"


@every_way
def test_what_did_not_change_stays(make_site: MakeSite, tagged_view, way: str) -> None:
    site = make_site(tagged_view, way)
    site.ask()
    freshpage.invalidate("weather")
    freshpage.purge("/other/")
    assert site.ask().text == "page 1"


@every_way
def test_a_change_while_the_page_is_rendered_counts(make_site: MakeSite, way: str) -> None:
    """The page may show what was there before: it is not served again."""

    def view(request) -> HttpResponse:
        freshpage.tag("news")
        if site.renders == 1:
            freshpage.invalidate("news")
        return HttpResponse(f"page {site.renders}")

    site = make_site(view, way)
    assert site.ask().text == "page 1"
    assert site.ask().text == "page 2"
    assert site.ask().text == "page 2"


def test_a_change_after_middleware_has_looked_counts(make_site: MakeSite) -> None:
    """The pair reads the sequence before any middleware between its halves can read data."""
    site = make_site(
        lambda request: HttpResponse(f"{request.looked_up} {site.renders}"),
        "pair",
        middleware=("tests.compat.test_invalidating.LookingMiddleware",),
    )
    assert site.ask().text == "old 1"
    assert site.ask().text == "new 2"


class LookingMiddleware:
    def __init__(self, get_response) -> None:
        self._get_response = get_response
        self._data = "old"

    def __call__(self, request):
        request.looked_up = self._data
        if self._data == "old":
            self._data = "new"
            freshpage.purge(everything=True)
        return self._get_response(request)


@every_way
def test_tags_of_a_template_that_is_rendered_later(make_site: MakeSite, way: str) -> None:
    template = engines["django"].from_string("{{ tag }} {{ site.renders }}")

    def view(request) -> TemplateResponse:
        return TemplateResponse(
            request, template, {"tag": lambda: freshpage.tag("news") or "news", "site": site}
        )

    site = make_site(view, way)
    assert site.ask().text == site.ask().text == "news 1"
    freshpage.invalidate("news")
    assert site.ask().text == "news 2"


@every_way
def test_an_unsafe_request_drops_the_page_it_was_sent_to(
    make_site: MakeSite, tagged_view, way: str
) -> None:
    """RFC 9111 §4.4."""
    site = make_site(tagged_view, way)
    assert site.ask("/page/?a=1").text == "page 1"
    assert site.ask("/other/").text == "page 2"
    assert site.ask("/page/", "POST").text == "page 3"
    assert site.ask("/page/?a=1").text == "page 4"
    assert site.ask("/other/").text == "page 2"


@pytest.mark.django_db(transaction=True)
def test_what_happens_in_a_transaction_counts_on_commit(make_site: MakeSite, tagged_view) -> None:
    make_site(tagged_view, "cache_page")  # for the caches
    view = cache_page(60)(tagged_view)

    def page() -> bytes:
        return view(RequestFactory().get("/page/")).content

    assert page() == b"page 1"
    with transaction.atomic():
        freshpage.invalidate("news")
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(page).result() == b"page 1"
        assert page() == b"page 2"  # within, what is about to end has ended
    assert page() == b"page 3"
    with transaction.atomic():
        assert view(RequestFactory().post("/page/")).content == b"page 4"
        assert page() == b"page 3"
    assert page() == b"page 5"


def test_every_cache_that_keeps_pages_is_reached(make_site: MakeSite, tagged_view) -> None:
    make_site(tagged_view, "cache_page")  # for the caches
    views = [cache_page(60, cache=alias)(tagged_view) for alias in ("default", "other")]

    def pages() -> list[bytes]:
        return [view(RequestFactory().get("/page/")).content for view in views]

    assert pages() == pages() == [b"page 1", b"page 2"]
    freshpage.invalidate("news")
    assert pages() == [b"page 3", b"page 4"]


def test_a_process_that_was_asked_for_no_page_yet(make_site: MakeSite, tagged_view) -> None:
    site = make_site(tagged_view, "cache_page")
    assert site.ask().text == "page 1"
    runtime.reset()
    cache_page(60)(tagged_view)  # its views are loaded, no more
    freshpage.invalidate("news")
    assert site.ask().text == "page 2"
