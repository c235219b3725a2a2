"""Freshness and age, RFC 9111 §4.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http import freshness
from freshpage.http.cache_control import MAX_DELTA, CacheControl
from freshpage.http.dates import format_http_date
from freshpage.http.fields import Headers, get_all

NOW = 1_800_000_000.0


def date(offset: float) -> str:
    return format_http_date(NOW + offset)


def lifetime(*headers: tuple[str, str]) -> float | None:
    control = CacheControl.parse(get_all(headers, "cache-control"))
    return freshness.explicit_lifetime(headers, control, NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        ([("Cache-Control", "public")], None),
        ([("Cache-Control", "max-age=60")], 60),
        ([("Cache-Control", "s-maxage=1, max-age=60")], 1),
        ([("Cache-Control", "max-age=60"), ("Cache-Control", "s-maxage=1")], 1),
        ([("Cache-Control", "max-age=0, s-maxage=60")], 60),
        ([("Expires", date(60))], 60),
        ([("Expires", date(60)), ("Date", date(0))], 60),
        ([("Expires", date(60)), ("Date", date(-40))], 100),
        ([("Expires", date(60)), ("Date", "junk")], 60),
        ([("Expires", date(-60)), ("Date", date(0))], 0),
        ([("Expires", date(0)), ("Date", date(0))], 0),
        ([("Expires", "0")], 0),  # §5.3: invalid is in the past
        ([("Expires", "")], 0),
        ([("Expires", date(60)), ("Expires", date(60))], 60),
        ([("Expires", date(60)), ("Expires", date(90))], 0),  # §4.2.1: contradictory
        ([("Expires", date(-60)), ("Cache-Control", "max-age=60")], 60),
        ([("Expires", "0"), ("Cache-Control", "max-age=60")], 60),
        ([("Expires", date(60)), ("Cache-Control", "max-age=0")], 0),
        ([("Expires", date(60)), ("Cache-Control", "max-age=x")], 0),
        ([("Expires", date(60)), ("Cache-Control", "max-age=-1")], 0),
    ],
)
def test_explicit_lifetime(headers: list[tuple[str, str]], seconds: float | None) -> None:
    assert lifetime(*headers) == seconds  # §4.2.1


MODIFIED: Headers = (("Last-Modified", date(-1000)), ("Date", date(0)))


@pytest.mark.parametrize("status", [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
def test_heuristic_lifetime_is_a_share_of_the_time_since_the_change(status: int) -> None:
    control = CacheControl()
    assert freshness.heuristic_lifetime(status, MODIFIED, control, 0.1, NOW) == 100  # §4.2.2


@pytest.mark.parametrize("status", [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599])
def test_other_statuses_have_one_only_when_public(status: int) -> None:
    control = CacheControl()
    assert freshness.heuristic_lifetime(status, MODIFIED, control, 0.1, NOW) is None
    public = CacheControl(public=True)
    assert freshness.heuristic_lifetime(status, MODIFIED, public, 0.1, NOW) == 100


def test_heuristics_are_off_unless_asked_for_and_need_a_date_of_change() -> None:
    control = CacheControl()
    assert freshness.heuristic_lifetime(200, MODIFIED, control, 0.0, NOW) is None
    assert freshness.heuristic_lifetime(200, (), control, 0.1, NOW) is None
    junk = (("Last-Modified", "junk"),)
    assert freshness.heuristic_lifetime(200, junk, control, 0.1, NOW) is None
    ahead = (("Last-Modified", date(500)),)
    assert freshness.heuristic_lifetime(200, ahead, control, 0.1, NOW) == 0


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], 0),
        (["30"], 30),
        (["7200,0"], 7200),  # §5.1: the first member counts
        (["7200", "0"], 7200),
        (["0", "7200"], 0),
        (["abc"], 0),  # §5.1: invalid is ignored
        (["-7200"], 0),
        (["7200.0"], 0),
        ([""], 0),
        (["99999999999"], MAX_DELTA),
    ],
)
def test_age_value(lines: list[str], seconds: int) -> None:
    assert freshness.age_value(tuple(("Age", line) for line in lines)) == seconds


@pytest.mark.parametrize(
    ("headers", "delay", "age"),
    [
        ((), 0, 0),
        ((), 3, 3),  # the time the answer took counts
        ((("Date", date(-50)),), 0, 50),  # apparent age
        ((("Date", date(50)),), 0, 0),
        ((("Age", "30"),), 0, 30),
        ((("Age", "30"),), 2, 32),
        ((("Age", "30"), ("Date", date(-50))), 2, 50),
        ((("Age", "60"), ("Date", date(-50))), 2, 62),
        ((("Date", "junk"),), 0, 0),
    ],
)
def test_initial_age(headers: Headers, delay: float, age: float) -> None:  # §4.2.3
    measured = freshness.initial_age(headers, request_time=NOW - delay, response_time=NOW)
    assert measured == age


def test_age_grows_with_time_and_not_with_a_clock_set_back() -> None:
    assert freshness.current_age(30, NOW, NOW + 12) == 42
    assert freshness.current_age(30, NOW, NOW - 12) == 30


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("max-age=1", True),
        ("max-age=1, must-revalidate", False),
        ("max-age=1, proxy-revalidate", False),
        ("s-maxage=1", False),  # §5.2.2.10
        ("no-cache", False),
        ('no-cache="a"', True),
    ],
)
def test_may_serve_stale(line: str, may: bool) -> None:  # §4.2.4
    assert freshness.may_serve_stale(CacheControl.parse([line])) is may


@pytest.mark.parametrize(
    ("line", "age", "satisfied"),
    [
        ("", 50, True),
        ("", 100, False),
        ("max-age=0", 0, True),
        ("max-age=0", 1, False),
        ("max-age=50", 50, True),
        ("max-age=49", 50, False),
        ("min-fresh=50", 50, True),
        ("min-fresh=51", 50, False),
        ("max-stale", 100_000, True),
        ("max-stale=10", 110, True),
        ("max-stale=10", 111, False),
        ("max-age=50, max-stale", 60, False),
        ("min-fresh=1, max-stale", 100, False),
    ],
)
def test_satisfies_request(line: str, age: float, satisfied: bool) -> None:  # §5.2.1
    control = CacheControl.parse([line])
    assert freshness.satisfies_request(age, 100, control, may_be_stale=True) is satisfied


def test_max_stale_does_not_overrule_the_response() -> None:
    control = CacheControl.parse(["max-stale"])
    assert not freshness.satisfies_request(101, 100, control, may_be_stale=False)


field_names = st.sampled_from(["Age", "Date", "Expires", "Last-Modified", "Cache-Control"])
values = st.one_of(
    st.text(max_size=20), st.just(date(0)), st.integers().map(str), st.just("max-age=9")
)


@given(st.lists(st.tuples(field_names, values), max_size=6).map(tuple))
def test_nothing_raises_and_nothing_is_negative(headers: Headers) -> None:
    control = CacheControl.parse(get_all(headers, "cache-control"))
    stated = freshness.explicit_lifetime(headers, control, NOW)
    guessed = freshness.heuristic_lifetime(200, headers, control, 0.1, NOW)
    assert stated is None or stated >= 0
    assert guessed is None or guessed >= 0
    assert freshness.initial_age(headers, request_time=NOW, response_time=NOW) >= 0
