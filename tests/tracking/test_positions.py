"""A stretch has a cell in common with every row that lies in it."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.tracking.columns import DATE, DATETIME, INTEGER, NUMBER, TEXT
from freshpage.tracking.positions import (
    NOWHERE,
    WHOLE,
    Beginning,
    cell_with,
    cells_around,
    cells_between,
    position,
)

KINDS = {
    INTEGER: st.integers(-(2**63), 2**63),
    NUMBER: st.one_of(st.floats(allow_nan=False), st.decimals(allow_nan=False)),
    DATE: st.dates(),
    DATETIME: st.datetimes(timezones=st.sampled_from([datetime.UTC, None])),
}
pairs = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), KINDS[kind], KINDS[kind])
)


def key(value):
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=datetime.UTC)
    return value


@given(pairs)
def test_positions_grow_with_values(case):
    kind, one, other = case
    if key(one) <= key(other):
        assert position(kind, one) <= position(kind, other)


@given(pairs, st.booleans())
def test_a_row_in_the_stretch_is_met(case, from_below):
    kind, edge, value = case
    low, high = (position(kind, edge), None) if from_below else (None, position(kind, edge))
    inside = key(value) >= key(edge) if from_below else key(value) <= key(edge)
    met = set(cells_between(kind, low, high)) & set(cells_around(kind, value))
    assert met or not inside


@given(pairs, st.data())
def test_between_two_ends(case, data):
    kind, one, other = case
    low, high = sorted((position(kind, one), position(kind, other)))
    cells = cells_between(kind, low, high)
    assert set(cells) & set(cells_around(kind, one))
    assert len(cells) <= 60


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rows_without_a_value_are_met_by_all(kind):
    assert cells_around(kind, None) == [NOWHERE]
    assert NOWHERE in cells_between(kind, 5, None)


def test_far_from_the_edge_nothing_is_met():
    day = datetime.datetime(2026, 5, 17, tzinfo=datetime.UTC)
    cells = set(cells_between(DATETIME, position(DATETIME, day), None))
    assert not cells & set(cells_around(DATETIME, day - datetime.timedelta(hours=1)))
    assert cells & set(cells_around(DATETIME, day + datetime.timedelta(hours=1)))
    assert len(cells) < 25


@pytest.mark.parametrize("value", [math.nan, Decimal("nan")])
def test_no_number(value):
    with pytest.raises(ValueError, match="not a number"):
        position(NUMBER, value)


@pytest.mark.parametrize("value", ["2026-05-17", "2026-05-17 10:00:00", datetime.date(2026, 5, 17)])
def test_spellings_of_a_time(value):
    assert position(DATETIME, value) >= position(DATETIME, datetime.datetime(2026, 5, 17))


@given(st.text(), st.text(), st.text())
def test_a_text_that_contains_words_is_met(before, words, after):
    for text in (words, words.upper(), words.lower()):
        assert cell_with(words) in cells_around(TEXT, before + text + after)


def test_texts_that_contain_others_are_not_met():
    assert cell_with("needle") not in cells_around(TEXT, "a haystack of straw")
    assert cell_with("ab") == WHOLE
    assert WHOLE in cells_around(TEXT, None)


@given(st.text(), st.text(), st.sampled_from([str.upper, str.lower, str]))
def test_a_text_that_begins_so_is_met(beginning, rest, spelled):
    """As databases compare: letters of ASCII without regard to case, others as they are."""
    written = "".join(spelled(one) if one.isascii() else one for one in beginning)
    assert cell_with(Beginning(beginning)) in cells_around(TEXT, written + rest)


def test_a_text_that_begins_otherwise_is_not_met():
    assert cell_with(Beginning("00010002")) not in cells_around(TEXT, "000100030001")
    assert cell_with(Beginning("00010002")) in cells_around(TEXT, "000100020001")
    assert cell_with(Beginning("0001000")) in cells_around(TEXT, "000100030001")  # four by four
    assert cell_with(Beginning("a")) == WHOLE
    assert len(cells_around(TEXT, "0" * 255)) < 20
