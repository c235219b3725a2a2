"""Byte ranges (RFC 9110 §14)."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal

from freshpage.http.fields import OWS, Headers, get_first, without

MAX_RANGES = 16  # RFC 9110 §14.2: a request for more is ignored
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
_WHOLE = frozenset({"content-length", "content-range"})

Span = tuple[int, int]  # first byte, byte after the last


class _Unsatisfiable(Enum):
    UNSATISFIABLE = "unsatisfiable"


UNSATISFIABLE: Final = _Unsatisfiable.UNSATISFIABLE


def parse_range(
    value: str, length: int
) -> list[Span] | Literal[_Unsatisfiable.UNSATISFIABLE] | None:
    """The spans a Range field asks for, of a body of ``length`` bytes.

    None: the field is to be ignored (malformed, another unit, too many ranges).
    """
    unit, equals, specs = value.strip(OWS).partition("=")
    if unit.lower() != "bytes" or not equals:
        return None
    listed = [spec.strip(OWS) for spec in specs.split(",")]
    spans: list[Span] = []
    asked = 0
    for spec in filter(None, listed):
        found = _SPEC.fullmatch(spec)
        span = None if found is None else _span(found[1], found[2], length)
        asked += 1
        if span is None or asked > MAX_RANGES:
            return None
        if span[0] < span[1]:
            spans.append(span)
    if not asked or (not spans and length == 0):
        return None  # no part of an empty body can be named
    return _coalesced(spans) if spans else UNSATISFIABLE


def _span(first: str, last: str, length: int) -> Span | None:
    if not first:
        if not last:
            return None
        return max(0, length - _number(last)), length
    start = _number(first)
    if not last:
        return start, max(start, length)
    stop = _number(last)
    if stop < start:
        return None
    return start, max(start, min(stop + 1, length)) if start < length else start


def _number(digits: str) -> int:
    return int(digits) if len(digits) < 20 else 10**20


def _coalesced(spans: list[Span]) -> list[Span]:
    """Overlapping and adjacent spans as one (RFC 9110 §15.3.7.2), else in the asked order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span[0] <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
        else:
            merged.append(span)
    return spans if len(merged) == len(spans) else merged


def partial(
    body: bytes, headers: Headers, spans: list[Span], boundary: str
) -> tuple[Headers, bytes]:
    """The fields and body of a 206 (RFC 9110 §15.3.7).

    :param headers: of the whole.
    :param boundary: parts the ranges where there are several; must not occur in the body.
    """
    length = len(body)
    kept = without(headers, _WHOLE)
    if len(spans) == 1:
        start, stop = spans[0]
        described = (
            ("Content-Range", f"bytes {start}-{stop - 1}/{length}"),
            ("Content-Length", str(stop - start)),
        )
        return kept + described, body[start:stop]
    content_type = get_first(headers, "content-type")
    described_type = "" if content_type is None else f"Content-Type: {content_type}\r\n"
    pieces = []
    for start, stop in spans:
        head = f"--{boundary}\r\n{described_type}Content-Range: bytes {start}-{stop - 1}/{length}"
        pieces += [f"{head}\r\n\r\n".encode("latin-1", "replace"), body[start:stop], b"\r\n"]
    payload = b"".join((*pieces, f"--{boundary}--\r\n".encode("ascii")))
    described = (
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(len(payload))),
    )
    return without(kept, {"content-type"}) + described, payload


def unsatisfied(headers: Headers, length: int) -> Headers:
    """The fields of a 416 (RFC 9110 §15.5.17)."""
    described = (("Content-Range", f"bytes */{length}"), ("Content-Length", "0"))
    return without(headers, _WHOLE | {"content-encoding", "content-type"}) + described
