"""Tags packed into one string of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from freshpage.tags import SIZE, packed, split, tag_digest, tag_number, tag_numbers

tags = st.lists(st.text(max_size=12), max_size=8)


@given(tags)
def test_each_tag_is_there_once(names: list[str]) -> None:
    digests = split(packed(names))
    assert set(digests) == {tag_digest(name) for name in names}
    assert len(digests) == len(set(names))
    assert all(len(digest) == SIZE for digest in digests)


@given(tags)
def test_in_whatever_order(names: list[str]) -> None:
    assert packed(names) == packed(reversed(names))


@given(tags, tags)
def test_the_tags_of_two(one: list[str], other: list[str]) -> None:
    assert packed(one, packed(other)) == packed([*one, *other])


@given(tags)
def test_as_numbers(names: list[str]) -> None:
    numbers = tag_numbers(packed(names))
    assert set(numbers) == {tag_number(name) for name in names}
    assert all(-(2**63) <= number < 2**63 for number in numbers)


@given(st.text(), st.text())
def test_two_tags_do_not_meet(one: str, other: str) -> None:
    assert (tag_digest(one) == tag_digest(other)) is (one == other)
