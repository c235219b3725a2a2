"""Conditions and ranges of the visitor, and our own to the application."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshpage.cacheability import Cacheability
from freshpage.http.dates import format_http_date
from freshpage.http.fields import Headers, get_first
from tests.engine.driving import NOW, Page, PlainRequest, Site, lasting

DATE = format_http_date(NOW - 1000)
TAGGED = Page(b"0123456789").having(
    ("Cache-Control", "max-age=60"), ("ETag", '"a"'), ("Last-Modified", DATE)
)


# -- the visitor's ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (("If-None-Match", '"a"'), 304),
        (("If-None-Match", 'W/"a"'), 304),
        (("If-None-Match", '"x", "a"'), 304),
        (("If-None-Match", "*"), 304),
        (("If-None-Match", '"x"'), 200),
        (("If-Modified-Since", DATE), 304),
        (("If-Modified-Since", format_http_date(NOW - 1001)), 200),
        (("If-Modified-Since", "junk"), 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_are_judged_alike_on_miss_and_hit(
    condition: tuple[str, str], status: int, method: str
) -> None:
    site = Site(TAGGED)
    miss = site.get("/", condition, method=method)
    assert miss.status == status
    assert get_first(miss.asked[0].fields, condition[0].lower()) is None
    site.get()
    hit = site.get("/", condition, method=method)
    assert hit.hit
    assert (hit.status, hit.body) == (
        status,
        b"" if status == 304 or method == "HEAD" else hit.body,
    )
    if method == "GET":
        assert lasting(hit.headers) == lasting(miss.headers)


def test_a_miss_with_a_condition_stores_the_whole() -> None:
    site = Site(TAGGED)
    assert site.get("/", ("If-None-Match", '"a"')).status == 304
    assert site.get().hit
    assert site.get().body == TAGGED.body


def test_if_none_match_goes_before_if_modified_since() -> None:  # RFC 9110 §13.2.2
    site = Site(TAGGED)
    site.get()
    assert site.get("/", ("If-None-Match", '"x"'), ("If-Modified-Since", DATE)).status == 200


def test_a_page_that_is_not_stored_is_still_not_sent_twice() -> None:
    site = Site(TAGGED.having(("Cache-Control", "private"), ("Set-Cookie", "a=b")))
    reply = site.get("/", ("If-None-Match", '"a"'))
    assert (reply.status, reply.body) == (304, b"")
    assert reply.header("ETag") == '"a"'
    assert reply.header("Set-Cookie") == "a=b"
    assert reply.header("Content-Type") is None


def test_our_own_tag_is_honoured() -> None:
    site = Site()
    tag = site.get().header("ETag")
    assert tag is not None
    assert site.get("/", ("If-None-Match", tag)).status == 304
    site.store.invalidate({"@all"})
    assert site.get("/", ("If-None-Match", tag)).status == 304  # rendered anew, and the same
    site.store.invalidate({"@all"})
    site.app = Page(b"new")
    assert site.get("/", ("If-None-Match", tag)).status == 200


def test_without_a_date_of_change_the_response_s_date_counts() -> None:  # RFC 9111 §4.3.2
    site = Site(Page().having(("Date", DATE), ("Cache-Control", "max-age=5000")))
    site.get()
    assert site.get("/", ("If-Modified-Since", DATE)).status == 304
    assert site.get("/", ("If-Modified-Since", format_http_date(NOW - 1001))).status == 200


@pytest.mark.parametrize("status", [404, 301, 500])
def test_only_a_200_is_conditional(status: int) -> None:  # RFC 9110 §13.2.1
    site = Site(Page(status=status).having(("Cache-Control", "max-age=9"), ("ETag", '"a"')))
    for _ in range(2):
        assert site.get("/", ("If-None-Match", '"a"')).status == status


def test_a_304_has_the_fields_it_must() -> None:  # RFC 9110 §15.4.5
    page = TAGGED.having(("Vary", "Accept"), ("Content-Location", "/x"), ("Date", DATE))
    site = Site(page.having(("Expires", DATE)))
    site.get()
    reply = site.get("/", ("If-None-Match", '"a"'))
    sent = {name.lower() for name, _ in reply.headers}
    assert {"cache-control", "content-location", "date", "etag", "expires", "vary"} <= sent
    assert {"age", "cache-status"} <= sent
    assert not sent & {"content-type", "content-length", "last-modified"}


# -- ranges ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        ("bytes=0-1", 206, b"01", "bytes 0-1/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-1", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_parts_of_what_is_stored(
    wanted: str, status: int, body: bytes, content_range: str | None
) -> None:
    site = Site(TAGGED)
    for reply in (site.get("/", ("Range", wanted)), site.get("/", ("Range", wanted))):
        assert (reply.status, reply.body) == (status, body)
        assert reply.header("Content-Range") == content_range
        assert reply.header("Content-Length") == str(len(body))
        assert reply.header("ETag") == '"a"'


def test_several_parts_of_what_is_stored() -> None:
    site = Site(TAGGED)
    site.get()
    reply = site.get("/", ("Range", "bytes=0-0,5-5"))
    assert reply.status == 206
    assert (reply.header("Content-Type") or "").startswith("multipart/byteranges; boundary=")
    assert reply.body.count(b"Content-Range: bytes ") == 2


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"a"', 206), ('"b"', 200), ('W/"a"', 200), (DATE, 206), (format_http_date(NOW), 200)],
)
def test_if_range(condition: str, status: int) -> None:  # RFC 9110 §13.1.5
    site = Site(TAGGED)
    site.get()
    reply = site.get("/", ("Range", "bytes=0-1"), ("If-Range", condition))
    assert reply.status == status


def test_a_304_goes_before_a_part() -> None:
    site = Site(TAGGED)
    site.get()
    assert site.get("/", ("Range", "bytes=0-1"), ("If-None-Match", '"a"')).status == 304


def test_head_has_no_parts() -> None:  # RFC 9110 §14.2
    site = Site(TAGGED)
    site.get()
    assert site.get("/", ("Range", "bytes=0-1"), method="HEAD").status == 200


def test_what_the_visitor_has_is_not_sent_in_parts_either() -> None:  # RFC 9110 §13.2.2
    site = Site(Page(b"01", status=206).having(("ETag", '"a"')))
    assert site.get("/", ("Range", "bytes=0-1"), ("If-None-Match", '"a"')).status == 304


def test_a_part_the_application_sends_is_passed_on() -> None:
    page = Page(b"01", status=206).having(("Content-Range", "bytes 0-1/10"))
    site = Site(page)
    reply = site.get("/", ("Range", "bytes=0-1"))
    assert get_first(reply.asked[0].fields, "range") == "bytes=0-1"
    assert (reply.status, reply.body, reply.refusal) == (206, b"01", "status")


# -- ours ------------------------------------------------------------------------------


def revalidating(*new: tuple[str, str], page: Page = TAGGED, status: int = 304) -> Site:
    """A site whose stored page has gone stale, and whose application answers 304 to us."""

    def app(request: PlainRequest) -> Page:
        if get_first(request.fields, "if-none-match") == '"a"':
            return Page(b"", new, status=status, reason="Not Modified")
        return page

    site = Site(app)
    site.get()
    site.now += 61
    return site


def test_a_stale_page_with_validators_is_asked_about() -> None:  # RFC 9111 §4.3.1
    site = revalidating(("ETag", '"a"'))
    reply = site.get("/", ("If-None-Match", '"mine"'))
    (asked,) = reply.asked
    assert get_first(asked.fields, "if-none-match") == '"a"'
    assert get_first(asked.fields, "if-modified-since") == DATE
    assert (reply.status, reply.body) == (200, TAGGED.body)
    assert reply.cache_status == "freshpage; fwd=stale; fwd-status=304; stored"
    hit = site.get()
    assert hit.hit
    assert hit.cache_status == "freshpage; hit; ttl=60"


def test_our_own_tag_means_nothing_to_the_application() -> None:
    site = Site(Page().having(("Last-Modified", DATE)))
    site.get()
    site.now += 601
    (asked,) = site.get().asked
    assert get_first(asked.fields, "if-none-match") is None
    assert get_first(asked.fields, "if-modified-since") == DATE


def test_a_page_without_validators_is_rendered_anew() -> None:
    site = Site()
    site.get()
    site.now += 601
    (asked,) = site.get().asked
    assert asked.fields == ()


def test_the_visitor_s_condition_is_judged_after_ours() -> None:
    site = revalidating(("ETag", '"a"'))
    assert site.get("/", ("If-None-Match", '"a"')).status == 304
    assert site.get().hit


def test_a_304_updates_the_stored_fields() -> None:  # RFC 9111 §4.3.4, §3.2
    site = revalidating(("ETag", '"a"'), ("Cache-Control", "max-age=5"), ("X-New", "1"))
    for reply in (site.get(), site.get()):
        assert reply.header("Cache-Control") == "max-age=5"
        assert reply.header("X-New") == "1"
        assert reply.header("Content-Type") == "text/html"
        assert reply.header("Content-Length") == "10"
    assert site.get().cache_status == "freshpage; hit; ttl=5"


@pytest.mark.parametrize("said", [{"refusal": "session"}, {"doubt": "all-meta"}])
def test_a_304_made_from_what_is_the_visitor_s_own_ends_the_entry(said: dict[str, str]) -> None:
    def app(request: PlainRequest) -> Page:
        if get_first(request.fields, "if-none-match") == '"a"':
            return Page(b"", (), status=304, **said)
        return Page(b"page", (("ETag", '"a"'),))

    site = Site(app)
    site.get()
    site.now += 601
    assert site.get().body == b"page"
    assert site.store.entries == []


def test_a_304_hands_its_visitor_the_fields_that_are_not_stored() -> None:
    site = revalidating(("ETag", '"a"'), ("Cache-Control", 'private="x", max-age=9'), ("X", "1"))
    assert site.get().header("X") == "1"
    hit = site.get()
    assert hit.hit
    assert hit.header("X") is None


def test_a_304_that_fits_another_response_makes_us_ask_for_the_whole() -> None:
    site = revalidating(("ETag", '"b"'))
    reply = site.get()
    assert len(reply.asked) == 2
    assert get_first(reply.asked[1].fields, "if-none-match") is None
    assert (reply.status, reply.body) == (200, TAGGED.body)
    assert reply.cache_status == "freshpage; fwd=stale; stored"


@pytest.mark.parametrize(
    "said", [("Cache-Control", "no-store"), ("Cache-Control", "private"), ("Set-Cookie", "a=b")]
)
def test_a_304_that_forbids_storing_ends_the_entry(said: tuple[str, str]) -> None:
    site = revalidating(("ETag", '"a"'), said)
    reply = site.get()
    assert (reply.status, reply.body) == (200, TAGGED.body)
    assert said in reply.headers
    assert site.store.entries == []


def test_a_304_can_make_a_page_vary() -> None:
    site = revalidating(("ETag", '"a"'), ("Vary", "Accept"))
    site.get("/", ("Accept", "x"))
    assert site.get("/", ("Accept", "x")).hit
    assert not site.get("/", ("Accept", "y")).hit


def test_a_304_does_not_lengthen_what_a_fragment_shortened() -> None:
    short = Page(b"0123456789", declared=Cacheability(ttl=20)).having(*TAGGED.headers[1:])
    site = revalidating(("ETag", '"a"'), page=short)
    for _ in range(2):
        assert site.get().cache_status == "freshpage; fwd=stale; fwd-status=304; stored"


def test_a_304_whose_render_says_anew_how_long_lives_so_long() -> None:
    def app(request: PlainRequest) -> Page:
        short = replace(TAGGED, declared=Cacheability(ttl=20))
        known = get_first(request.fields, "if-none-match")
        return replace(short, body=b"", status=304) if known else short

    site = Site(app)
    site.get()
    site.now += 61
    site.get()
    assert site.get().cache_status == "freshpage; hit; ttl=20"


def test_a_304_without_a_date_does_not_leave_the_page_old() -> None:
    site = revalidating(("ETag", '"a"'), page=TAGGED.having(("Date", format_http_date(NOW))))
    site.get()
    assert site.get().cache_status == "freshpage; hit; ttl=60"


def test_a_200_takes_the_place_of_the_stale_page() -> None:
    site = revalidating()
    site.app = Page(b"new").having(("Cache-Control", "max-age=60"))
    assert site.get().body == b"new"
    assert site.get().hit
    assert site.get().body == b"new"


def test_an_error_does_not_take_its_place() -> None:
    site = revalidating()
    site.app = Page(b"error", status=503)
    assert site.get().status == 503
    assert len(site.store.entries) == 1


@pytest.mark.parametrize("line", ["no-cache", "no-cache, max-age=9", "max-age=0"])
def test_no_cache_is_stored_and_asked_about_each_time(line: str) -> None:  # RFC 9111 §5.2.2.4
    headers: Headers = (("Cache-Control", line), ("ETag", '"a"'))

    def app(request: PlainRequest) -> Page:
        if get_first(request.fields, "if-none-match") == '"a"':
            return Page(b"", headers, status=304)
        return Page(b"page", headers)

    site = Site(app)
    site.get()
    for _ in range(2):
        reply = site.get()
        assert reply.body == b"page"
        assert get_first(reply.asked[0].fields, "if-none-match") == '"a"'
        assert reply.cache_status == "freshpage; fwd=stale; fwd-status=304; stored"


def test_no_cache_of_a_request_is_satisfied_by_asking() -> None:  # RFC 9111 §5.2.1.4
    site = revalidating(("ETag", '"a"'))
    site = Site(site.app, client_directives=True)
    site.get()
    reply = site.get("/", ("Cache-Control", "no-cache"))
    assert reply.cache_status == "freshpage; fwd=request; fwd-status=304; stored"


# -- HEAD beside a stored GET (RFC 9111 §4.3.5) ----------------------------------------


def heading(*new: tuple[str, str], status: int = 200) -> tuple[Site, PlainRequest]:
    """A stale page, and an application that answers HEAD with these fields."""

    def app(request: PlainRequest) -> Page:
        return Page(b"", new, status=status) if request.method == "HEAD" else TAGGED

    site = Site(app)
    site.get()
    site.now += 61
    return site, PlainRequest(method="HEAD")


def test_head_freshens_what_it_agrees_with() -> None:
    site, head = heading(("ETag", '"a"'), ("Cache-Control", "max-age=9"), ("Content-Length", "10"))
    reply = site.ask(head)
    assert reply.cache_status == "freshpage; fwd=stale"
    assert reply.header("Content-Length") == "10"
    hit = site.get()
    assert hit.hit
    assert hit.body == TAGGED.body
    assert hit.header("Cache-Control") == "max-age=9"


@pytest.mark.parametrize(
    "said", [("ETag", '"b"'), ("Content-Length", "11"), ("Last-Modified", format_http_date(NOW))]
)
def test_head_ends_what_it_contradicts(said: tuple[str, str]) -> None:
    site, head = heading(("Cache-Control", "max-age=9"), said)
    site.ask(head)
    assert site.store.entries == []


def test_head_without_validators_proves_nothing() -> None:
    site, head = heading(("Cache-Control", "max-age=9"))
    site.ask(head)
    assert len(site.store.entries) == 1
    assert not site.get().hit


def test_an_error_to_head_changes_nothing() -> None:
    site, head = heading(("ETag", '"b"'), status=410)
    assert site.ask(head).status == 410
    assert len(site.store.entries) == 1
