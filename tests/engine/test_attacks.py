"""Ways in which page caches of Django have leaked, each tried on ours."""

from __future__ import annotations

import pytest

from freshpage.cacheability import Cacheability
from tests.engine.driving import Page, Site

FRESH = ("Cache-Control", "max-age=60")


@pytest.mark.parametrize("vary", ["*", " *", "*,", "\t* ", "*, Accept", "Accept,*"])
def test_vary_any_is_never_stored(vary: str) -> None:
    """CVE-2026-6907, CVE-2026-48587: also with padding, and in a list."""
    site = Site(Page().having(FRESH, ("Vary", vary)))
    assert site.get().refusal == "vary-any"
    assert not site.get().hit


@pytest.mark.parametrize("vary", [" Accept", "Accept ,", "accept", "X,\tAccept"])
def test_padding_in_vary_hides_no_name(vary: str) -> None:
    """CVE-2026-48587."""
    site = Site(Page().having(FRESH, ("Vary", vary)))
    site.get("/", ("Accept", "a"))
    assert not site.get("/", ("Accept", "b")).hit


def test_every_line_of_vary_counts() -> None:
    """CVE-2026-48587."""
    site = Site(Page().having(FRESH, ("Vary", "Accept"), ("Vary", "X-A")))
    site.get("/", ("X-A", "1"))
    assert not site.get("/", ("X-A", "2")).hit


@pytest.mark.parametrize(
    "line",
    ["Private", "PRIVATE", "private, max-age=60", "NO-STORE", "No-Store", "max-age=60,private"],
)
def test_cache_control_is_read_in_any_case(line: str) -> None:
    """CVE-2026-8404."""
    site = Site(Page().having(("Cache-Control", line)))
    assert site.get().refusal in ("private", "no-store")


def test_fields_said_to_be_private_are_not_replayed() -> None:
    """CVE-2026-8404."""
    site = Site(Page().having(FRESH, ("Cache-Control", 'private="x-user"'), ("X-User", "ada")))
    assert site.get().header("X-User") == "ada"
    hit = site.get()
    assert hit.hit
    assert hit.header("X-User") is None


@pytest.mark.parametrize("line", ["x-private", 'x="private"', "privately"])
def test_what_only_looks_private_is_not(line: str) -> None:
    """CVE-2026-8404."""
    site = Site(Page().having(("Cache-Control", f"max-age=60, {line}")))
    site.get()
    assert site.get().hit


def test_an_authorized_page_is_not_given_to_others() -> None:
    """CVE-2026-35193."""
    site = Site(Page(b"ada's").having(FRESH))
    assert site.get("/", ("Authorization", "Basic YWRh")).refusal == "authorization"
    assert not site.get().hit
    assert not site.get("/", ("Authorization", "Basic Ym9i")).hit


@pytest.mark.parametrize("cookie", [None, "theme=dark", "sessionid=abc"])
def test_a_page_that_sets_a_cookie_is_not_stored(cookie: str | None) -> None:
    """CVE-2026-48588, CVE-2026-35192, CVE-2014-0473: whatever cookies came along."""
    site = Site(Page().having(FRESH, ("Set-Cookie", "sessionid=new; Path=/")))
    headers = () if cookie is None else (("Cookie", cookie),)
    assert site.get("/", *headers).refusal == "set-cookie"
    assert not site.get().hit


def test_an_absent_field_shares_nothing_with_an_empty_one() -> None:
    """CVE-2026-113593."""
    site = Site(Page().having(FRESH, ("Vary", "X-A, X-B")))
    for headers in ((), (("X-A", ""),), (("X-B", ""),), (("X-A", ""), ("X-B", ""))):
        assert not site.get("/", *headers).hit
        assert site.get("/", *headers).hit


def test_values_do_not_run_into_one_another() -> None:
    site = Site(Page().having(FRESH, ("Vary", "X-A, X-B")))
    site.get("/", ("X-A", "x"), ("X-B", "yz"))
    assert not site.get("/", ("X-A", "xy"), ("X-B", "z")).hit


def test_what_a_plugin_varies_on_is_in_the_key() -> None:
    """PYSEC-2026-3824."""
    declared = Cacheability(axes=("header:x-country",))
    site = Site(Page(declared=declared))
    site.get("/", ("X-Country", "de"))
    assert not site.get("/", ("X-Country", "fr")).hit
    assert not site.get().hit


def test_head_is_not_stored_as_an_empty_page() -> None:
    site = Site()
    site.get(method="HEAD")
    assert site.get().body == b"page"


def test_an_error_provoked_by_one_visitor_is_not_given_to_others() -> None:
    for status in (400, 403, 413, 414, 431, 500, 501):
        site = Site(Page(b"error", status=status))
        site.get("/", ("X-Oversized", "x" * 9000))
        assert not site.get().hit


def test_a_part_provoked_by_one_visitor_is_not_the_page() -> None:
    site = Site(Page(b"p", status=206).having(FRESH, ("Content-Range", "bytes 0-0/4")))
    site.get("/", ("Range", "bytes=0-0"))
    assert not site.get().hit


def test_a_body_on_get_reaches_the_application_and_leaves_nothing() -> None:
    site = Site()
    assert site.get(body=True).refusal == "body"
    assert site.store.nodes == []


def test_a_long_chain_of_questions_is_bounded() -> None:
    site = Site()
    for number in range(50):
        site.app = Page(declared=Cacheability(axes=(f"cookie:c{number}",)))
        site.store.invalidate({"@all"})
        before = len(site.store.calls)
        site.get("/", ("Cookie", f"c{number}={number}"))
        assert len(site.store.calls) - before < 30
