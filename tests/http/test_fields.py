"""Header fields and their syntax, RFC 9110 §5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http import fields

HEADERS = (("Vary", "Accept"), ("ETag", '"a"'), ("vary", "Cookie"))


def test_names_are_case_insensitive_and_lines_are_kept_in_order() -> None:  # §5.1, §5.3
    assert fields.get_all(HEADERS, "vary") == ["Accept", "Cookie"]
    assert fields.get_first(HEADERS, "vary") == "Accept"
    assert fields.get_combined(HEADERS, "vary") == "Accept, Cookie"


def test_an_absent_field_is_not_an_empty_one() -> None:
    assert fields.get_first(HEADERS, "age") is None
    assert fields.get_combined(HEADERS, "age") is None
    assert fields.get_combined((("Age", ""),), "age") == ""


def test_without_drops_every_line() -> None:
    assert fields.without(HEADERS, {"vary"}) == (("ETag", '"a"'),)


@pytest.mark.parametrize(
    ("line", "members"),
    [
        ("a, b", ["a", "b"]),
        (" a\t,b ", ["a", "b"]),
        ("", [""]),
        (",a,,", ["", "a", "", ""]),
        ('a="x, y", b', ['a="x, y"', "b"]),
        (r'a="x\", y", b', [r'a="x\", y"', "b"]),
        # a quote that never closes must not hide what follows it
        ('a="x, no-store', ['a="x', "no-store"]),
        ('"ok, ok", a="x, no-store', ['"ok, ok"', 'a="x', "no-store"]),
        ("\u00a0a", ["\u00a0a"]),  # OWS is a space or a tab, nothing else
    ],
)
def test_split_list(line: str, members: list[str]) -> None:  # §5.6.1
    assert fields.split_list(line) == members


def test_list_members_ignores_empty_ones() -> None:  # §5.6.1.2
    assert fields.list_members([" , a", "", "b,"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ('"a"', "a"),
        ('""', ""),
        (r'"a\"b\\c"', 'a"b\\c'),
        ("a", None),
        ('"', None),
        ('"a', None),
        ('"a"b"', None),
        ('"a" ', None),
        ('"a\\"', None),
    ],
)
def test_unquoted(value: str, content: str | None) -> None:  # §5.6.4
    assert fields.unquoted(value) == content


@given(st.text(alphabet='",\\ ab\t=', max_size=40))
def test_splitting_loses_no_word(line: str) -> None:
    split = "".join(fields.split_list(line))
    for letter in "ab":
        assert split.count(letter) == line.count(letter)


def test_many_quotes_take_no_longer_than_their_number() -> None:
    line = '"\\' * 50_000 + ", no-store"
    assert fields.split_list(line)[-1] == "no-store"
