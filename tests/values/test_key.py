"""Contract 1: two requests share a key only if every part of it is equal."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from freshpage.key import Part, encode, primary_key, variant_key

texts = st.text(st.characters(), max_size=6) | st.sampled_from(
    ["", "-", "1:a", "0:", "=", "P", "V", "a", "\ud800", "\x00", "\u00e9", "e\u0301"]
)
parts = st.none() | texts
lists = st.lists(parts, max_size=4)


def decode(data: bytes) -> list[Part]:
    """What ``encode`` was given: that this can be written is what makes it injective."""
    found: list[Part] = []
    while data:
        if data.startswith(b"-"):
            found.append(None)
            data = data[1:]
            continue
        length, _, rest = data.partition(b":")
        found.append(rest[: int(length)].decode("utf-8", "surrogatepass"))
        data = rest[int(length) :]
    return found


@given(lists)
def test_every_encoding_can_be_read_back(given: list[Part]) -> None:
    assert decode(encode(given)) == given


@given(lists, lists)
def test_different_parts_have_different_encodings(one: list[Part], two: list[Part]) -> None:
    assert (encode(one) == encode(two)) is (one == two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (["x", "yz"], ["xy", "z"]),
        ([None], [""]),
        ([None], ["-"]),
        ([], [""]),
        (["a", None], ["a"]),
        (["\u00e9"], ["e\u0301"]),
        (["1:a"], ["a"]),
    ],
)
def test_look_alikes(one: list[Part], two: list[Part]) -> None:
    assert encode(one) != encode(two)


primaries = st.tuples(texts, texts, texts, texts, texts)
variants = st.lists(st.tuples(texts, parts), min_size=1, max_size=3)


def variant(parent: bytes, axes: list[tuple[str, Part]]) -> bytes:
    return variant_key(parent, tuple(name for name, _ in axes), tuple(value for _, value in axes))


@given(primaries, primaries)
def test_primary_keys(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert (primary_key(*one) == primary_key(*two)) is (one == two)


def test_a_mount_point_is_not_a_path() -> None:
    keys = {
        primary_key("", "https", "h", script, path)
        for script, path in (("/a", "/b"), ("", "/a/b"), ("/a/b", ""))
    }
    assert len(keys) == 3


@given(primaries, variants, variants, variants, variants)
def test_variant_keys(
    root: tuple[str, ...],
    one: list[tuple[str, Part]],
    two: list[tuple[str, Part]],
    below_one: list[tuple[str, Part]],
    below_two: list[tuple[str, Part]],
) -> None:
    primary = primary_key(*root)
    first, second = variant(primary, one), variant(primary, two)
    assert (first == second) is (one == two)
    assert first != primary
    lower = variant(first, below_one), variant(second, below_two)
    # at once or one after the other: what was asked counts
    assert (lower[0] == lower[1]) is (one + below_one == two + below_two)
    assert lower[0] not in (first, primary)
