"""Accept-Encoding (RFC 9110 §12.5.3), what may be coded, and entity tags of codings."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from freshpage.http.encodings import accepted, coded_etag, may_be_coded, preferred

OFFERED = ("br", "gzip")


@pytest.mark.parametrize(
    ("value", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("X-GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip ; q=0.5 , br ; q=0.500", "br"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("br;q=0, gzip;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.5, br;q=0", "gzip"),
        ("*;q=0", "identity"),
        ("identity;q=0", "identity"),  # there is nothing else he takes
        ("identity;q=0, gzip", "gzip"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0.5, *;q=0.4", "identity"),
        ("deflate, compress", "identity"),
        # malformed members say nothing
        ("gzip;q=2, br;q=1.0001", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;level=9", "identity"),
        ("gzip;q=1;q=0", "identity"),
        ("gzip br", "identity"),
        (",, gzip ,,", "gzip"),
        ('"gzip"', "identity"),
        ("gzip, gzip;q=0", "identity"),
    ],
)
def test_the_coding_a_visitor_likes_best(value: str | None, coding: str) -> None:
    assert preferred(value, OFFERED) == coding


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (None, True),
        ("gzip", True),
        ("identity;q=0", False),
        ("*;q=0", False),
        ("*;q=0, identity;q=0.1", True),
    ],
)
def test_whether_the_plain_form_is_taken(value: str | None, taken: bool) -> None:
    assert accepted(value).identity is taken


@given(st.text(max_size=60) | st.none(), st.lists(st.sampled_from(["br", "gzip", "zstd"])))
def test_whatever_is_sent_is_taken_and_offered(value: str | None, offered: list[str]) -> None:
    coding = preferred(value, tuple(offered))
    assert coding == "identity" or (coding in offered and accepted(value).weight(coding) > 0)


HTML = ("Content-Type", "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("status", "headers", "may"),
    [
        (200, (HTML,), True),
        (200, (("Content-Type", "application/problem+json"),), True),
        (200, (("Content-Type", "image/png"),), False),
        (200, (), False),
        (204, (HTML,), False),
        (206, (HTML,), False),
        (200, (HTML, ("Content-Encoding", "gzip")), False),
        (200, (HTML, ("Repr-Digest", "sha-256=:AA==:")), False),
        (200, (HTML, ("Cache-Control", "public, No-Transform")), False),
        (200, (HTML, ("Surrogate-Cache-Control", "no-transform")), False),
        (200, (HTML, ("Cache-Control", 'a="no-transform"')), True),
    ],
)
def test_what_may_be_coded(status: int, headers: tuple[tuple[str, str], ...], may: bool) -> None:
    assert may_be_coded(status, headers) is may


def test_each_coding_has_an_entity_tag_of_its_own() -> None:
    assert coded_etag('"a"', "identity") == '"a"'
    assert coded_etag('"a"', "br") == '"a-br"'
    assert coded_etag('W/"a"', "gzip") == 'W/"a-gzip"'
