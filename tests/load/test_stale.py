"""Stale pages: sent while a new one is made, and where making one fails (RFC 5861)."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import freshpage
from freshpage import runtime
from freshpage.renewals import AT_ONCE, Renewals, anonymous_environ, anonymous_scope
from tests.doors.conftest import DOORS, is_hit, status
from tests.load.conftest import until
from tests.load.site import ASKED, GATE, HOW, RENDERS

every_door = pytest.mark.parametrize("door", DOORS)


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        later = 0.0

    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + Clock.later)
    return Clock


@pytest.fixture(params=DOORS)
def visitor(make_crowd, request, clock):
    GATE.set()
    return make_crowd(request.param).visitor


def renewed(path: str, renders: int) -> None:
    """Wait until a page was rendered so often, and nothing is under way."""
    until(lambda: RENDERS[path] >= renders)
    until(lambda: not runtime.runtime().renewals.under_way())


@pytest.mark.parametrize("door", ["wsgi", "middleware"])
def test_a_stale_page_goes_out_while_it_is_made_anew(make_crowd, clock, door):
    GATE.set()
    visitor = make_crowd(door).visitor
    assert visitor.get("/stale/").text == "page 1"
    clock.later = 11
    stale = visitor.get("/stale/")
    assert stale.text == "page 1"
    assert status(stale) == "freshpage; hit; ttl=-1"
    renewed("/stale/", 2)
    assert visitor.get("/stale/").text == "page 2"


def test_it_is_not_sent_once_its_time_is_over(visitor, clock):
    visitor.get("/stale/")
    clock.later = 71
    assert visitor.get("/stale/").text == "page 2"


def test_who_forbids_it_is_obeyed(visitor, clock):
    visitor.get("/never-stale/")
    clock.later = 11
    assert visitor.get("/never-stale/").text == "page 2"


def test_the_last_good_page_stands_in_for_a_failing_site(visitor, clock):
    visitor.get("/stale/")
    clock.later = 100
    for how in ("500", "raise"):
        HOW["how"] = how
        answer = visitor.get("/stale/")
        assert (answer.status_code, answer.text) == (200, "page 1")
        assert status(answer) == "freshpage; fwd=stale; fwd-status=500"
        assert 100 <= int(answer.headers["Age"]) < 200
    clock.later = 311
    assert visitor.get("/stale/").status_code == 500
    HOW.clear()
    assert visitor.get("/stale/").status_code == 200


def test_what_was_invalidated_is_neither_sent_nor_stands_in(visitor, clock):
    visitor.get("/stale/")
    freshpage.invalidate("news")
    HOW["how"] = "500"
    assert visitor.get("/stale/").status_code == 500
    HOW.clear()
    assert visitor.get("/stale/").text == "page 3"


def test_softly_invalidated(visitor):
    visitor.get("/stale/")
    freshpage.invalidate("news", soft=True)
    # the editor, who has a session, sees his change at once
    assert visitor.get("/stale/", Cookie="sessionid=abc").text == "page 2"
    if not visitor.is_async:
        stale = visitor.get("/stale/")
        assert (stale.text, status(stale)) == ("page 1", "freshpage; hit; ttl=0")
        renewed("/stale/", 3)
        assert visitor.get("/stale/").text == "page 3"


def test_soft_after_hard_revives_nothing(visitor):
    visitor.get("/stale/")
    freshpage.invalidate("news")
    freshpage.invalidate("news", soft=True)
    assert visitor.get("/stale/").text == "page 2"


@pytest.mark.parametrize("how", ["404", "private"])
def test_a_page_that_is_taken_down_is_not_sent_as_stale(visitor, clock, how):
    visitor.get("/stale/")
    clock.later = 71
    HOW["how"] = how
    visitor.get("/stale/")
    HOW["how"] = "500"
    assert visitor.get("/stale/").status_code in (404, 500)


@pytest.mark.parametrize("door", ["wsgi", "middleware"])
def test_nothing_of_the_visitor_gets_into_what_is_made_anew(make_crowd, clock, door):
    GATE.set()
    visitor = make_crowd(door).visitor
    his = {
        "Cookie": "theme=dark; sessionid=secret; csrftoken=token; _ga=1",
        "User-Agent": "his",
        "X_Forwarded_For": "10.0.0.1",
    }
    assert visitor.get("/stale-themed/", Cookie="theme=dark").text == "dark page 1"
    clock.later = 11
    assert visitor.get("/stale-themed/", **his).text == "dark page 1"
    renewed("/stale-themed/", 2)
    assert ASKED[-1] == {"HTTP_COOKIE": "theme=dark", "REMOTE_ADDR": "0.0.0.0"}
    assert visitor.get("/stale-themed/", Cookie="theme=dark").text == "dark page 2"


def test_what_others_put_beside_a_request_is_left_out():
    """An outer middleware's session, a client's certificate, the server's socket."""
    environ = {
        "PATH_INFO": "/a/",
        "QUERY_STRING": "b=1",
        "REQUEST_METHOD": "HEAD",
        "HTTPS": "on",
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "site.example",
        "HTTP_ACCEPT": "text/html",
        "SITE": "one",
        "beaker.session": "his",
        "gunicorn.socket": "his",
        "SSL_CLIENT_S_DN": "he",
        "REMOTE_USER": "he",
        "HTTP_AUTHORIZATION": "his",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
    }
    axes = ("header:accept", "meta:SITE", "meta:SSL_CLIENT_S_DN", "header:authorization")
    asked = anonymous_environ(environ, axes)
    assert asked.pop("wsgi.input").read() == b""
    assert asked == {
        "PATH_INFO": "/a/",
        "QUERY_STRING": "b=1",
        "REQUEST_METHOD": "GET",
        "HTTPS": "on",
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "site.example",
        "HTTP_ACCEPT": "text/html",
        "SITE": "one",
        "REMOTE_ADDR": "0.0.0.0",
    }
    scope = {
        "type": "http",
        "method": "HEAD",
        "path": "/a/",
        "query_string": b"b=1",
        "scheme": "https",
        "headers": [(b"host", b"site.example"), (b"cookie", b"a=1")],
        "session": "his",
        "user": "he",
        "state": {"a": "his"},
        "extensions": {},
        "client": ("10.0.0.1", 5000),
    }
    assert anonymous_scope(scope, axes) == {
        "type": "http",
        "method": "GET",
        "path": "/a/",
        "query_string": b"b=1",
        "scheme": "https",
        "headers": [(b"host", b"site.example")],
        "client": ("0.0.0.0", 0),
    }


