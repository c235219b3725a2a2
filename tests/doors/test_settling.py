"""A miss's entry is stored when its visitor has the answer; who asks meanwhile waits for it."""

from __future__ import annotations

import asyncio
import io
import threading

import pytest

from freshpage import exchange, runtime
from tests.doors.conftest import is_hit, status
from tests.doors.site import RENDERS

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SERVER_NAME": "testserver",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "testserver",
    "wsgi.url_scheme": "http",
}
SECONDS = 10  # until a test gives up


def ask(visitor, path="/page/"):
    """A WSGI answer whose iterable is not closed yet."""
    heads = []
    parts = visitor.application(
        {**ENVIRON, "PATH_INFO": path, "wsgi.input": io.BytesIO()},
        lambda status, headers: heads.append(dict(headers)),
    )
    return heads[0].get("Cache-Status", ""), parts


async def ask_asgi(visitor, sent):
    """Ask for a page; what is sent is told to ``sent``."""
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return asked.pop() if asked else await asyncio.Event().wait()

    async def send(message):
        sent(message["type"])

    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/page/"}
    scope |= {"query_string": b"", "headers": [(b"host", b"testserver")]}
    await visitor.application(scope, receive, send)


def entries() -> int:
    return runtime.runtime().store.stats().entries


def test_a_wsgi_answer_is_stored_when_it_is_closed(make_visitor):
    visitor = make_visitor("wsgi")
    said, parts = ask(visitor)
    assert "stored" in said
    assert b"".join(parts).startswith(b"page")
    assert entries() == 0
    parts.close()
    assert entries() == 1
    assert is_hit(visitor.get("/page/"))


def test_a_wsgi_answer_that_nobody_closes_is_stored_when_it_is_dropped(make_visitor):
    visitor = make_visitor("wsgi")
    _, parts = ask(visitor)
    del parts
    assert entries() == 1
    assert is_hit(visitor.get("/page/"))


def test_who_asks_before_it_is_stored_waits(make_visitor):
    visitor = make_visitor("wsgi")
    _, parts = ask(visitor)
    (flight,) = runtime.runtime().sharing.flights.under_way()
    answers = []
    follower = threading.Thread(target=lambda: answers.append(visitor.get("/page/")))
    follower.start()
    waited = threading.Event()
    deadline = threading.Timer(SECONDS, waited.set)
    deadline.start()
    while not flight.crowd and not waited.is_set():
        waited.wait(0.001)
    deadline.cancel()
    assert flight.crowd == 1
    parts.close()
    follower.join(SECONDS)
    assert is_hit(answers[0])
    assert RENDERS["/page/"] == 1


def test_a_crowd_does_not_wait_for_a_visitor_to_read(make_visitor):
    visitor = make_visitor("wsgi")
    application = visitor.application.application
    calls = []

    def crowded(environ, start_response):
        for flight in runtime.runtime().sharing.flights.under_way():
            flight.call_back(lambda: calls.append("on it goes"))
        return application(environ, start_response)

    visitor.application.application = crowded
    _, parts = ask(visitor)
    assert calls == ["on it goes"]
    assert entries() == 1
    parts.close()


def test_a_long_answer_is_stored_before_it_is_sent(make_visitor, monkeypatch):
    monkeypatch.setattr(exchange, "AT_ONCE", 3)
    _, parts = ask(make_visitor("wsgi"))
    assert entries() == 1
    parts.close()


def test_what_was_invalidated_meanwhile_is_not_said_to_be_stored(make_visitor):
    visitor = make_visitor("wsgi")
    application = visitor.application.application

    def invalidating(environ, start_response):
        result = application(environ, start_response)
        # as another process does: a render that invalidates is refused for that
        runtime.runtime().store.invalidate(["news"])
        return result

    visitor.application.application = invalidating
    said, parts = ask(visitor, "/tagged/")
    parts.close()
    assert "stored" not in said
    assert entries() == 0


def test_an_asgi_answer_is_stored_when_it_was_sent(make_visitor):
    visitor = make_visitor("asgi")
    held = []
    asyncio.run(ask_asgi(visitor, lambda kind: held.append((kind, entries()))))
    assert held == [("http.response.start", 0), ("http.response.body", 0)]
    assert entries() == 1


def test_an_asgi_visitor_who_goes_away_leaves_what_was_rendered(make_visitor):
    visitor = make_visitor("asgi")

    def gone(kind):
        raise ConnectionError(kind)

    with pytest.raises(ConnectionError):
        asyncio.run(ask_asgi(visitor, gone))
    assert entries() == 1


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_a_mistake_of_ours_before_the_answer(make_visitor, door, monkeypatch, caplog):
    visitor = make_visitor(door)

    def fail(*_):
        raise AssertionError("a mistake of ours")

    monkeypatch.setattr(runtime.runtime().engine, "answer_first", fail)
    answer = visitor.get("/page/")
    assert "stored" in status(answer)
    assert "a mistake of ours" in caplog.text
    assert is_hit(visitor.get("/page/"))
