"""The drop-ins among other middleware, and with caches that fail."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib import messages
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import RequestFactory
from django.utils.decorators import decorator_from_middleware_with_args, method_decorator

import freshpage
from freshpage.compat.django import CacheMiddleware, cache_page
from tests.compat.sites import DROP_INS, MakeSite

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"

every_way = pytest.mark.parametrize("way", DROP_INS)


# -- what middleware above a view says too late ------------------------------------------


@every_way
def test_a_csrf_token_is_not_shared(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: HttpResponse(get_token(request)), way, middleware=(CSRF,))
    assert site.ask().text != site.ask().text
    assert site.renders == 2


@every_way
def test_a_page_made_from_a_session_is_not_shared(make_site: MakeSite, way: str) -> None:
    def view(request) -> HttpResponse:
        if request.method == "POST":
            request.session["name"] = "ann"
        return HttpResponse(f"hello {request.session.get('name')}")

    site = make_site(view, way, middleware=(SESSIONS,))
    assert site.ask().text == "hello None"
    session = site.ask(method="POST").headers["Set-Cookie"].strip().partition(";")[0]
    assert site.ask(cookie=session).text == "hello ann"
    assert site.ask().text == "hello None"
    renders = site.renders
    assert site.ask().text == "hello None"
    assert site.renders == renders  # who has no session shares the page of nobody's
    assert site.ask(cookie=session).text == "hello ann"


@every_way
def test_a_message_is_shown_once_to_whom_it_is_for(make_site: MakeSite, way: str) -> None:
    def view(request) -> HttpResponse:
        if request.method == "POST":
            messages.info(request, "saved")
            return HttpResponse("done")
        return HttpResponse(" ".join(str(each) for each in messages.get_messages(request)))

    site = make_site(view, way, middleware=(SESSIONS, MESSAGES))
    assert site.ask().text == ""
    cookie = site.ask(method="POST").headers["Set-Cookie"].strip().partition(";")[0]
    assert site.ask(cookie=cookie).text == "saved"
    assert site.ask().text == ""


@every_way
def test_a_body_that_middleware_above_changes_goes_out_whole(make_site: MakeSite, way: str) -> None:
    site = make_site(
        lambda request: HttpResponse("page"),
        way,
        middleware=("tests.compat.test_surroundings.SigningMiddleware",),
    )
    for _ in range(2):
        assert site.ask().text.startswith("page, signed")


class SigningMiddleware:
    """Appends to every page, and says nothing of its length."""

    def __init__(self, get_response) -> None:
        self._get_response = get_response

    def __call__(self, request):
        response = self._get_response(request)
        if not response.content.endswith(b"signed"):
            response.content += b", signed"
        return response


# -- validators -----------------------------------------------------------------------------


@every_way
def test_the_views_own_validator_is_answered_from_the_cache(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: HttpResponse("page", headers={"ETag": '"v1"'}), way)
    assert site.ask().status_code == 200
    assert site.ask(if_none_match='"v1"').status_code == 304
    assert site.ask(if_none_match='"v2"').text == "page"
    assert site.ask(range="bytes=0-1").text == "page"
    assert site.renders == 1


@every_way
def test_no_validator_is_made_up_below_other_middleware(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: HttpResponse("page"), way)
    for _ in range(2):
        assert "ETag" not in site.ask().headers


def test_conditional_get_middleware_above_works_as_before(make_site: MakeSite) -> None:
    site = make_site(
        lambda request: HttpResponse("page"),
        "cache_page",
        middleware=("django.middleware.http.ConditionalGetMiddleware",),
    )
    etag = site.ask().headers["ETag"]
    assert site.ask(if_none_match=etag).status_code == 304
    assert site.renders == 1


# -- caches that fail -------------------------------------------------------------------------


class BrokenCache(LocMemCache):
    """A cache whose server does not answer."""

    def _down(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("no route to the cache")

    get = set = add = delete = incr = get_many = set_many = delete_many = _down


@every_way
def test_a_cache_that_is_down_costs_nobody_the_page(
    make_site: MakeSite, settings, way: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.compat.test_surroundings.BrokenCache"}}
    site = make_site(lambda request: HttpResponse(f"page {site.renders}"), way)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]
    assert site.ask(method="POST").status_code == 200
    freshpage.invalidate("news")


@every_way
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"CACHE_MIDDLEWARE_ALIAS": "missing"}, "CACHES has no 'missing'"),
        ({"FRESHPAGE": {"STROE": "memory"}}, "did you mean 'STORE'"),
    ],
)
def test_a_wrong_setting_costs_nobody_the_page(
    make_site: MakeSite, settings, caplog, monkeypatch, way: str, wrong, told: str
) -> None:
    monkeypatch.setattr("freshpage.performing._told", {})
    for name, value in wrong.items():
        setattr(settings, name, value)
    arguments = {"cache": settings.CACHE_MIDDLEWARE_ALIAS} if way.startswith("cache_page") else {}
    site = make_site(lambda request: HttpResponse(f"page {site.renders}"), way, **arguments)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]
    assert told in caplog.text


@every_way
def test_a_dummy_cache_keeps_nothing_and_says_nothing(
    make_site: MakeSite, settings, caplog, way: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    site = make_site(lambda request: HttpResponse(f"page {site.renders}"), way)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]
    freshpage.invalidate("news")
    assert not caplog.records


# -- being Django's ------------------------------------------------------------------------------


def test_cache_page_is_of_its_views_kind() -> None:
    async def view_async(request) -> HttpResponse:
        return HttpResponse("page")

    def view(request) -> HttpResponse:
        return HttpResponse("page")

    assert iscoroutinefunction(cache_page(60)(view_async))
    assert not iscoroutinefunction(cache_page(60)(view))
    assert cache_page(60)(view).__name__ == "view"


def test_cache_page_of_a_method(make_site: MakeSite) -> None:
    numbers = count(1)

    class View:
        @method_decorator(cache_page(60))
        def get(self, request: HttpRequest, name: str) -> HttpResponse:
            return HttpResponse(f"{name} {next(numbers)}")

    site = make_site(lambda request: View().get(request, name=request.path), "wsgi")
    assert site.ask("/a/").text == site.ask("/a/").text == "/a/ 1"


def test_the_middleware_as_a_decorator(make_site: MakeSite) -> None:
    numbers = count(1)
    make_site(lambda request: HttpResponse(), "wsgi")  # for the caches
    decorate = decorator_from_middleware_with_args(CacheMiddleware)
    view = decorate(cache_timeout=60, cache_alias="other", key_prefix="area")(
        lambda request: HttpResponse(f"page {next(numbers)}")
    )
    for _ in range(2):
        assert view(RequestFactory().get("/page/")).content == b"page 1"