def test_renewals_are_few_and_one_a_page():
    renewals, gate, done = Renewals(), threading.Event(), []

    def render(page: bytes):
        def act() -> None:
            gate.wait(30)
            done.append(page)

        return act

    pages = [str(number).encode() for number in range(AT_ONCE + 3)]
    for page in pages + pages:
        renewals.on_a_thread(page, render(page))
    assert renewals.under_way() == AT_ONCE
    gate.set()
    until(lambda: not renewals.under_way())
    assert sorted(done) == pages[:AT_ONCE]  # what was dropped is not caught up on


@pytest.mark.parametrize("door", ["wsgi", "middleware"])
def test_a_page_that_turns_out_taken_down_behind_the_visitors_back(make_crowd, clock, door):
    GATE.set()
    visitor = make_crowd(door).visitor
    visitor.get("/stale/")
    clock.later = 11
    HOW["how"] = "404"
    assert visitor.get("/stale/").text == "page 1"
    renewed("/stale/", 2)
    assert visitor.get("/stale/").status_code == 404


@pytest.mark.parametrize("door", ["asgi", "middleware-asgi"])
def test_in_tasks(make_crowd, clock, door):
    """With one loop for all, as servers have it."""
    GATE.set()
    crowd = make_crowd(door)
    for path in ("/stale/", "/stale-async/"):
        clock.later = 0
        crowd.visitor.get(path)
        clock.later = 11

        async def story(path=path):
            stale = [(await crowd._one(path, Cookie="_ga=1")).text for _ in range(3)]
            deadline = asyncio.get_running_loop().time() + 20
            while RENDERS[path] < 2 or runtime.runtime().renewals.under_way():
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.005)
            return stale, (await crowd._one(path)).text

        stale, fresh = asyncio.run(story())
        assert stale[0] == "page 1"
        assert fresh == "page 2"
        assert RENDERS[path] == 2


def test_a_page_in_demand_is_made_anew_before_it_ends(make_crowd, clock, monkeypatch):
    GATE.set()
    visitor = make_crowd("wsgi", EARLY=1000).visitor
    visitor.get("/stale/")
    monkeypatch.setattr(runtime.runtime().engine, "_chance", lambda: 0.999)
    clock.later = 9.99
    hit = visitor.get("/stale/")
    assert (hit.text, status(hit)) == ("page 1", "freshpage; hit; ttl=0")
    renewed("/stale/", 2)
    assert visitor.get("/stale/").text == "page 2"


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize(("how", "status"), [("Http404", 404), ("PermissionDenied", 403)])
def test_what_a_view_refuses_is_no_failure(make_crowd, clock, asgi, how, status):
    """Behind ``page_cache`` alone, where it is an exception still."""
    GATE.set()
    visitor = make_crowd("asgi" if asgi else "wsgi").visitor
    visitor.application = visitor.bare
    visitor.get("/stale/")
    clock.later = 11
    HOW["how"] = how
    assert visitor.get("/stale/").status_code == status
    HOW["how"] = "raise"
    assert visitor.get("/stale/").status_code == 500  # the page was taken down
    HOW.clear()
    assert is_hit(visitor.get("/stale/")) is False
    clock.later = 22
    HOW["how"] = "raise"
    assert visitor.get("/stale/").status_code == 200  # a failure is
