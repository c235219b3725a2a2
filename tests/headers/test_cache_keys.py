"""learn_cache_key and get_cache_key, against Django's caches and Django's own keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import cache as django_cache
from hypothesis import given
from hypothesis import strategies as st

from freshpage.headers import get_cache_key, learn_cache_key


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    caches["default"].clear()


def asking(path: str = "/page/", **meta: str | None) -> HttpRequest:
    request = RequestFactory().get(path)
    for name, value in meta.items():
        if value is not None:
            request.META[name] = value
    return request


def varying_on(*names: str) -> HttpResponse:
    return HttpResponse(headers={"Vary": ", ".join(names)} if names else {})


field_values = st.none() | st.text(st.sampled_from('0123:,-"x'), max_size=4)


@given(st.tuples(field_values, field_values), st.tuples(field_values, field_values))
def test_requests_that_differ_have_keys_that_differ(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None]
) -> None:
    response = varying_on("X-A", "X-B")
    keys = [
        learn_cache_key(asking(HTTP_X_A=values[0], HTTP_X_B=values[1]), response)
        for values in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


def test_what_was_learnt_finds_the_key_again() -> None:
    request = asking(HTTP_X_A="1")
    assert get_cache_key(request) is None
    assert get_cache_key(request) != learn_cache_key(request, varying_on("X-A"))
    assert get_cache_key(request) == learn_cache_key(request, varying_on("X-A"))
    assert get_cache_key(asking(HTTP_X_A="2")) != get_cache_key(request)
    assert get_cache_key(asking("/other/")) is None


def test_host_query_prefix_and_method_are_in_the_key() -> None:
    response = varying_on()
    keys = {
        learn_cache_key(asking(), response),
        learn_cache_key(asking("/page/?a=1"), response),
        learn_cache_key(asking(SERVER_NAME="other.example"), response),
        learn_cache_key(asking(), response, key_prefix="p"),
        learn_cache_key(RequestFactory().head("/page/"), response),
    }
    assert len(keys) == 5


@pytest.mark.parametrize("use_i18n", [True, False])
@pytest.mark.parametrize("use_tz", [True, False])
def test_keys_without_varied_fields_are_those_of_django(settings, use_i18n, use_tz) -> None:
    settings.USE_I18N, settings.USE_TZ = use_i18n, use_tz
    request, response = asking("/page/?a=1"), varying_on()
    ours = learn_cache_key(request, response, key_prefix="site")
    assert ours == django_cache.learn_cache_key(request, response, key_prefix="site")


@pytest.mark.parametrize("vary", ["*", "Cookie, * ", " *,Accept", "Coo kie"])
def test_what_varies_on_everything_is_found_by_nobody(vary: str) -> None:
    request = asking()
    learn_cache_key(request, varying_on("Accept"))
    response = varying_on(vary)
    assert learn_cache_key(request, response) != learn_cache_key(request, response)
    assert get_cache_key(request) is None


def test_only_names_are_kept_in_the_cache(settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "names-only",
        }
    }
    kept = []
    cache = caches["default"]
    cache.set = lambda key, value, timeout: kept.append((value, timeout))
    response = varying_on("X-A", "Cookie")
    response.content = b"secret"
    learn_cache_key(asking(), response, cache_timeout=9, cache=cache)
    assert kept == [(("HTTP_COOKIE", "HTTP_X_A"), 9)]


@pytest.mark.parametrize("foreign", ["HTTP_COOKIE", 7, {"a": 1}, [b"HTTP_COOKIE"], [None]])
def test_something_else_under_the_key_teaches_nothing(foreign: object) -> None:
    request = asking()
    names_of_request: list[str] = []

    class Spy:
        def get(self, key: str) -> object:
            names_of_request.append(key)
            return foreign

    assert get_cache_key(request, cache=Spy()) is None  # type: ignore[arg-type]
    assert names_of_request
