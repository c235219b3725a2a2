"""What an entry's tags say about it (contract 2)."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from freshpage.sequence import Sequence, Standing, TagSequence, standing

small = st.integers(0, 6)
tag_sequences = st.lists(st.builds(TagSequence, small, small), max_size=4)


@pytest.mark.parametrize(
    ("number", "floor", "tags", "expected"),
    [
        (5, 0, [], Standing.VALID),
        (5, 5, [], Standing.VALID),
        (5, 6, [], Standing.INVALID),
        (5, 0, [(5, 5)], Standing.VALID),
        (5, 0, [(6, 0)], Standing.INVALID),
        (5, 0, [(5, 6)], Standing.SOFT),
        (5, 0, [(0, 6), (6, 0)], Standing.INVALID),
        (5, 0, [(6, 0), (0, 6)], Standing.INVALID),
        (5, 0, [(6, 7)], Standing.INVALID),
    ],
)
def test_examples(number: int, floor: int, tags: list[tuple[int, int]], expected: Standing) -> None:
    known = [TagSequence(*tag) for tag in tags]
    assert standing(Sequence(1, number), epoch=1, floor=floor, tags=known) is expected


@given(small, small, tag_sequences)
def test_of_another_epoch_nothing_is_valid(
    number: int, floor: int, tags: list[TagSequence]
) -> None:
    entry = Sequence(1, number)
    assert standing(entry, epoch=2, floor=floor, tags=tags) is Standing.INVALID


@given(small, small, tag_sequences)
def test_valid_only_when_no_tag_is_newer(number: int, floor: int, tags: list[TagSequence]) -> None:
    found = standing(Sequence(1, number), epoch=1, floor=floor, tags=tags)
    assert (found is not Standing.INVALID) is (
        number >= floor and all(tag.hard <= number for tag in tags)
    )
    if found is Standing.VALID:
        assert all(tag.soft <= number for tag in tags)


@given(small, small, tag_sequences, st.builds(TagSequence, small, small), small)
def test_more_invalidations_never_make_it_better(
    number: int, floor: int, tags: list[TagSequence], more: TagSequence, raised: int
) -> None:
    before = standing(Sequence(1, number), epoch=1, floor=floor, tags=tags)
    after = standing(Sequence(1, number), epoch=1, floor=max(floor, raised), tags=[*tags, more])
    assert after >= before
