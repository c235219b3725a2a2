"""patch_vary_headers and has_vary_header."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from freshpage.headers import has_vary_header, patch_vary_headers
from freshpage.http.vary import vary_names

names = st.sampled_from(["Cookie", "cookie", "Accept", "ACCEPT-encoding", "X-Tenant"])
padding = st.sampled_from(["", " ", "\t", "  "])
padded = st.tuples(padding, names, padding).map("".join)


def varying(value: str) -> HttpResponse:
    return HttpResponse(headers={"Vary": value})


@given(st.lists(padded | padding, max_size=5), st.lists(padded, max_size=5))
def test_vary_names_what_it_named_and_what_is_new(before: list[str], new: list[str]) -> None:
    response = varying(",".join(before))
    named = vary_names(tuple(response.items()))
    assert named is not None
    patch_vary_headers(response, new)
    after = vary_names(tuple(response.items()))
    assert after == named | {name.strip().lower() for name in new}
    assert all(has_vary_header(response, name) for name in new)


@pytest.mark.parametrize("star", ["*", " *", "* ", "Cookie, *", "*,", ",*,", "Cookie ,\t*, Accept"])
def test_a_star_anywhere_is_a_star(star: str) -> None:
    assert has_vary_header(varying(star), "*")
    response = varying("Accept")
    patch_vary_headers(response, [star])
    assert response["Vary"] == "*"


def test_a_quote_hides_no_star() -> None:
    assert has_vary_header(varying('Cookie", *, "x'), "*")


def test_what_is_already_named_stays_as_it_was_written() -> None:
    response = varying("cookie ,  Accept")
    patch_vary_headers(response, ["COOKIE", "Accept-Language"])
    assert response["Vary"] == "cookie, Accept, Accept-Language"


def test_nothing_to_name_makes_no_field() -> None:
    response = HttpResponse()
    patch_vary_headers(response, [])
    assert not response.has_header("Vary")
