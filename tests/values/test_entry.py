"""Entries outside the process: what was packed, or BadEntry (contract 7)."""

from __future__ import annotations

import struct
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from freshpage import entry as module
from freshpage.entry import Axes, BadEntry, Codec, Entry, Node
from freshpage.sequence import Sequence
from freshpage.tags import packed

KEY = b"P4:page"
CODEC = Codec(["secret", "fallback"])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
entries = st.builds(
    Entry,
    status=st.integers(100, 599),
    reason=texts,
    headers=st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
    response_time=numbers,
    initial_age=numbers,
    lifetime=numbers,
    expires=numbers,
    sequence=st.builds(Sequence, st.integers(0, 2**63), st.integers(0, 2**63)),
    tags=st.lists(texts, max_size=4).map(packed),
    axes=st.lists(texts, max_size=4).map(tuple),
    etag=st.none() | texts,
    own_etag=st.booleans(),
    last_modified=st.none() | numbers,
    explicit=st.booleans(),
    always_validate=st.booleans(),
    never_stale=st.booleans(),
    authorized=st.booleans(),
    stale_while_revalidate=numbers,
    stale_if_error=numbers,
    render_seconds=numbers,
    body=st.binary(max_size=200),
)
nodes = entries | st.builds(Axes, st.lists(texts, max_size=4).map(tuple), numbers)


def example(**fields: Any) -> Entry:
    given: dict[str, Any] = {
        "status": 200,
        "reason": "OK",
        "headers": (("A", "b"),),
        "response_time": 1000.0,
        "initial_age": 0.0,
        "lifetime": 60.0,
        "expires": 2000.0,
        "sequence": Sequence(1, 2),
        "tags": packed(["a"]),
        "axes": (),
        "etag": None,
        "own_etag": False,
        "last_modified": None,
        "explicit": False,
        "body": b"body",
    }
    return Entry(**{**given, **fields})


@given(nodes, st.binary(max_size=30))
def test_what_was_packed_comes_back(node: Node, key: bytes) -> None:
    found = CODEC.unpack(key, CODEC.pack(key, node))
    assert found == node
    assert type(found) is type(node)


@given(nodes)
def test_from_a_view_of_a_buffer_too(node: Node) -> None:
    data = CODEC.pack(KEY, node)
    buffer = bytearray(b"before" + data + b"after")
    found = CODEC.unpack(KEY, memoryview(buffer)[6:-5])
    buffer[:] = bytes(len(buffer))  # nothing of it is kept
    assert found == node


def test_names_have_their_types_again() -> None:
    found = CODEC.unpack(KEY, CODEC.pack(KEY, example()))
    assert isinstance(found, Entry)
    assert isinstance(found.sequence, Sequence)
    assert type(found.body) is bytes
    assert type(found.headers) is tuple


@given(nodes, st.data())
def test_a_changed_bit(node: Node, data: st.DataObject) -> None:
    packed = bytearray(CODEC.pack(KEY, node))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadEntry):
        CODEC.unpack(KEY, bytes(packed))


@given(nodes, st.data())
def test_cut_or_longer(node: Node, data: st.DataObject) -> None:
    packed = CODEC.pack(KEY, node)
    with pytest.raises(BadEntry):
        CODEC.unpack(KEY, packed[: data.draw(st.integers(0, len(packed) - 1))])
    with pytest.raises(BadEntry):
        CODEC.unpack(KEY, packed + data.draw(st.binary(min_size=1, max_size=9)))


@given(nodes, st.binary(max_size=12))
def test_moved_to_another_key(node: Node, other: bytes) -> None:
    packed = CODEC.pack(KEY, node)
    if other != KEY:
        with pytest.raises(BadEntry, match="signature"):
            CODEC.unpack(other, packed)


