"""Places in an order, so that a tag can name a stretch of it.

A value's position is a number of 28 bits that grows with the value. A *cell* is a stretch
of 2^level positions. A page that depends on a stretch carries the few cells that make it up;
a write at one position touches the one cell of each level around it. So neither needs to
know of the other, and both are few.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from freshpage.tracking.columns import DATE, DATETIME, INTEGER, NUMBER, TEXT, as_date, as_datetime

BITS = 28
LAST = (1 << BITS) - 1

_ORIGIN = -631_152_000  # 1950, in seconds since 1970: 28 bits of 16 seconds reach 2086
# The finest level there is: cells of 17 minutes, of a day, of 1 in 2^15 of a number.
_GRAINS = {DATETIME: 6, DATE: 12, INTEGER: 4, NUMBER: 4}

WHOLE = f"{BITS}.0"
NOWHERE = "null"

_STEP, _LONGEST = 4, 64  # of the beginnings of texts


class Beginning(NamedTuple):
    """What a text begins with."""

    text: str


def has_positions(kind: int) -> bool:
    """Whether Python orders a kind's values as every database does."""
    return kind in _GRAINS


def position(kind: int, value: Any) -> int:
    """Where a value is; values beyond the ends are at the ends.

    :raises ValueError, TypeError, OverflowError: it is not of that kind.
    """
    if kind == DATETIME:
        place = (int(as_datetime(value).timestamp()) - _ORIGIN) >> 4
    elif kind == DATE:
        place = (as_date(value).toordinal() - 700_000) << 12
    else:
        place = _of_number(float(value) + 0.0)  # no -0.0, which equals it
    return min(max(place, 0), LAST)


def _of_number(value: float) -> int:
    """The bits of a 32-bit float, turned so that they grow with it."""
    if value != value:
        raise ValueError("not a number")
    limited = min(max(value, -3e38), 3e38)
    (bits,) = struct.unpack(">I", struct.pack(">f", limited))
    turned: int = bits | 0x8000_0000 if bits < 0x8000_0000 else 0xFFFF_FFFF - bits
    return turned >> (32 - BITS)


@lru_cache(maxsize=64)  # for the other shapes of a table that has been written to
def cells_around(kind: int, value: Any) -> Collection[str]:
    """The cells that a row with this value lies in; raises as :func:`position`."""
    if kind == TEXT:
        folded = _folded(value or "")
        return [WHOLE, *_grams(folded), *_beginnings(folded)]
    if value is None:
        return [NOWHERE]
    place = position(kind, value)
    return [f"{level}.{place >> level:x}" for level in range(_GRAINS[kind], BITS + 1)]


def cells_between(kind: int, low: int | None, high: int | None) -> list[str]:
    """The cells that make up a stretch, and the place of rows without a value.

    :param low: the first position; None: from the start.
    :param high: the last position; None: to the end.
    """
    level = _GRAINS[kind]
    start, end = (low or 0) >> level, ((LAST if high is None else high) >> level) + 1
    cells = [NOWHERE]
    while start < end:
        if start & 1:
            cells.append(f"{level}.{start:x}")
            start += 1
        if end & 1:
            end -= 1
            cells.append(f"{level}.{end:x}")
        start, end, level = start >> 1, end >> 1, level + 1
    return cells


def cell_with(words: str | Beginning) -> str:
    """A cell that every text lies in which contains some words, or begins so, in whatever case."""
    if isinstance(words, Beginning):
        folded = _folded(words.text)
        beginnings = _beginnings(folded)
        return beginnings[-1] if beginnings else cell_with(words.text)
    return min(_grams(_folded(words)), key=_commonness, default=WHOLE)


def _folded(text: str) -> str:
    """A text with small letters for capitals.

    Databases compare without regard to case by ASCII (SQLite) or by UPPER (PostgreSQL); what
    is a letter of ASCII in capitals ("ı") counts as one.
    """
    return text.upper().lower()


def _beginnings(folded: str) -> list[str]:
    """The beginnings of a text that are ASCII, of some lengths, the longest last."""
    found = []
    for end in range(_STEP, min(len(folded), _LONGEST) + 1, _STEP):
        if not folded[end - _STEP : end].isascii():
            break
        found.append(f"^{folded[:end]}")
    return found


def _grams(folded: str) -> set[str]:
    """The runs of three ASCII characters in a text."""
    runs = {folded[start : start + 3] for start in range(len(folded) - 2)}
    return {run for run in runs if run.isascii() and run.isprintable()}


def _commonness(run: str) -> tuple[int, int]:
    """How often a run comes in texts; among numbers "000" more than "012"."""
    return sum(_COMMON.find(letter) + 1 for letter in run), -len(set(run))


_COMMON = "zqxjkvbpygfwmucldrhsnioate"  # letters that come rarely first
