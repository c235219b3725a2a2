"""HTTP dates, RFC 9110 §5.6.7 and RFC 9111 §4.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.dates import format_http_date, parse_http_date

NOV_1994 = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT
NOW = 1_800_000_000.0  # in 2027


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 gmt",  # RFC 9111 §4.2: case does not matter to a cache
        "SUN, 06 NOV 1994 08:49:37 GMT",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
    ],
)
def test_three_formats(value: str) -> None:
    assert parse_http_date(value, NOW) == NOV_1994


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "-1",
        "now",
        "Sun, 06 Nov 1994 08:49:37 UTC",  # RFC 9111 §4.2: any zone but GMT is invalid
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov  1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=1",
        "Sun, 06 Nov \u0661\u0669\u0669\u0664 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_what_is_no_date(value: str) -> None:
    assert parse_http_date(value, NOW) is None


def test_a_leap_second_is_a_time() -> None:
    before = parse_http_date("Sat, 31 Dec 2016 23:59:59 GMT", NOW)
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == before


@pytest.mark.parametrize(
    ("year", "full"), [("27", 2027), ("77", 2077), ("78", 1978), ("99", 1999), ("00", 2000)]
)
def test_two_digit_years_lie_at_most_fifty_years_ahead(year: str, full: int) -> None:
    short = parse_http_date(f"Monday, 01-Mar-{year} 00:00:00 GMT", NOW)
    assert short == parse_http_date(f"Mon, 01 Mar {full} 00:00:00 GMT", NOW)


@given(st.integers(min_value=-62135596800, max_value=253402300799))
def test_a_formatted_date_reads_back(seconds: int) -> None:
    assert parse_http_date(format_http_date(seconds), NOW) == seconds


@given(st.floats(allow_nan=True, allow_infinity=True), st.text(max_size=40))
def test_nothing_raises(seconds: float, text: str) -> None:
    format_http_date(seconds)
    parse_http_date(text, seconds)
    parse_http_date("Monday, 01-Mar-27 00:00:00 GMT", seconds)
