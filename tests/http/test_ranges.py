"""Byte ranges, RFC 9110 §14."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.fields import get_first
from freshpage.http.ranges import MAX_RANGES, UNSATISFIABLE, parse_range, partial, unsatisfied

HEADERS = (("Content-Type", "text/plain"), ("Content-Length", "10"), ("ETag", '"a"'))
BODY = b"0123456789"


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-4", [(0, 5)]),
        ("bytes=4-", [(4, 10)]),
        ("bytes=4-99", [(4, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-99", [(0, 10)]),
        ("Bytes=0-1", [(0, 2)]),  # §14.1: units are case-insensitive
        ("bytes=0-1, 5-6", [(0, 2), (5, 7)]),
        ("bytes=5-6,0-1", [(5, 7), (0, 2)]),  # §15.3.7.2: in the order asked for
        ("bytes= 0-1 ,\t-1", [(0, 2), (9, 10)]),
        ("bytes=,0-1,,", [(0, 2)]),
        ("bytes=0-3,2-5", [(0, 6)]),  # overlapping ones are one
        ("bytes=0-1,2-3", [(0, 4)]),
        ("bytes=0-1,99-", [(0, 2)]),  # what can't be satisfied is left out
        ("bytes=0-" + "9" * 5000, [(0, 10)]),
    ],
)
def test_spans(value: str, spans: list[tuple[int, int]]) -> None:
    assert parse_range(value, 10) == spans


@pytest.mark.parametrize(
    "value", ["bytes=10-", "bytes=99-100", "bytes=-0", "bytes=" + "9" * 5000 + "-"]
)
def test_what_lies_outside_is_not_satisfiable(value: str) -> None:  # §14.1.2, §15.5.17
    assert parse_range(value, 10) is UNSATISFIABLE


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-1, 5-4",
        "bytes=0-1;5-6",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes=\u0661-",
        "pages=1-2",
        "0-1",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(MAX_RANGES + 1)),
    ],
)
def test_what_is_ignored(value: str) -> None:  # §14.2
    assert parse_range(value, 1000) is None


@pytest.mark.parametrize("value", ["bytes=-5", "bytes=0-", "bytes=0-0"])
def test_an_empty_body_has_no_parts(value: str) -> None:
    assert parse_range(value, 0) is None


def test_one_part() -> None:  # §15.3.7.1
    headers, body = partial(BODY, HEADERS, [(2, 5)], "b")
    assert body == b"234"
    assert headers == (
        ("Content-Type", "text/plain"),
        ("ETag", '"a"'),
        ("Content-Range", "bytes 2-4/10"),
        ("Content-Length", "3"),
    )


def multipart(headers: Any, body: bytes) -> list[tuple[str | None, str | None, bytes]]:
    content_type = get_first(headers, "content-type")
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts: list[Any] = message.get_payload()
    return [
        (part["Content-Type"], part["Content-Range"], part.get_payload(decode=True))
        for part in parts
    ]


def test_several_parts() -> None:  # §15.3.7.2
    headers, body = partial(BODY, HEADERS, [(5, 7), (0, 1)], "b0und")
    assert get_first(headers, "content-type") == "multipart/byteranges; boundary=b0und"
    assert get_first(headers, "content-length") == str(len(body))
    assert get_first(headers, "content-range") is None
    assert multipart(headers, body) == [
        ("text/plain", "bytes 5-6/10", b"56"),
        ("text/plain", "bytes 0-0/10", b"0"),
    ]


def test_a_416_tells_the_length() -> None:  # §15.5.17
    headers = dict(unsatisfied(HEADERS, 10))
    assert headers == {"ETag": '"a"', "Content-Range": "bytes */10", "Content-Length": "0"}


specs = st.tuples(
    st.none() | st.integers(min_value=0, max_value=30),
    st.none() | st.integers(min_value=0, max_value=30),
).map(lambda pair: "-".join("" if number is None else str(number) for number in pair))


@given(st.lists(specs, min_size=1, max_size=20), st.binary(max_size=20))
def test_parts_are_parts_of_the_body(given_specs: list[str], body: bytes) -> None:
    spans = parse_range("bytes=" + ",".join(given_specs), len(body))
    if spans is None or spans is UNSATISFIABLE:
        return
    assert spans
    assert sum(stop - start for start, stop in spans) <= len(body)  # no byte is sent twice
    assert all(0 <= start < stop <= len(body) for start, stop in spans)


@given(st.text(max_size=30), st.integers(min_value=0, max_value=50))
def test_any_text_is_read(value: str, length: int) -> None:
    parse_range(value, length)
    parse_range(f"bytes={value}", length)
