"""Conditions, validation and parts (RFC 9111 §4.3, RFC 9110 §13 and §14)."""

from __future__ import annotations

import pytest

from tests.conformance.origin import Said

FRESH = ("Cache-Control", "max-age=3600")
SHORT = ("Cache-Control", "max-age=2")


@pytest.mark.parametrize(
    ("etag", "condition", "status"),
    [
        ('"abc"', '"abc"', 304),
        ('"abc"', 'W/"abc"', 304),
        ('W/"abc"', 'W/"abc"', 304),
        ('"abc"', '"abc", "1", "2"', 304),
        ('"abc"', '"1", "abc", "2"', 304),
        ('"abc"', '"1", "2", "abc"', 304),
        ('"abc"', "*", 304),
        ('"abc"', '"def"', 200),
        ('"abc"', "abc", 200),
    ],
)
def test_if_none_match_of_what_is_fresh(chain, etag, condition, status):
    chain.says(FRESH, ("ETag", etag))
    chain.get()
    answer = chain.get(If_None_Match=condition)
    assert answer.status_code == status
    assert answer.headers["ETag"] == etag
    assert chain.forwarded() == 1


@pytest.mark.parametrize(
    ("modified", "since", "status"),
    [(-3000, -3000, 304), (-3000, -2000, 304), (-3000, -4000, 200), (None, -3000, 200)],
)
def test_if_modified_since_of_what_is_fresh(chain, modified, since, status):
    dated = () if modified is None else (("Last-Modified", chain.date(modified)),)
    chain.says(FRESH, *dated)
    chain.get()
    assert chain.get(If_Modified_Since=chain.date(since)).status_code == status
    assert chain.forwarded() == 1


def test_if_none_match_goes_first(chain):  # RFC 9110 §13.2.2
    chain.says(FRESH, ("ETag", '"a"'), ("Last-Modified", chain.date(-9)))
    chain.get()
    since = chain.date(-1)
    assert chain.get(If_None_Match='"a"', If_Modified_Since=chain.date(-99)).status_code == 304
    assert chain.get(If_None_Match='"b"', If_Modified_Since=since).status_code == 200


@pytest.mark.parametrize(
    ("validator", "condition"),
    [
        (("ETag", '"abc"'), "if-none-match"),
        (("ETag", 'W/"abc"'), "if-none-match"),
        (("Last-Modified", "Wed, 01 Jan 2020 00:00:00 GMT"), "if-modified-since"),
    ],
)
def test_what_is_stale_is_asked_about(chain, validator, condition):  # §4.3.1
    chain.says(SHORT, validator, ("Test-Header", "A"), ("X-Kept", "1"))
    chain.get()
    chain.later(5)
    chain.says(SHORT, validator, ("Test-Header", "B"), status=304)
    answer = chain.get()
    assert chain.origin.asked[-1][1][condition] == validator[1]
    assert (answer.status_code, answer.content) == (200, b"body")
    assert (answer.headers["Test-Header"], answer.headers["X-Kept"]) == ("B", "1")
    hit = chain.get()
    assert chain.forwarded() == 2
    assert hit.headers["Test-Header"] == "B"


@pytest.mark.parametrize("line", ["no-cache", "max-age=3600, no-cache", "max-age=0"])
def test_what_must_be_asked_about_each_time_is(chain, line):
    chain.says(("Cache-Control", line), ("ETag", '"abc"'))
    chain.get()
    chain.says(status=304)
    for count in (2, 3):
        assert chain.get().content == b"body"
        assert chain.forwarded() == count
        assert chain.origin.asked[-1][1]["if-none-match"] == '"abc"'


