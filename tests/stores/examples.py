"""Nodes to store in tests."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from freshpage.entry import Axes, Codec, Entry
from freshpage.sequence import Sequence
from freshpage.tags import packed

NOW = float(int(time.time()))  # servers judge expiry by their own clock
LIFE = 6 * 3600.0  # seconds: longer than any test run
CODEC = Codec(["a secret"])


def make_entry(
    sequence: Sequence, tags: Iterable[str] = (), body: bytes = b"<p>page</p>", **fields: Any
) -> Entry:
    given = {
        "status": 200,
        "reason": "OK",
        "headers": (("Content-Type", "text/html"), ("Link", "<ä>".encode().decode("latin-1"))),
        "response_time": NOW,
        "initial_age": 0.0,
        "lifetime": LIFE,
        "expires": NOW + LIFE,
        "axes": ("header:accept",),
        "etag": '"1"',
        "own_etag": True,
        "last_modified": None,
        "explicit": False,
    }
    return Entry(sequence=sequence, tags=packed(tags), body=body, **{**given, **fields})


def make_axes(*axes: str, expires: float = NOW + LIFE) -> Axes:
    return Axes(axes or ("cookie:theme",), expires, then=(("query:page",),))
