"""Streaming responses: out as they come, stored when complete, never in part."""

from __future__ import annotations

import pytest

import freshpage
from freshpage import runtime, wsgi
from tests.doors.conftest import is_hit, status
from tests.doors.site import RENDERS

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SERVER_NAME": "testserver",
    "SERVER_PORT": "80",
    "HTTP_HOST": "testserver",
    "wsgi.url_scheme": "http",
}


def environ(path):
    import io

    return {**ENVIRON, "PATH_INFO": path, "wsgi.input": io.BytesIO(), "QUERY_STRING": ""}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("path", ["/stream/", "/stream-async/"])
def test_a_complete_stream_is_stored(visitor, path):
    first, second = visitor.get(path), visitor.get(path)
    assert first.content == second.content == b"x" * 4000
    assert is_hit(second)
    assert first.headers["Cache-Control"] == second.headers["Cache-Control"] == "no-cache"


def test_what_a_stream_declares_on_its_way_counts(visitor):
    visitor.get("/stream/")
    assert is_hit(visitor.get("/stream/"))
    freshpage.invalidate("late")
    assert not is_hit(visitor.get("/stream/"))


def test_two_gigabytes_pass_and_are_not_stored(make_visitor):
    visitor = make_visitor("wsgi")
    size = 0
    body = visitor.application(environ("/endless/"), lambda *head: None)
    for part in body:
        size += len(part)
    body.close()
    assert size == 2**31
    assert runtime.runtime().store.stats().entries == 0


def test_a_stream_that_breaks_off_is_not_stored(visitor):
    for number in (1, 2):
        with pytest.raises(RuntimeError, match="the other half"):
            visitor.get("/breaks-off/")
        assert RENDERS["/breaks-off/"] == number


def test_a_visitor_who_goes_away_leaves_nothing_stored(make_visitor):
    visitor = make_visitor("wsgi")
    body = visitor.application(environ("/stream/"), lambda *head: None)
    assert next(iter(body)) == b"x" * 1000
    body.close()
    assert "uri-miss" in status(visitor.get("/stream/"))


def test_a_stream_is_not_delayed(make_visitor):
    visitor = make_visitor("wsgi")
    sent = []
    body = visitor.application(environ("/stream/"), lambda *head: sent.append(head))
    assert sent, "the head waits for the body"
    parts = iter(body)
    assert [len(next(parts)) for _ in range(4)] == [1000] * 4


def test_the_close_of_the_application_is_called_once(make_visitor):
    make_visitor("wsgi")
    closed = []

    class Body(list):
        def close(self):
            closed.append(True)

    def application(asked, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=9")])
        return Body([b"a", b"b"])

    cached = wsgi.PageCache(application)
    body = cached(environ("/closing/"), lambda *head: None)
    assert b"".join(body) == b"ab"
    body.close()
    assert closed == [True]


def test_a_head_that_comes_with_the_first_part(make_visitor):
    make_visitor("wsgi")

    def application(asked, start_response):
        write = start_response("200 OK", [("Cache-Control", "max-age=9")])
        write(b"written, ")
        yield b"yielded"

    cached = wsgi.PageCache(application)
    heads = []
    assert b"".join(cached(environ("/lazy/"), lambda *h: heads.append(h))) == b"written, yielded"
    again = cached(environ("/lazy/"), lambda *h: heads.append(h))
    assert b"".join(again) == b"written, yielded"
    assert dict(heads[1][1])["Cache-Status"].startswith("freshpage; hit")