@pytest.mark.parametrize(
    ("name", "updated"),
    [
        *((name, True) for name in ("Content-Foo", "X-Test-Header", "Content-Type", "Expires")),
        *((name, False) for name in ("Content-Length", "Content-Encoding", "Content-Range")),
    ],
)
def test_which_fields_a_304_updates(chain, name, updated):  # §3.2
    old, new = ("4", "9") if name == "Content-Length" else ("old", "new")
    chain.says(SHORT, ("ETag", '"a"'), (name, old))
    chain.get()
    chain.later(5)
    chain.says(SHORT, ("ETag", '"a"'), (name, new), status=304)
    assert chain.get().headers[name] == (new if updated else old)
    assert chain.get().headers[name] == (new if updated else old)
    assert chain.forwarded() == 2


def test_a_304_about_another_response_is_not_believed(any_door):  # §4.3.4
    chain = any_door
    chain.says(SHORT, ("ETag", '"a"'), body=b"old")
    chain.get()
    chain.later(5)
    other, new = Said((("ETag", '"b"'),), status=304), Said((FRESH, ("ETag", '"c"')), b"new")
    chain.origin.said = lambda asked: other if "if-none-match" in asked else new
    assert chain.get().content == b"new"
    assert chain.get().content == b"new"
    assert [("if-none-match" in asked) for _, asked in chain.origin.asked] == [False, True, False]


def test_the_visitor_s_condition_is_answered_after_ours(chain):
    chain.says(SHORT, ("ETag", '"a"'))
    chain.get()
    chain.later(5)
    chain.says(SHORT, ("ETag", '"a"'), status=304)
    assert chain.get(If_None_Match='"a"').status_code == 304
    assert chain.get().content == b"body"
    assert chain.forwarded() == 2


def test_another_variant_is_not_asked_about_with_this_one_s_tag(chain):
    chain.says(FRESH, ("ETag", '"a"'), ("Vary", "Abc"))
    chain.get(Abc="123")
    chain.get(Abc="456")
    assert "if-none-match" not in chain.origin.asked[-1][1]


def test_the_fields_that_vary_go_along_when_asking(chain):
    chain.says(SHORT, ("ETag", '"a"'), ("Vary", "Abc"))
    chain.get(Abc="123")
    chain.later(5)
    chain.says(SHORT, ("ETag", '"a"'), status=304)
    chain.get(Abc="123")
    asked = chain.origin.asked[-1][1]
    assert (asked["if-none-match"], asked["abc"]) == ('"a"', "123")


def test_an_origin_that_fails_is_not_covered_up_where_that_is_forbidden(chain):  # §4.2.4
    chain.says(("Cache-Control", "max-age=2, must-revalidate"))
    chain.get()
    chain.later(5)
    chain.says(status=503)
    assert chain.get().status_code == 503


def test_head_is_answered_from_what_get_stored(chain):  # RFC 9110 §9.3.2
    chain.says(FRESH, ("X-A", "1"))
    chain.get()
    answer = chain.visitor.ask("/", "HEAD")
    assert (answer.content, answer.headers["X-A"], chain.forwarded()) == (b"", "1", 1)
    assert answer.headers["Content-Length"] == "4"


def test_head_to_what_is_stale_goes_on_as_head(chain):
    chain.says(SHORT)
    chain.get()
    chain.later(5)
    chain.visitor.ask("/", "HEAD")
    assert chain.origin.asked[-1][0] == "HEAD"


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-1", b"01"), ("bytes=1-", b"123456789A"), ("bytes=-1", b"A")],
)
def test_parts_of_what_is_stored(chain, wanted, part):  # RFC 9110 §14
    chain.says(FRESH, ("A", "1"), body=b"0123456789A")
    chain.get()
    answer = chain.get(Range=wanted)
    assert (answer.status_code, answer.content, answer.headers["A"]) == (206, part, "1")
    assert chain.forwarded() == 1


def test_a_part_that_was_asked_for_first_is_passed_on_and_not_stored(chain):
    chain.says(FRESH, ("Content-Range", "bytes 4-9/10"), body=b"01234", status=206)
    assert chain.get(Range="bytes=-5").content == b"01234"
    assert chain.origin.asked[-1][1]["range"] == "bytes=-5"
    chain.says(FRESH)
    assert (chain.get().status_code, chain.forwarded()) == (200, 2)
