"""What is stored, what is not, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshpage.cacheability import Cacheability
from freshpage.http.dates import format_http_date
from freshpage.http.fields import Headers
from freshpage.tags import packed, split, tag_digest
from tests.engine.driving import NOW, Page, PlainRequest, Site, lasting

MAX_AGE = ("Cache-Control", "max-age=60")


def test_a_page_that_says_nothing_lives_for_the_default_time() -> None:
    site = Site(default_ttl=600)
    assert site.get().cache_status == "freshpage; fwd=uri-miss; stored"
    site.now += 17
    assert site.get().cache_status == "freshpage; hit; ttl=583"
    site.now += 583
    assert site.get().cache_status == "freshpage; fwd=stale; stored"


def test_without_a_default_only_what_states_its_freshness_is_stored() -> None:
    site = Site(default_ttl=0)
    assert site.get().refusal == "no-freshness"
    site.app = Page().having(MAX_AGE)
    assert site.get().verdict.keep  # type: ignore[union-attr]
    assert site.get().hit


def test_what_a_hit_sends_is_what_the_miss_sent() -> None:  # contract 5
    page = Page(b"<p>page</p>").having(
        ("X-Frame-Options", "DENY"),
        ("Vary", "Accept"),
        ("vary", "Accept-Language"),
        ("Content-Length", "11"),
        ("Link", "</a>; rel=preload"),
        ("Link", "</b>; rel=preload"),
    )
    site = Site(page)
    miss, hit = site.get(), site.get()
    assert hit.hit
    assert hit.body == miss.body == page.body
    assert lasting(hit.headers) == lasting(miss.headers)
    assert (miss.header("Age"), hit.header("Age")) == (None, "0")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page().having(("Cache-Control", "no-store")), "no-store"),
        (Page().having(("Cache-Control", "private")), "private"),
        (Page().having(("Set-Cookie", "a=b")), "set-cookie"),
        (Page().having(("Vary", "*")), "vary-any"),
        (Page(status=206), "status"),
        (Page(status=304), "status"),
        (Page(status=302), "no-freshness"),
        (Page(status=403), "no-freshness"),
        (Page(status=500), "no-freshness"),
        (Page(status=503), "no-freshness"),
        (Page().having(("Cache-Control", "max-age=0")), "already-stale"),
        (Page().having(("Cache-Control", "max-age=x")), "already-stale"),
        (Page().having(("Cache-Control", "no-cache")), "already-stale"),
        (Page().having(("Expires", "0")), "already-stale"),
        (Page().having(MAX_AGE, ("Age", "60")), "already-stale"),
        (Page(refusal="never-cache"), "never-cache"),
        (Page(declared=Cacheability(ttl=0)), "already-stale"),
        (Page().having(("Content-Length", "5000000000")), "too-large"),
        (Page().having(("Content-Length", "9" * 5000)), "too-large"),
    ],
)
def test_what_is_not_stored(page: Page, reason: str) -> None:
    site = Site(page)
    reply = site.get()
    assert reply.refusal == reason
    assert site.store.nodes == []
    assert (reply.status, reply.body) == (page.status, page.body)
    assert reply.headers[:-1] == page.headers  # as it came, but for Cache-Status
    assert reply.cache_status == "freshpage; fwd=uri-miss"


@pytest.mark.parametrize("status", [200, 203, 204, 300, 301, 308, 404, 410])
def test_statuses_that_get_the_default_lifetime(status: int) -> None:
    site = Site(Page(status=status, reason="Told"))
    site.get()
    hit = site.get()
    assert hit.hit
    assert hit.status == status


@pytest.mark.parametrize("status", [299, 302, 303, 307, 400, 403, 500, 503, 599])
def test_any_final_status_is_stored_when_it_states_its_freshness(status: int) -> None:
    site = Site(Page(status=status).having(MAX_AGE))
    site.get()
    assert site.get().status == status
    assert site.get().hit


def test_redirects_keep_their_location() -> None:
    site = Site(Page(b"", (("Location", "/b/"),), status=301))
    site.get()
    assert site.get().header("Location") == "/b/"


def test_a_view_that_read_all_fields_is_stored_only_on_its_own_word() -> None:
    """As one that forwards a request: what mattered of it, only the answer can say."""
    site = Site(Page(doubt="all-headers"))
    assert site.get().refusal == "all-headers"
    site.app = Page(doubt="all-headers").having(MAX_AGE, ("Vary", "Accept"))
    site.get()
    assert site.get().hit
    assert not site.get("/", ("Accept", "x")).hit


def test_heuristic_freshness_is_off_unless_set() -> None:  # RFC 9111 §4.2.2
    page = Page().having(("Last-Modified", format_http_date(NOW - 1000)))
    assert Site(page, default_ttl=0).get().refusal == "no-freshness"
    site = Site(page, default_ttl=0, heuristic_fraction=0.1)
    site.get()
    assert site.get().cache_status == "freshpage; hit; ttl=100"


def test_a_targeted_field_rules_us_and_ours_does_not_leave() -> None:  # RFC 9213
    page = Page().having(("Cache-Control", "no-store"), ("Freshpage-Cache-Control", "max-age=60"))
    site = Site(page)
    miss, hit = site.get(), site.get()
    assert hit.cache_status == "freshpage; hit; ttl=60"
    for reply in (miss, hit):
        assert reply.header("Freshpage-Cache-Control") is None
        assert reply.header("Cache-Control") == "no-store"


def test_our_targeted_field_does_not_leave_with_a_page_that_is_not_stored() -> None:
    site = Site(Page().having(("Freshpage-Cache-Control", "no-store")))
    assert site.get().header("Freshpage-Cache-Control") is None


def test_a_targeted_field_takes_the_place_of_expires() -> None:
    expires = ("Expires", format_http_date(NOW + 500))
    site = Site(Page().having(("CDN-Cache-Control", "public"), expires), default_ttl=0)
    assert site.get().refusal == "no-freshness"


def test_a_fragment_shortens_the_page_and_never_lengthens_it() -> None:
    for ttl, seconds in ((20, 20), (200, 60)):
        site = Site(Page(declared=Cacheability(ttl=ttl)).having(MAX_AGE))
        site.get()
        assert site.get().cache_status == f"freshpage; hit; ttl={seconds}"


def test_a_fragment_counts_from_now_also_where_the_response_comes_aged() -> None:
    site = Site(Page(declared=Cacheability(ttl=20)).having(MAX_AGE, ("Age", "30")))
    site.get()
    assert site.get().cache_status == "freshpage; hit; ttl=20"


def test_a_fragment_counts_from_the_start_of_its_render() -> None:
    site = Site(Page(declared=Cacheability(ttl=20)))
    request = PlainRequest()
    ticket = site.lookup(request)
    site.now += 3
    site.render(ticket, request)  # type: ignore[arg-type]
    assert site.get().cache_status == "freshpage; hit; ttl=17"


def test_fields_of_one_connection_are_neither_stored_nor_sent_twice() -> None:
    site = Site(Page().having(("Connection", "close, x-hop"), ("X-Hop", "1"), ("X-End", "2")))
    site.get()
    hit = site.get()
    assert hit.hit
    assert (hit.header("Connection"), hit.header("X-Hop"), hit.header("X-End")) == (None, None, "2")


def test_what_is_shorter_than_it_said_is_passed_on_and_not_stored() -> None:  # RFC 9111 §3.3
    site = Site(Page(b"pag").having(("Content-Length", "4")))
    assert site.get().body == b"pag"
    assert site.store.entries == []


def test_what_turns_out_too_large_is_sent_and_not_stored() -> None:
    site = Site(Page(b"12345"), max_body_bytes=4)
    reply = site.get()
    assert (reply.body, reply.cache_status) == (b"12345", "freshpage; fwd=uri-miss")
    assert site.store.entries == []


def test_a_body_of_just_the_limit_is_stored() -> None:
    site = Site(Page(b"1234"), max_body_bytes=4)
    site.get()
    assert site.get().hit


def test_the_answer_to_head_is_not_stored() -> None:
    site = Site()
    assert site.get(method="HEAD").refusal == "method"
    assert not site.get().hit


def test_age_and_date_of_upstream() -> None:  # RFC 9111 §4.2.3
    date = ("Date", format_http_date(NOW - 5))
    site = Site(Page().having(MAX_AGE, ("Age", "10"), date))
    miss = site.get()
    site.now += 20
    hit = site.get()
    assert (miss.header("Age"), hit.header("Age")) == ("10", "30")
    assert miss.header("Date") == hit.header("Date") == date[1]
    assert hit.cache_status == "freshpage; hit; ttl=30"
    assert len([name for name, _ in hit.headers if name == "Age"]) == 1


# -- the visitor's own -----------------------------------------------------------------

SESSION = ("Cookie", "theme=dark; sessionid=abc")


@pytest.mark.parametrize(
    "page",
    [
        Page().having(("Vary", "Cookie")),
        Page().having(("Vary", "Accept, cookie")),
        Page(declared=Cacheability(axes=("header:cookie",))),
        Page(declared=Cacheability(axes=("cookie:sessionid",))),
    ],
)
def test_a_page_that_varies_on_cookies_is_not_stored_for_a_session(page: Page) -> None:
    site = Site(page)
    assert site.get("/", SESSION).refusal == "session"
    assert site.store.entries == []
    site.get("/", ("Cookie", "theme=dark"))
    assert site.get("/", ("Cookie", "theme=dark")).hit
    assert not site.get("/", SESSION).hit


def test_a_page_that_reads_no_cookie_is_shared_with_those_who_have_a_session() -> None:
    site = Site()
    site.get("/", SESSION)
    assert site.get("/", ("Cookie", "sessionid=other")).hit


def test_the_name_of_the_session_cookie_is_the_site_s() -> None:
    page = Page().having(("Vary", "Cookie"))
    site = Site(page, session_cookie="sid")
    assert site.get("/", ("Cookie", "sid=1")).refusal == "session"
    assert site.get("/", SESSION).refusal == ""


def test_cookies_read_while_the_page_streamed_count_too() -> None:
    site = Site()
    request = PlainRequest(fields=(SESSION,))
    ticket = site.lookup(request)
    page = Page()
    verdict = site.receive(ticket, page)  # type: ignore[arg-type]
    assert verdict.keep
    read = Cacheability(axes=("cookie:sessionid",))
    verdict = site.engine.amend(verdict, read, "")
    site.complete(ticket, verdict, page)  # type: ignore[arg-type]
    assert site.store.entries == []


# -- streams ---------------------------------------------------------------------------


def test_a_stream_that_will_be_stored_tells_browsers_to_ask_again() -> None:
    site = Site()
    ticket = site.lookup(PlainRequest())
    verdict = site.receive(ticket, Page())  # type: ignore[arg-type]
    assert ("Cache-Control", "no-cache") in verdict.headers
    stated = site.receive(ticket, Page().having(MAX_AGE))  # type: ignore[arg-type]
    assert ("Cache-Control", "no-cache") not in stated.headers


def test_what_is_declared_while_a_page_streams_counts() -> None:
    site = Site()
    request, page = PlainRequest(), Page()
    ticket = site.lookup(request)
    verdict = site.receive(ticket, page)  # type: ignore[arg-type]
    late = Cacheability(ttl=5, axes=("cookie:theme",), tags=frozenset({"menu"}))
    verdict = site.engine.amend(verdict, late, "")
    site.complete(ticket, verdict, page)  # type: ignore[arg-type]
    (entry,) = site.store.entries
    assert tag_digest("menu") in split(entry.tags)
    assert entry.axes == ("cookie:theme",)
    assert site.get().cache_status == "freshpage; hit; ttl=5"
    assert not site.get("/", ("Cookie", "theme=dark")).hit


@pytest.mark.parametrize(
    ("declared", "refusal", "doubt", "reason"),
    [
        (Cacheability(), "never-cache", "", "never-cache"),
        (Cacheability(), "", "all-meta", "all-meta"),
        (Cacheability(ttl=0), "", "", "already-stale"),
    ],
)
def test_what_is_refused_while_a_page_streams_is_not_stored(
    declared: Cacheability, refusal: str, doubt: str, reason: str
) -> None:
    site = Site()
    ticket = site.lookup(PlainRequest())
    verdict = site.receive(ticket, Page())  # type: ignore[arg-type]
    amended = site.engine.amend(verdict, declared, refusal, doubt)
    assert (amended.keep, amended.refusal) == (False, reason)
    site.complete(ticket, amended, Page())  # type: ignore[arg-type]
    assert site.store.entries == []


# -- what browsers and edges are told --------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "settings", "told"),
    [
        ((), {}, "no-cache"),
        ((), {"browser_ttl": 30}, "max-age=30"),
        ((MAX_AGE,), {}, "max-age=60"),
        ((("Cache-Control", "public"),), {}, "public"),
        ((("Expires", format_http_date(NOW + 90)),), {}, None),
        ((("CDN-Cache-Control", "max-age=60"),), {}, "no-cache"),
    ],
)
def test_cache_control_for_browsers(
    headers: Headers, settings: dict[str, float], told: str | None
) -> None:
    site = Site(Page().having(*headers), **settings)
    assert site.get().header("Cache-Control") == told
    assert site.get().header("Cache-Control") == told


def test_the_edge_is_told_our_lifetime_only_where_there_is_one() -> None:
    assert Site().get().header("CDN-Cache-Control") is None
    assert Site(edge=True).get().header("CDN-Cache-Control") == "max-age=600"
    grace = {"edge": True, "stale_while_revalidate": 30, "stale_if_error": 90}
    assert Site(**grace).get().header("CDN-Cache-Control") == (
        "max-age=600, stale-while-revalidate=30, stale-if-error=90"
    )
    forbids = Page().having(("Freshpage-Cache-Control", "max-age=9, must-revalidate"))
    assert Site(forbids, **grace).get().header("CDN-Cache-Control") == "max-age=9"
    stated = Site(Page().having(("CDN-Cache-Control", "max-age=9")), edge=True)
    assert stated.get().header("CDN-Cache-Control") == "max-age=9"


def test_cache_status_says_more_where_it_may() -> None:
    site = Site(Page().having(("Cache-Control", "private")), cache_status_detail=True)
    assert 'detail="private"' in site.get().cache_status
    assert "; key=" in site.get().cache_status
    quiet = Site(cache_status=False)
    assert quiet.get().header("Cache-Status") is None
    assert quiet.get().header("Cache-Status") is None


def test_members_of_caches_behind_us_come_first() -> None:  # RFC 9211 §2
    site = Site(Page().having(("Cache-Status", "origin; hit")))
    for reply in (site.get(), site.get()):
        lines = [value for name, value in reply.headers if name == "Cache-Status"]
        assert lines[0] == "origin; hit"
        assert lines[1].startswith("freshpage; ")


def test_own_tags_are_given_to_pages_without_and_differ_by_coding() -> None:
    plain, zipped = Site(), Site(Page().having(("Content-Encoding", "gzip")))
    tags = {plain.get().header("ETag"), zipped.get().header("ETag")}
    assert len(tags) == 2
    assert None not in tags
    assert Site(Page().having(("ETag", 'W/"a"'))).get().header("ETag") == 'W/"a"'


def test_entries_know_their_place() -> None:
    site = Site()
    site.ask(replace(PlainRequest("/blog/post/"), host="Example.com:8000"))
    (entry,) = site.store.entries
    places = ["@all", "@url:|/blog/post/", "@path:|/blog/", "@url:example.com:8000|/blog/post/"]
    assert {*split(packed(places))} <= {*split(entry.tags)}
