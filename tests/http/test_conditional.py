"""Validators and conditions, RFC 9110 §8.8 and §13."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http import conditional
from freshpage.http.dates import format_http_date
from freshpage.http.fields import Headers

NOW = 1_800_000_000.0
MODIFIED = NOW - 1000


def date(offset: float) -> str:
    return format_http_date(MODIFIED + offset)


def outcome(
    *request: tuple[str, str],
    method: str = "GET",
    etag: str | None = '"a"',
    last_modified: float | None = MODIFIED,
) -> int:
    return conditional.evaluate(method, request, etag=etag, last_modified=last_modified, now=NOW)


@pytest.mark.parametrize(
    ("one", "other", "strong", "weak"),
    [  # RFC 9110 §8.8.3.2, table 3
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
    ],
)
def test_comparison(one: str, other: str, strong: bool, weak: bool) -> None:
    assert conditional.strong_match(one, other) is strong
    assert conditional.weak_match(one, other) is weak


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ('"a"', ['"a"']),
        ('"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']),
        ('"a,b", "c"', ['"a,b"', '"c"']),
        (',, "a",,', ['"a"']),
        ('"a\\", "b"', ['"a\\"', '"b"']),  # a backslash escapes nothing in a tag
        ('"\xe9"', ['"\xe9"']),
        ("*", ["*"]),
        (" * ", ["*"]),
        ("a", []),
        ('"a" "b"', []),
        ('"a", b', []),
        ('w/"a"', []),
        ('"a b"', []),
        ("", []),
    ],
)
def test_lists_of_tags(value: str, tags: list[str]) -> None:  # §8.8.3, §13.1.2
    assert conditional.parse_etags(value) == tags


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ('"a"', 304),
        ('W/"a"', 304),  # weak comparison
        ('"x", "a"', 304),
        ("*", 304),
        ('"b"', 200),
        ("a", 200),
        ("", 200),
    ],
)
def test_if_none_match(value: str, status: int) -> None:  # §13.1.2
    assert outcome(("If-None-Match", value)) == status
    assert outcome(("If-None-Match", value), method="HEAD") == status


def test_if_none_match_comes_in_several_lines() -> None:
    assert outcome(("If-None-Match", '"x"'), ("if-none-match", '"a"')) == 304


def test_if_none_match_forbids_what_changes_something() -> None:
    assert outcome(("If-None-Match", "*"), method="PUT") == 412
    assert outcome(("If-None-Match", '"b"'), method="PUT") == 200


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (date(0), 304),
        (date(1), 304),
        (date(-1), 200),
        ("junk", 200),  # §13.1.3: no date, no condition
        ("", 200),
    ],
)
def test_if_modified_since(value: str, status: int) -> None:
    assert outcome(("If-Modified-Since", value)) == status


def test_if_modified_since_is_only_for_get_and_head_and_needs_a_date() -> None:
    assert outcome(("If-Modified-Since", date(0)), method="POST") == 200
    assert outcome(("If-Modified-Since", date(0)), last_modified=None) == 200


def test_if_none_match_goes_before_if_modified_since() -> None:  # §13.2.2
    assert outcome(("If-None-Match", '"b"'), ("If-Modified-Since", date(0))) == 200
    assert outcome(("If-None-Match", '"a"'), ("If-Modified-Since", date(-9))) == 304
    # also where there is no tag to compare
    request: Headers = (("If-None-Match", '"a"'), ("If-Modified-Since", date(0)))
    assert outcome(*request, etag=None) == 200


@pytest.mark.parametrize(
    ("request_headers", "status"),
    [
        ((("If-Match", '"a"'),), 200),
        ((("If-Match", "*"),), 200),
        ((("If-Match", 'W/"a"'),), 412),  # strong comparison
        ((("If-Match", '"b"'),), 412),
        ((("If-Match", ""),), 412),
        ((("If-Unmodified-Since", date(0)),), 200),
        ((("If-Unmodified-Since", date(-1)),), 412),
        ((("If-Unmodified-Since", "junk"),), 200),
        # §13.2.2: If-Match takes the place of If-Unmodified-Since, and goes before the rest
        ((("If-Match", '"a"'), ("If-Unmodified-Since", date(-1))), 200),
        ((("If-Match", '"b"'), ("If-None-Match", '"a"')), 412),
        ((("If-Match", '"a"'), ("If-None-Match", '"a"')), 304),
    ],
)
def test_if_match_and_if_unmodified_since(request_headers: Headers, status: int) -> None:
    assert outcome(*request_headers) == status


def test_own_tags_differ_by_body_and_by_coding() -> None:  # §8.8.3.3
    tags = {
        conditional.make_etag(b"a", None),
        conditional.make_etag(b"b", None),
        conditional.make_etag(b"a", "gzip"),
        conditional.make_etag(b"a", "br"),
    }
    assert len(tags) == 4
    assert conditional.make_etag(b"a", None) in tags
    assert all(map(conditional.is_entity_tag, tags))
    assert conditional.make_etag(b"a", "GZIP") == conditional.make_etag(b"a", "gzip")


@given(st.binary(max_size=50), st.none() | st.text(max_size=20))
def test_an_own_tag_is_always_a_tag(body: bytes, encoding: str | None) -> None:
    assert conditional.is_entity_tag(conditional.make_etag(body, encoding))


@pytest.mark.parametrize(
    ("value", "etag", "holds"),
    [
        ('"a"', '"a"', True),
        ('"b"', '"a"', False),
        ('W/"a"', 'W/"a"', False),  # a weak tag is no ground for a part
        ('"a"', None, False),
        (date(0), '"a"', True),
        (date(1), '"a"', False),  # exact match, not "since"
        ("junk", '"a"', False),
    ],
)
def test_if_range(value: str, etag: str | None, holds: bool) -> None:  # §13.1.5
    found = conditional.if_range_holds(value, etag=etag, last_modified=MODIFIED, date=NOW, now=NOW)
    assert found is holds


def test_a_date_is_a_strong_validator_when_it_is_a_second_old() -> None:  # §8.8.2.2
    for age, holds in ((0.0, False), (1.0, True)):
        found = conditional.if_range_holds(
            date(0), etag=None, last_modified=MODIFIED, date=MODIFIED + age, now=NOW
        )
        assert found is holds


def test_fields_of_a_304() -> None:  # §15.4.5
    headers = (
        ("Cache-Control", "max-age=1"),
        ("Content-Location", "/a"),
        ("Date", date(0)),
        ("ETag", '"a"'),
        ("Expires", date(9)),
        ("Vary", "Accept"),
        ("Content-Type", "text/html"),
        ("Content-Length", "5"),
        ("Content-Encoding", "gzip"),
        ("Content-Language", "en"),
        ("Last-Modified", date(0)),
        ("X-Frame-Options", "DENY"),
        ("Age", "3"),
    )
    sent = dict(conditional.not_modified_headers(headers))
    assert set(sent) == {
        *("Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary"),
        *("X-Frame-Options", "Age"),
    }


def test_a_304_without_a_tag_names_the_date_of_change() -> None:
    headers = (("Last-Modified", date(0)), ("Content-Type", "text/html"))
    assert conditional.not_modified_headers(headers) == (("Last-Modified", date(0)),)


conditions = st.tuples(
    st.sampled_from(["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]),
    st.one_of(st.text(max_size=20), st.sampled_from(['"a"', "*", date(0), date(-1)])),
)


@given(
    st.sampled_from(["GET", "HEAD", "PUT"]),
    st.lists(conditions, max_size=5).map(tuple),
    st.none() | st.text(max_size=5),
    st.none() | st.floats(allow_nan=False),
)
def test_every_request_has_an_outcome(
    method: str, request: Headers, etag: str | None, last_modified: float | None
) -> None:
    found = conditional.evaluate(method, request, etag=etag, last_modified=last_modified, now=NOW)
    assert found in (200, 304, 412)


@given(st.text(alphabet='"W/,* \\ab', max_size=30))
def test_tags_are_found_in_any_text(value: str) -> None:
    tags = conditional.parse_etags(value)
    assert tags == ["*"] or all(map(conditional.is_entity_tag, tags))
