"""Unsafe requests make stored pages invalid (RFC 9111 §4.4)."""

from __future__ import annotations

import pytest

from tests.engine.driving import Page, Site


def changing(
    *headers: tuple[str, str], path: str = "/a/", status: int = 200, **request: str
) -> Site:
    """A site with stored pages, after an unsafe request to one of them."""
    site = Site()
    for stored in ("/a/", "/b/", "/caf\u00e9 100%?#;x\n/"):
        site.get(stored, **request)
        site.get(stored, query="q=1", **request)
    site.app = Page(b"", headers, status=status)
    site.get(path, **{"method": "POST"} | request)
    site.app = Page()
    return site


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"])
def test_the_target_with_every_query(method: str) -> None:
    site = Site()
    site.get("/a/")
    site.get("/a/", method=method)
    assert not site.get("/a/").hit


def test_nothing_else() -> None:
    site = changing()
    assert not site.get("/a/").hit
    assert site.get("/b/").hit


def test_a_page_rendered_afterwards_is_good() -> None:
    site = changing()
    site.get("/a/")
    assert site.get("/a/").hit


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_an_error_changes_nothing(status: int) -> None:
    assert changing(status=status).get("/a/").hit


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_changes_nothing(method: str) -> None:
    site = Site()
    site.get("/a/")
    site.get("/a/", method=method)
    assert site.get("/a/").hit


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize("value", ["/b/", "../b/", "http://example.com/b/?x=1"])
def test_what_the_response_names(name: str, value: str) -> None:
    site = changing((name, value))
    assert not site.get("/b/").hit


@pytest.mark.parametrize("value", ["http://example.org/b/", "https://example.com/b/", "//x/b/"])
def test_not_what_it_names_elsewhere(value: str) -> None:
    assert changing(("Location", value)).get("/b/").hit


def test_paths_of_any_spelling() -> None:
    path = "/caf\u00e9 100%?#;x\n/"
    assert not changing(path=path).get(path).hit
    named = changing(("Location", "/caf%C3%A9%20100%25%3F%23;x%0A/"))
    assert not named.get(path).hit


def test_below_a_mount_point() -> None:
    assert not changing(script="/site").get("/a/", script="/site").hit
    named = changing(("Location", "/site/b/"), script="/site")
    assert not named.get("/b/", script="/site").hit
    elsewhere = changing(("Location", "/other/b/"), script="/site")
    assert elsewhere.get("/b/", script="/site").hit


def test_a_host_that_is_refused_invalidates_nothing() -> None:
    site = Site()
    site.get("/a/")
    site.get("/a/", method="POST", host=None)
    assert site.get("/a/").hit
