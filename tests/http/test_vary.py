"""Vary, RFC 9111 §4.1 and RFC 9110 §12.5.5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.vary import normalise, vary_names


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ([], set()),
        ([""], set()),
        (["Accept-Language"], {"accept-language"}),
        (["Accept, COOKIE ,\tX-A"], {"accept", "cookie", "x-a"}),
        (["Accept", "Cookie"], {"accept", "cookie"}),
        ([",Accept,,"], {"accept"}),
    ],
)
def test_names(lines: list[str], names: set[str]) -> None:
    assert vary_names(tuple(("Vary", line) for line in lines)) == names


@pytest.mark.parametrize(
    "lines",
    [
        ["*"],
        [" * "],
        ["*, *"],
        ["*", "*"],
        [", *"],
        ["", "*"],
        ["*, Foo"],
        ["Foo, *"],
        ["Foo", "\t*,"],
        ['"*"'],  # no field name: nothing a request could be compared by
        ["Foo; q=1"],
        ["Foo Bar"],
        ["F\u00f6\u00f6"],
    ],
)
def test_any(lines: list[str]) -> None:
    assert vary_names(tuple(("vArY", line) for line in lines)) is None


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("foo", "1, 2", "1,2"),
        ("foo", " 1 ,\t2 ", "1,2"),
        ("accept", "text/html , */*", "text/html,*/*"),
        ("accept-language", "EN, de;q=0.5", "en,de;q=0.5"),
    ],
)
def test_values_that_mean_the_same(name: str, one: str, other: str) -> None:
    assert normalise(name, one) == normalise(name, other)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("foo", "a", "A"),
        ("foo", "1, 2", "2, 1"),
        ("accept-language", "en, de", "de, en"),  # the first is preferred
        ("foo", "", None),
        ("foo", "a b", "ab"),
        ("foo", '"a, b"', '"a,b"'),  # a quoted string is one value
        ("user-agent", "A (b, c)", "A (b,c)"),  # a text, not a list
        ("cookie", "a=1, 2", "a=1,2"),
    ],
)
def test_values_that_differ(name: str, one: str | None, other: str | None) -> None:
    assert normalise(name, one) != normalise(name, other)


@given(st.sampled_from(["foo", "accept-language", "cookie"]), st.text(max_size=30))
def test_normalising_twice_changes_nothing(name: str, value: str) -> None:
    once = normalise(name, value)
    assert normalise(name, once) == once
    assert once is not None
