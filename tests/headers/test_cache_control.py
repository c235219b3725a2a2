"""patch_cache_control, patch_response_headers, add_never_cache_headers, get_max_age."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from freshpage.headers import (
    add_never_cache_headers,
    get_max_age,
    patch_cache_control,
    patch_response_headers,
)
from freshpage.http.cache_control import CacheControl

# what a view may write: directives, right and wrong, and noise between them
DIRECTIVES = (
    *("max-age=60", "max-age=abc", 'max-age="30"', "max-age", "MAX-AGE=5", "max-age =7"),
    *("Private", 'private="a, b"', "PUBLIC", "no-cache", 'no-cache="Set-Cookie"', "No-Store"),
    *("must-revalidate", "s-maxage=10", "x-private", 'ext="a, no-store"', '"', "=", "a b", ""),
)
written = st.lists(
    st.sampled_from(DIRECTIVES) | st.text('abc-=", \t0123456789', max_size=12), max_size=6
).map(", ".join)


def response_saying(value: str | None) -> HttpResponse:
    return HttpResponse(headers={} if value is None else {"Cache-Control": value})


def parsed(response: HttpResponse) -> CacheControl:
    return CacheControl.parse((response["Cache-Control"],))


@given(written, st.integers(0, 1000))
def test_the_shorter_max_age_stays_whatever_a_view_wrote(value: str, seconds: int) -> None:
    stated = CacheControl.parse((value,)).max_age
    response = response_saying(value)
    patch_cache_control(response, max_age=seconds)
    assert parsed(response).max_age == min([seconds] if stated is None else [seconds, stated])


@given(written)
def test_a_patch_loses_no_restriction(value: str) -> None:
    before = CacheControl.parse((value,))
    response = response_saying(value)
    patch_cache_control(response, max_age=60, proxy_revalidate=True)
    after = parsed(response)
    for name in ("no_store", "private", "no_cache", "must_revalidate", "s_maxage"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.private_fields == before.private_fields
    assert after.no_cache_fields == before.no_cache_fields
    assert after.proxy_revalidate


@pytest.mark.parametrize("value", ["max-age=soon", "max-age", "max-age=-1", "max-age=1, max-age=2"])
def test_a_max_age_that_cannot_be_read_counts_as_none_at_all(value: str) -> None:
    response = response_saying(value)
    patch_response_headers(response, 600)
    assert parsed(response).max_age == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=60", 60),
        ("Public, MAX-AGE=60", 60),
        ('max-age="60"', 60),
        ("max-age=99999999999999999999", 2**31),
        ("max-age=60, max-age=60", 60),
        ("max-age=60, max-age=30", 0),
        ('ext="max-age=5", max-age=60', 60),
        ("max-age=soon", None),
        ("max-age=1.5", None),
        ("max-age", None),
        ("s-maxage=60", None),
        ("", None),
        (None, None),
    ],
)
def test_the_max_age_of_a_response(value: str | None, seconds: int | None) -> None:
    assert get_max_age(response_saying(value)) == seconds


def test_public_and_private_replace_each_other_in_any_case_and_form() -> None:
    response = response_saying('Private="Cookie, Set-Cookie", max-age=5')
    patch_cache_control(response, public=True)
    assert response["Cache-Control"] == "max-age=5, public"
    patch_cache_control(response, private=True)
    assert response["Cache-Control"] == "max-age=5, private"


def test_directives_nobody_knows_are_kept() -> None:
    response = response_saying('community="UCI, LA", no-transform')
    patch_cache_control(response, max_age=9)
    assert response["Cache-Control"] == 'community="UCI, LA", no-transform, max-age=9'


def test_expires_of_the_view_is_kept() -> None:
    response = HttpResponse(headers={"Expires": "tomorrow"})
    patch_response_headers(response, 60)
    assert response["Expires"] == "tomorrow"
    assert response["Cache-Control"] == "max-age=60"


def test_without_a_timeout_the_setting_counts(settings) -> None:
    settings.CACHE_MIDDLEWARE_SECONDS = 77
    response = HttpResponse()
    patch_response_headers(response)
    assert get_max_age(response) == 77


def test_never_means_never_to_everybody() -> None:
    response = response_saying("public, max-age=600")
    add_never_cache_headers(response)
    control = parsed(response)
    assert control.no_store
    assert control.private
    assert not control.public
    assert control.max_age == 0
