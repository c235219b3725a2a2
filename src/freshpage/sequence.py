"""The sequence: one counter that only grows, and what an entry's tags say about it.

An entry holds the sequence read before its render's first database query (S0). It is
valid only while every one of its tags has a sequence <= S0, so a render that raced with
a write is stored but never served.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Sequence(NamedTuple):
    """A point in the life of one store.

    ``epoch`` is drawn at random when a store is created: a store that lost its counter
    starts another epoch, and nothing kept from before is valid in it.
    """

    epoch: int
    number: int


class Standing(IntEnum):
    """What a store says of an entry it holds."""

    VALID = 0
    SOFT = 1  # a tag was invalidated softly since S0: stale, not gone
    INVALID = 2  # a tag was invalidated since S0, or its sequence is unknown


class TagSequence(NamedTuple):
    """The last hard and the last soft invalidation of one tag."""

    hard: int
    soft: int


def standing(entry: Sequence, *, epoch: int, floor: int, tags: Iterable[TagSequence]) -> Standing:
    """Judge an entry's S0 against its tags.

    :param entry: the entry's S0.
    :param epoch: the store's epoch now.
    :param floor: the sequence a tag without a record may have reached at most; it grows
        when a store forgets old tags, so that a forgotten tag is never taken for zero.
    :param tags: the recorded sequences of those of the entry's tags that have one.
    """
    if entry.epoch != epoch or entry.number < floor:
        return Standing.INVALID
    verdict = Standing.VALID
    for hard, soft in tags:
        if hard > entry.number:
            return Standing.INVALID
        if soft > entry.number:
            verdict = Standing.SOFT
    return verdict
