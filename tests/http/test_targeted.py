"""Targeted cache control, RFC 9213."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.cache_control import MAX_DELTA
from freshpage.http.targeted import ruling_cache_control

TARGETS = ("Freshpage-Cache-Control", "CDN-Cache-Control")
PLAIN = ("Cache-Control", "max-age=1")


def test_without_a_targeted_field_cache_control_rules() -> None:
    control, target = ruling_cache_control((PLAIN,), TARGETS)
    assert (control.max_age, target) == (1, None)


def test_the_first_target_that_is_there_rules_alone() -> None:  # §2.2
    cdn, ours = ("cdn-cache-control", "max-age=60"), ("Freshpage-Cache-Control", "max-age=90")
    control, target = ruling_cache_control((("Cache-Control", "no-store"), cdn), TARGETS)
    assert (control.max_age, control.no_store, target) == (60, False, "CDN-Cache-Control")
    control, target = ruling_cache_control((PLAIN, cdn, ours), TARGETS)
    assert (control.max_age, target) == (90, "Freshpage-Cache-Control")


def test_targets_of_others_are_not_ours() -> None:
    control, _ = ruling_cache_control((PLAIN, ("Example-Cache-Control", "max-age=60")), TARGETS)
    assert control.max_age == 1


@pytest.mark.parametrize(
    "value", ["", " ", "max-age=60, &&&&&", "max-age =60", "max-age= 60", "MaX-aGe=60", "\u00e9"]
)
def test_what_is_no_dictionary_is_ignored(value: str) -> None:  # §2.1
    control, target = ruling_cache_control((PLAIN, ("CDN-Cache-Control", value)), TARGETS)
    assert (control.max_age, target) == (1, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no-store", {"no_store": True}),
        ("private", {"private": True}),
        ("no-cache, max-age=5", {"no_cache": True, "max_age": 5}),
        ("max-age=5;x=1, foobar", {"max_age": 5}),
        ("max-age=99999999999", {"max_age": MAX_DELTA}),
        ("max-age=-5", {"max_age": 0}),
        ('max-age="5"', {"max_age": 0}),  # a string is no number of seconds
        ("max-age=5.0", {"max_age": 0}),
        ("max-age", {"max_age": 0}),
        ("max-age=1, max-age=5", {"max_age": 5}),  # RFC 9651 §4.2.2: the last one counts
        ('private="a, b"', {"private_fields": {"a", "b"}, "private": False}),
        ('no-cache=("a" "b")', {"no_cache_fields": {"a", "b"}, "no_cache": False}),
        ("stale-while-revalidate=7", {"stale_while_revalidate": 7}),
        ("no-store=?0", {"no_store": False}),
        ("no-store=1", {"no_store": True}),
    ],
)
def test_directives(value: str, expected: dict[str, object]) -> None:
    control, target = ruling_cache_control((("CDN-Cache-Control", value),), TARGETS)
    assert target == "CDN-Cache-Control"
    assert {name: getattr(control, name) for name in expected} == expected


def test_lines_are_one_dictionary() -> None:
    lines = (("CDN-Cache-Control", "max-age=5"), ("CDN-Cache-Control", "private"))
    control, _ = ruling_cache_control(lines, TARGETS)
    assert control.max_age == 5
    assert control.private


@given(
    st.one_of(
        st.text(max_size=30),
        st.text(alphabet='abm-xge=0123456789,;"()?:@% ', max_size=30),
        st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
    )
)
def test_anything_is_read(value: str) -> None:
    ruling_cache_control((("CDN-Cache-Control", value),), TARGETS)
