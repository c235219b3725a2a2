"""Hit or not, and why; what a request may ask for."""

from __future__ import annotations

import pytest

from freshpage.engine import Ticket
from freshpage.http.fields import get_all
from tests.engine.driving import Page, PlainRequest, Site

FRESH = Page().having(("Cache-Control", "max-age=60"))


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        (PlainRequest(method="POST"), "method"),
        (PlainRequest(method="OPTIONS"), "method"),
        (PlainRequest(host=None), "host"),
        (PlainRequest(body=True), "body"),
        (PlainRequest(fields=(("If-Match", '"a"'),)), "precondition"),
        (PlainRequest(fields=(("If-Match", ""),)), "precondition"),
        (PlainRequest(fields=(("If-Unmodified-Since", "x"),)), "precondition"),
    ],
)
def test_requests_that_are_none_of_ours(request_: PlainRequest, detail: str) -> None:
    site = Site()
    site.get()
    calls = len(site.store.calls)
    ticket = site.lookup(request_)
    assert isinstance(ticket, Ticket)
    assert (ticket.detail, ticket.conditionals) == (detail, None)
    assert len(site.store.calls) == calls
    reply = site.ask(request_)
    assert reply.asked == (request_,)  # as it was
    assert reply.refusal == detail


def test_query_and_fields_that_were_not_read_make_no_difference() -> None:
    site = Site()
    site.get()
    assert site.get("/", ("User-Agent", "x"), ("Cookie", "_ga=1"), query="utm_source=x").hit


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "/b/"},
        {"scheme": "https"},
        {"host": "example.org"},
        {"script": "/site"},
    ],
)
def test_another_page_is_another_page(changed: dict[str, str]) -> None:
    site = Site()
    site.get()
    assert site.get(**{"path": "/"} | changed).cache_status.startswith("freshpage; fwd=uri-miss")


def test_the_mount_point_is_not_a_part_of_the_path() -> None:
    site = Site()
    site.get("/b", script="/a")
    assert not site.get("/a/b").hit


def test_another_variant_is_a_miss_of_its_own() -> None:
    site = Site(Page().having(("Vary", "Accept")))
    site.get("/", ("Accept", "a"))
    assert site.get("/", ("Accept", "b")).cache_status == "freshpage; fwd=vary-miss; stored"
    assert site.get("/", ("Accept", "a")).hit
    assert site.get("/", ("Accept", "b")).hit


def test_absent_is_not_empty() -> None:
    site = Site(Page().having(("Vary", "Accept")))
    site.get()
    assert not site.get("/", ("Accept", "")).hit
    assert site.get().hit


def test_head_is_answered_from_get() -> None:  # RFC 9110 §9.3.2
    site = Site(Page(b"12345"))
    site.get()
    got, head = site.get(), site.get(method="HEAD")
    assert head.hit
    assert head.headers == got.headers
    assert head.body == b""
    assert head.header("Content-Length") == "5"


def test_an_authorized_request_is_not_answered_from_what_was_not_said_to_be_public() -> None:
    site = Site(FRESH)
    site.get()
    reply = site.get("/", ("Authorization", "Basic eA=="))
    assert reply.cache_status == "freshpage; fwd=request"
    assert reply.refusal == "authorization"
    assert get_all(reply.asked[0].fields, "if-none-match") == []
    assert site.get().hit  # the public one is still there


@pytest.mark.parametrize("line", ["public, max-age=9", "s-maxage=9", "must-revalidate, max-age=9"])
def test_an_authorized_request_may_share_what_says_so(line: str) -> None:  # RFC 9111 §3.5
    site = Site(Page().having(("Cache-Control", line)))
    site.get("/", ("Authorization", "Basic eA=="))
    assert site.get("/", ("Authorization", "Basic eQ==")).hit
    assert site.get().hit


def test_an_invalidated_page_is_rendered_anew() -> None:
    site = Site()
    site.get()
    site.store.invalidate({"@url:|/"})
    site.app = Page(b"new")
    assert site.get().cache_status == "freshpage; fwd=stale; stored"
    assert site.get().body == b"new"
    assert site.get().hit


def test_an_invalidated_page_is_not_revalidated() -> None:
    """A view's own ETag may know less than its tags."""
    site = Site(Page().having(("ETag", '"a"')))
    site.get()
    site.store.invalidate({"@url:|/"})
    assert get_all(site.get().asked[0].fields, "if-none-match") == []


# -- what a request asks for (RFC 9111 §5.2.1) -----------------------------------------

DEMANDS = [
    ("Cache-Control", "no-cache"),
    ("Cache-Control", "no-store"),
    ("Cache-Control", "max-age=0"),
    ("Cache-Control", "min-fresh=1000"),
    ("Pragma", "no-cache"),
    ("Cache-Control", "only-if-cached"),
]


@pytest.mark.parametrize("demand", DEMANDS)
def test_visitors_can_not_force_a_render_unless_set(demand: tuple[str, str]) -> None:
    site = Site(FRESH)
    assert site.get("/", demand).cache_status == "freshpage; fwd=uri-miss; stored"
    site.now += 1
    assert site.get("/", demand).hit


@pytest.mark.parametrize(
    ("line", "after", "fwd"),
    [
        ("no-cache", 0, "request"),
        ("no-store", 0, "request"),
        ("max-age=10", 10, ""),
        ("max-age=10", 11, "request"),
        ("max-age=0", 0, ""),
        ("min-fresh=50", 10, ""),
        ("min-fresh=51", 10, "request"),
        ("max-stale", 1000, ""),
        ("max-stale=40", 100, ""),
        ("max-stale=39", 100, "stale"),
        ("max-age=x", 1, "request"),
        ("unknown, x=y", 0, ""),
        ("", 0, ""),
    ],
)
def test_directives_when_they_are_obeyed(line: str, after: float, fwd: str) -> None:
    site = Site(FRESH, client_directives=True)
    site.get()
    site.now += after
    reply = site.get("/", ("Cache-Control", line))
    assert reply.hit is (not fwd)
    assert fwd in reply.cache_status


def test_stale_is_not_served_against_the_response_s_will() -> None:  # RFC 9111 §4.2.4
    for line in ("must-revalidate", "proxy-revalidate", "s-maxage=60"):
        site = Site(FRESH.having(("Cache-Control", line)), client_directives=True)
        site.get()
        site.now += 61
        assert not site.get("/", ("Cache-Control", "max-stale")).hit


def test_a_request_with_no_store_leaves_nothing_stored() -> None:  # RFC 9111 §5.2.1.5
    site = Site(FRESH, client_directives=True)
    assert site.get("/", ("Cache-Control", "no-store")).refusal == "no-store"
    assert site.store.entries == []


def test_pragma_counts_only_without_cache_control() -> None:  # RFC 9111 §5.4
    site = Site(FRESH, client_directives=True)
    site.get()
    assert not site.get("/", ("Pragma", "No-Cache")).hit
    assert site.get("/", ("Pragma", "no-cache"), ("Cache-Control", "max-age=60")).hit
    assert site.get("/", ("Pragma", "x-no-cache")).hit


def test_only_if_cached() -> None:  # RFC 9111 §5.2.1.7
    site = Site(FRESH, client_directives=True)
    reply = site.get("/", ("Cache-Control", "only-if-cached"))
    assert (reply.status, reply.asked, reply.body) == (504, (), b"")
    assert reply.cache_status == "freshpage; fwd=uri-miss"
    site.get()
    assert site.get("/", ("Cache-Control", "only-if-cached")).status == 200
    site.now += 61
    assert site.get("/", ("Cache-Control", "only-if-cached")).status == 504
