"""The rules of opening hours, which give a page its lifetime."""

from __future__ import annotations

import importlib.util
import sys
from datetime import datetime, time, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.site import EXAMPLE

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, tzinfo=BERLIN)


def _load() -> ModuleType:
    """The module by its file: the example is a project of its own, not on our path."""
    spec = importlib.util.spec_from_file_location("demo_hours", EXAMPLE / "town" / "hours.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


hours = _load()
WEEK = (hours.Span(0, time(9), time(12)), hours.Span(0, time(14), time(18)))


@pytest.mark.parametrize(
    ("clock", "change"),
    [("08:00", "09:00"), ("09:00", "12:00"), ("12:00", "14:00"), ("17:59:59", "18:00")],
)
def test_the_next_change_is_an_opening_or_a_closing(clock: str, change: str) -> None:
    at = datetime.combine(MONDAY, time.fromisoformat(clock), BERLIN)
    assert hours.next_change(WEEK, at) == datetime.combine(
        MONDAY, time.fromisoformat(change), BERLIN
    )


def test_at_midnight_another_day_is_today() -> None:
    assert hours.next_change(WEEK, MONDAY + timedelta(hours=19)) == MONDAY + timedelta(days=1)
    assert hours.next_change((), MONDAY + timedelta(hours=1)) == MONDAY + timedelta(days=1)


def test_the_night_the_clocks_go_back_has_an_hour_more() -> None:
    saturday = datetime(2026, 10, 24, 23, tzinfo=BERLIN)
    sunday = hours.next_change((), saturday)
    assert sunday.timestamp() - saturday.timestamp() == 3600
    assert hours.next_change((), sunday).timestamp() - sunday.timestamp() == 25 * 3600


def test_a_place_that_never_opens() -> None:
    assert hours.next_opening((), MONDAY) is None
    assert not hours.is_open((), MONDAY)
    assert hours.closing((), MONDAY) is None


def test_it_opens_again_next_week() -> None:
    late = MONDAY + timedelta(hours=20)
    assert hours.next_opening(WEEK, late) == MONDAY + timedelta(days=7, hours=9)


clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
spans = st.builds(
    lambda day, ends: hours.Span(day, *sorted(ends)),
    st.integers(0, 6),
    st.tuples(clocks, clocks).filter(lambda ends: ends[0] != ends[1]),
)
weeks = st.lists(spans, max_size=6)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=BERLIN)
)


@given(weeks, moments, st.floats(0, 0.999))
def test_nothing_that_is_shown_changes_before_the_next_change(week, at, part) -> None:
    change = hours.next_change(week, at)
    assert at < change <= at + timedelta(days=1)
    between = at + (change - at) * part
    assert hours.is_open(week, between) == hours.is_open(week, at)
    assert hours.next_opening(week, between) == hours.next_opening(week, at)
    assert between.date() == at.date()
