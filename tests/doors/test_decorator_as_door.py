"""``page_cache`` where no front door stands before: it is one, for its view alone."""

from __future__ import annotations

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from freshpage import wsgi
from tests.doors.conftest import MIDDLEWARE, is_hit
from tests.doors.site import RENDERS

ABOVE = [
    "django.middleware.gzip.GZipMiddleware",
    *MIDDLEWARE,
    "tests.doors.site.changes_the_body",
]


@pytest.fixture(params=["wsgi", "asgi"])
def visitor(make_visitor, request):
    visitor = make_visitor(request.param, ABOVE)
    visitor.application = ASGIHandler() if visitor.is_async else WSGIHandler()
    return visitor


@pytest.mark.parametrize("path", ["/decorated/", "/decorated-async/", "/templated/"])
def test_the_view_is_called_once_and_middleware_above_sees_every_answer(visitor, path):
    first, second = visitor.get(path), visitor.get(path)
    assert (is_hit(first), is_hit(second)) == (False, True)
    assert second.content == first.content
    assert second.text.endswith(" changed above")
    assert second.headers["Content-Length"] == str(len(second.content))
    assert RENDERS[path] == 1


def test_variants_and_query_strings_are_told_apart(visitor):
    assert visitor.get("/decorated/", X_Kind="a").text != visitor.get("/decorated/?x").text
    assert is_hit(visitor.get("/decorated/", X_Kind="a"))
    assert not is_hit(visitor.get("/decorated/", X_Kind="b"))


def test_a_session_that_was_read(visitor):
    for _ in range(2):
        assert not is_hit(visitor.get("/sessioned/", Cookie="sessionid=abc"))
    visitor.get("/sessioned/")
    assert is_hit(visitor.get("/sessioned/", Cookie="_ga=1"))


def test_what_middleware_above_adds_is_in_what_a_browser_validates(visitor):
    """An ETag of ours would stand for the view's body, whatever the site makes of it."""
    page = visitor.get("/decorated/")
    assert "ETag" not in page.headers
    again = visitor.get("/decorated/", If_None_Match='"anything"', Range="bytes=0-3")
    assert is_hit(again)
    assert (again.status_code, again.content) == (200, page.content)


def test_head_tells_the_length_of_the_whole_page(visitor):
    page = visitor.get("/decorated/")
    head = visitor.ask("/decorated/", "HEAD")
    assert head.headers["Content-Length"] == page.headers["Content-Length"]


def test_an_outer_door_does_not_find_what_a_view_answered(visitor, make_visitor):
    visitor.get("/decorated/")
    outer = make_visitor("wsgi", ABOVE)
    assert isinstance(outer.application, wsgi.PageCache)
    assert not is_hit(outer.get("/decorated/"))
