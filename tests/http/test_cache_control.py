"""Cache-Control, RFC 9111 §5.2 and §4.2.1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.cache_control import ANY, MAX_DELTA, CacheControl, parse_delta


def stated(*lines: str) -> dict[str, Any]:
    control, silent = CacheControl.parse(lines), CacheControl()
    names = CacheControl.__slots__
    return {
        name: getattr(control, name)
        for name in names
        if getattr(control, name) != getattr(silent, name)
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("public", {"public": True}),
        ("No-StOrE", {"no_store": True}),
        ("no-store=whatever", {"no_store": True}),
        ("private", {"private": True}),
        ("Private, max-age=60", {"private": True, "max_age": 60}),
        ("must-revalidate,proxy-revalidate", {"must_revalidate": True, "proxy_revalidate": True}),
        ("must-understand, no-store", {"must_understand": True, "no_store": True}),
        ("no-transform, immutable", {"no_transform": True, "immutable": True}),
        ("only-if-cached", {"only_if_cached": True}),
        # what only looks like a directive is an extension
        ("x-private, no-storey, privately=1", {}),
        ('extension="max-age=3600, no-store"', {}),
    ],
)
def test_flags(line: str, expected: dict[str, Any]) -> None:
    assert stated(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('private="a, B"', {"private_fields": {"a", "b"}}),
        ('no-cache="Set-Cookie"', {"no_cache_fields": {"set-cookie"}}),
        ("no-cache=a", {"no_cache_fields": {"a"}}),  # §5.2: a token is as good
        ('no-cache="a", no-cache="b"', {"no_cache_fields": {"a", "b"}}),
        ('no-cache="a", no-cache', {"no_cache_fields": {"a"}, "no_cache": True}),
        # names that are none can't be left out of a response: the whole is meant
        ('private=""', {"private": True}),
        ('private="a b"', {"private": True}),
        ("private='a'", {"private_fields": {"'a'"}}),
        ('private="a', {"private": True}),
    ],
)
def test_qualified_forms(line: str, expected: dict[str, Any]) -> None:  # §5.2.2.4, §5.2.2.7
    assert stated(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max-age=60", 60),
        ("MAX-AGE=60", 60),
        ('max-age="60"', 60),  # §5.2: recipients accept both forms
        ("max-age=0060", 60),
        ("max-age=0", 0),
        ("max-age=2147483647", 2**31 - 1),
        ("max-age=2147483648", 2**31),
        ("max-age=99999999999", MAX_DELTA),  # §1.2.2
        ("max-age=" + "9" * 5000, MAX_DELTA),
        ("max-age=" + "0" * 5000 + "7", 7),
        ("max-age=60, max-age=60", 60),
        # §4.2.1: invalid or contradictory freshness is none
        ("max-age=60, max-age=1", 0),
        ("max-age=1, max-age=60", 0),
        ("max-age=60, max-age=x", 0),
        ("max-age", 0),
        ("max-age=", 0),
        ("max-age=-60", 0),
        ("max-age=+60", 0),
        ("max-age=6e9", 0),
        ("max-age=60.0", 0),
        ("max-age=a60", 0),
        ("max-age=60a", 0),
        ("max-age='60'", 0),
        ("max-age =60", 0),
        ("max-age= 60", 0),
        ("max-age=60 private", 0),
        ("max-age=\u0663\u0660", 0),
        ("max-age=\u00b2", 0),
        ('max-age="60', 0),
    ],
)
def test_seconds(line: str, expected: int) -> None:
    assert CacheControl.parse([line]).max_age == expected


def test_every_directive_with_seconds_is_read() -> None:
    line = "s-maxage=1, min-fresh=2, max-stale=3, stale-while-revalidate=4, stale-if-error=5"
    assert stated(line) == {
        "s_maxage": 1,
        "min_fresh": 2,
        "max_stale": 3,
        "stale_while_revalidate": 4,
        "stale_if_error": 5,
    }


def test_max_stale_without_a_value_takes_any_age() -> None:  # §5.2.1.2
    assert stated("max-stale") == {"max_stale": ANY}


def test_lines_are_one_list() -> None:
    assert stated("max-age=60", "private") == {"max_age": 60, "private": True}
    assert CacheControl.parse(["max-age=60", "max-age=1"]).max_age == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("private max-age=60", {"private": True, "max_age": 0}),
        ("no-store no-cache", {"no_store": True, "no_cache": True}),
        ("public must-revalidate", {"must_revalidate": True}),  # it forbids, but grants nothing
        ("public max-age=60", {"max_age": 0}),
        (";no-store", {}),
    ],
)
def test_what_is_malformed_may_only_restrict(line: str, expected: dict[str, Any]) -> None:
    assert stated(line) == expected


def test_a_quote_that_never_closes_hides_nothing() -> None:
    assert CacheControl.parse(['x="max-age=60, no-store']).no_store


directives = st.sampled_from(
    ["max-age", "s-maxage", "private", "no-cache", "no-store", "public", "max-stale", "x", ""]
)
lines = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda name, between, value: f"{name}{between}{value}",
        directives,
        st.sampled_from(["=", " = ", "", '="', ", "]),
        st.text(alphabet='0123456789",-. aA\\', max_size=8),
    ),
)


@given(st.lists(lines, max_size=5))
def test_anything_parses_and_forbidding_words_are_heard(given_lines: list[str]) -> None:
    control = CacheControl.parse(given_lines)
    assert CacheControl.parse([*given_lines, "no-store"]).no_store
    for seconds in (control.max_age, control.s_maxage):
        assert seconds is None or 0 <= seconds <= MAX_DELTA


@given(st.text(alphabet="0123456789", min_size=1, max_size=30))
def test_delta_is_the_number_up_to_its_bound(digits: str) -> None:
    assert parse_delta(digits) == min(int(digits), MAX_DELTA)
