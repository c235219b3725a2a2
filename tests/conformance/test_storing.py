"""What is stored of a response, and for whom (RFC 9111 §3, §4.1)."""

from __future__ import annotations

import pytest

FRESH = ("Cache-Control", "max-age=3600")


@pytest.mark.parametrize(
    "name",
    [
        *("Test-Header", "X-Test-Header", "Content-Foo", "Content-Encoding", "Content-Location"),
        *("Content-MD5", "Content-Security-Policy", "Content-Type", "ETag", "Expires"),
        *("Clear-Site-Data", "Public-Key-Pins", "X-Frame-Options", "Content-Range"),
    ],
)
def test_fields_are_stored(chain, name):
    chain.says(FRESH, (name, "value"))
    assert chain.get().headers[name] == "value"
    assert chain.get().headers[name] == "value"
    assert chain.forwarded() == 1


@pytest.mark.parametrize(
    "name",
    [
        *("Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization"),
        *("Proxy-Connection", "TE", "Upgrade", "Trailer"),
    ],
)
def test_fields_of_one_connection_are_not(chain, name):  # §3.1
    chain.says(FRESH, (name, "value"))
    chain.get()
    assert name not in chain.get().headers
    assert chain.forwarded() == 1


def test_nor_what_connection_names(chain):
    chain.says(FRESH, ("Connection", "a, b"), ("a", "1"), ("b", "2"), ("c", "3"))
    chain.get()
    hit = chain.get()
    assert ("a" in hit.headers, "b" in hit.headers, hit.headers["c"]) == (False, False, "3")
    assert chain.forwarded() == 1


@pytest.mark.parametrize("directive", ["no-cache", "private"])
def test_nor_what_a_qualified_directive_names(chain, directive):
    chain.says(FRESH, ("Cache-Control", f'{directive}="a, B"'), ("a", "1"), ("b", "2"), ("c", "3"))
    first = chain.get()
    assert (first.headers["a"], first.headers["b"]) == ("1", "2")
    hit = chain.get()
    assert ("a" in hit.headers, "b" in hit.headers, hit.headers["c"]) == (False, False, "3")


def test_cookies_are_never_shared(chain):
    chain.says(FRESH, ("Set-Cookie", "a=b"))
    chain.get()
    chain.get()
    assert chain.forwarded() == 2


def test_a_visitor_s_cookie_makes_no_difference_that_is_not_stated(chain):
    chain.says(FRESH)
    chain.get()
    chain.get(Cookie="a=b")
    assert chain.forwarded() == 1


@pytest.mark.parametrize(
    ("line", "shared"),
    [
        ("max-age=3600", False),
        ("max-age=3600, public", True),
        ("max-age=3600, must-revalidate", True),
        ("s-maxage=3600", True),
    ],
)
def test_authorization(chain, line, shared):  # §3.5
    chain.says(("Cache-Control", line))
    chain.get(Authorization="FOO")
    chain.get(Authorization="BAR")
    assert (chain.forwarded() == 1) is shared


def test_the_answer_to_head_is_not_stored(chain):
    chain.says(FRESH)
    chain.visitor.ask("/", "HEAD")
    chain.get()
    assert chain.forwarded() == 2


@pytest.mark.parametrize("query", ["?a=1", "?a=", "?a", "?b=1", "?a=1&a=2"])
def test_another_query_is_another_page(chain, query):
    chain.says(FRESH)
    chain.get("/?a=2")
    chain.get(f"/{query}")
    chain.get(f"/{query}")
    assert chain.forwarded() == 2


VARY = [
    # vary, the request that was stored, another, whether it is answered alike
    ("Foo", {"Foo": "1"}, {"Foo": "1"}, True),
    ("Foo", {"Foo": "1"}, {"Foo": "1", "Other": "2"}, True),
    ("Foo", {"Foo": "1"}, {"Foo": "2"}, False),
    ("Foo", {"Foo": "1"}, {}, False),
    ("Foo", {}, {"Foo": "1"}, False),
    ("Foo", {}, {"Foo": ""}, False),
    ("foo , BAR", {"Foo": "1", "Bar": "2"}, {"Foo": "1", "Bar": "2"}, True),
    ("Foo, Bar", {"Foo": "1", "Bar": "2"}, {"Foo": "1", "Bar": "3"}, False),
    ("Foo, Bar, Baz", {"Foo": "1", "Baz": "3"}, {"Foo": "1", "Baz": "3"}, True),
    ("Foo, Bar, Baz", {"Foo": "1", "Baz": "3"}, {"Foo": "1", "Baz": "3", "Bar": "2"}, False),
    ("Foo", {"Foo": "1, 2"}, {"Foo": "1,2"}, True),
    ("Foo", {"Foo": "1, 2"}, {"Foo": " 1 ,  2 "}, True),
    ("Foo", {"Foo": "1, 2"}, {"Foo": "2, 1"}, False),
    ("Accept-Language", {"Accept_Language": "en, de"}, {"Accept_Language": "eN,De"}, True),
    # what comes first is preferred, in Django too
    ("Accept-Language", {"Accept_Language": "en, de"}, {"Accept_Language": "de, en"}, False),
    ("*", {"Foo": "1"}, {"Foo": "1"}, False),
    ("Foo, *", {"Foo": "1"}, {"Foo": "1"}, False),
    (", *", {"Foo": "1"}, {"Foo": "1"}, False),
    ("*, *", {"Foo": "1"}, {"Foo": "1"}, False),
]


@pytest.mark.parametrize(("vary", "stored", "asked", "alike"), VARY)
def test_vary(chain, vary, stored, asked, alike):  # §4.1
    chain.says(FRESH, ("Vary", vary))
    chain.get(**stored)
    chain.get(**asked)
    assert (chain.forwarded() == 1) is alike


def test_vary_in_several_lines(chain):
    chain.says(FRESH, ("Vary", "Foo"), ("Vary", "Bar"))
    chain.get(Foo="1", Bar="1")
    chain.get(Foo="1", Bar="2")
    assert chain.forwarded() == 2


def test_variants_live_beside_each_other(chain):
    for value in ("1", "2"):
        chain.says(FRESH, ("Vary", "Foo"), body=value.encode())
        chain.get(Foo=value)
    assert chain.get(Foo="1").content == b"1"
    assert chain.get(Foo="2").content == b"2"
    assert chain.forwarded() == 2