@given(nodes, nodes)
def test_head_and_body_of_two_entries_do_not_go_together(one: Node, two: Node) -> None:
    first, second = CODEC.pack(KEY, one), CODEC.pack(KEY, two)
    at = module._PREFIX.size
    for mixed in (first[:at] + second[at:], second[:at] + first[at:]):
        if mixed not in (first, second):
            with pytest.raises(BadEntry):
                CODEC.unpack(KEY, mixed)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(BadEntry):
        CODEC.unpack(KEY, data)


def signed(kind: int, head: bytes, body: bytes = b"", version: int = module.VERSION) -> bytes:
    """As if somebody who has the secret wrote it: another version of this package, say."""
    mac = module._mac(CODEC._keys[0], KEY, kind, head, body)
    return module._PREFIX.pack(version, mac, kind, len(head)) + head + body


def nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\x01"


@given(st.sampled_from([0, 1]), st.binary(max_size=60))
def test_a_signed_head_of_garbage(kind: int, head: bytes) -> None:
    try:
        found = CODEC.unpack(KEY, signed(kind, head))
    except BadEntry:
        return
    assert isinstance(found, Entry if kind else Axes)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xc1",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        nested(100_000),
        msgspec.msgpack.encode([["a"], "no number"]),
        msgspec.msgpack.encode([[b"\xff"], 1.0]),
        b"\x92\x91\xa1\xff\xcb\0\0\0\0\0\0\0\0",
        msgspec.msgpack.encode({"axes": []}),
        msgspec.msgpack.encode(msgspec.msgpack.Ext(1, b"x")),
    ],
)
def test_a_signed_head_of_another_shape(head: bytes) -> None:
    for kind in (0, 1):
        with pytest.raises(BadEntry):
            CODEC.unpack(KEY, signed(kind, head))


def test_kinds_and_versions_we_do_not_know() -> None:
    other = module.VERSION + 1
    head = msgspec.msgpack.encode([["a"], 1.0])
    assert CODEC.unpack(KEY, signed(0, head)) == Axes(("a",), 1.0)
    with pytest.raises(BadEntry, match="kind 2"):
        CODEC.unpack(KEY, signed(2, head))
    with pytest.raises(BadEntry, match=f"version {other}"):
        CODEC.unpack(KEY, signed(0, head, version=other))


def test_an_entry_is_not_taken_for_axes() -> None:
    packed = bytearray(CODEC.pack(KEY, Axes(("a",), 1.0)))
    at = struct.calcsize(">B16s")
    assert packed[at] == 0
    packed[at] = 1
    with pytest.raises(BadEntry):
        CODEC.unpack(KEY, bytes(packed))


def test_secrets() -> None:
    packed = Codec(["fallback"]).pack(KEY, example())
    assert CODEC.unpack(KEY, packed) == example()
    assert CODEC.pack(KEY, example()) == Codec([b"secret"]).pack(KEY, example())
    with pytest.raises(BadEntry, match="signature"):
        Codec(["other"]).unpack(KEY, packed)
    with pytest.raises(ValueError, match="at least one secret"):
        Codec([])


@pytest.mark.parametrize("fields", [{"reason": "\ud800"}, {"headers": (("A", "\udfff"),)}])
def test_text_that_utf_8_can_not_carry(fields: dict[str, Any]) -> None:
    with pytest.raises(BadEntry, match="unwritable"):
        CODEC.pack(KEY, example(**fields))
    with pytest.raises(BadEntry, match="unwritable"):
        CODEC.pack(KEY, Axes(("\ud800",), 1.0))


def test_sizes_grow_with_what_is_in_them() -> None:
    assert example(body=b"x" * 1000).size - example(body=b"").size == 1000
    assert example(tags=packed(["x" * 50])).size - example(tags=b"").size == 8
    assert example(headers=(("A", "x" * 50),)).size > example(headers=()).size + 50
    assert Axes(("x" * 50,), 0).size - Axes((), 0).size == 50


def test_freshness_ends_by_lifetime_and_age() -> None:
    assert example(response_time=1000.0, lifetime=60.0, initial_age=20.0).fresh_until == 1040
