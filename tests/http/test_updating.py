"""Bringing a stored response up to date, RFC 9111 §3.2, §4.3.4 and §4.3.5."""

from __future__ import annotations

import pytest

from freshpage.http.fields import Headers
from freshpage.http.updating import HeadEffect, freshen, head_effect, validators_match

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
TAGGED: Headers = (("ETag", '"a"'), ("Last-Modified", DATE))


@pytest.mark.parametrize(
    ("new", "match"),
    [
        ((("ETag", '"a"'),), True),
        ((("ETag", 'W/"a"'),), True),
        ((("ETag", '"b"'),), False),
        ((("ETag", '"a"'), ("Last-Modified", LATER)), True),
        ((("ETag", '"b"'), ("Last-Modified", DATE)), False),
        ((("Last-Modified", DATE),), True),
        ((("Last-Modified", LATER),), False),
        ((), True),
    ],
)
def test_a_304_is_about_the_stored_response(new: Headers, match: bool) -> None:  # §4.3.4
    assert validators_match(TAGGED, new) is match


def test_a_304_with_a_tag_the_stored_response_lacks_is_about_another() -> None:
    assert not validators_match((("Last-Modified", DATE),), (("ETag", '"a"'),))


def test_new_fields_take_the_place_of_all_lines_of_the_old() -> None:  # §3.2
    stored = (("A", "1"), ("a", "2"), ("B", "3"))
    assert freshen(stored, (("A", "9"), ("C", "4"))) == (("B", "3"), ("A", "9"), ("C", "4"))


def test_what_describes_the_stored_body_stays() -> None:
    stored = (("Content-Length", "5"), ("Content-Encoding", "gzip"))
    new = (("Content-Length", "0"), ("Content-Encoding", "br"), ("Content-Range", "bytes 0-1/2"))
    assert freshen(stored, new) == stored


def test_hop_by_hop_fields_are_not_taken_over() -> None:
    assert freshen((), (("Connection", "close, x"), ("X", "1"), ("Y", "2"))) == (("Y", "2"),)


def test_age_and_date_are_those_of_the_new_response() -> None:
    stored = (("Age", "100"), ("Date", DATE))
    assert freshen(stored, ()) == ()
    assert freshen(stored, (("Date", LATER),)) == (("Date", LATER),)


@pytest.mark.parametrize(
    ("new", "effect"),
    [
        ((("ETag", '"a"'),), HeadEffect.UPDATE),
        ((("Last-Modified", DATE),), HeadEffect.UPDATE),
        ((("ETag", '"a"'), ("Content-Length", "5")), HeadEffect.UPDATE),
        ((("ETag", '"a"'), ("Content-Length", "6")), HeadEffect.INVALIDATE),
        ((("ETag", '"b"'),), HeadEffect.INVALIDATE),
        ((("ETag", '"a"'), ("Last-Modified", LATER)), HeadEffect.INVALIDATE),
        ((("Content-Length", "6"),), HeadEffect.INVALIDATE),
        ((("Content-Length", "5"),), HeadEffect.NONE),  # proves nothing of the body
        ((), HeadEffect.NONE),
    ],
)
def test_head(new: Headers, effect: HeadEffect) -> None:  # §4.3.5
    assert head_effect(TAGGED, 5, new) is effect
