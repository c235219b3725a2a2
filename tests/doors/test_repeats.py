"""Repeating an answer changes nothing that anybody is sent."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import freshpage
from freshpage import asgi, runtime, wsgi
from freshpage.engine import Engine, Ticket
from freshpage.incoming import ScopeRequest, WsgiRequest
from freshpage.outcome import Answer, Repeat
from freshpage.repeats import ANSWER_BYTES, Repeats
from freshpage.request import CONSULTED
from freshpage.settings import Settings
from freshpage.stores.memory import MemoryStore
from freshpage.stores.owing import OwingStore
from freshpage.visitor import SiteRules, meta_name
from tests.doors.conftest import is_hit

START = 1_800_000_000.25  # seconds since 1970


class Clock:
    """time.time, as the test has it."""

    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


# -- with and without ------------------------------------------------------------------


@dataclass
class Site:
    """An application behind one door, with a cache of its own."""

    door: str
    repeating: bool
    options: dict[str, Any]
    versions: dict[str, int]
    renders: int = 0
    runtime: runtime.Runtime = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = runtime.Runtime(Settings(store="memory", build="one", **self.options))
        if not self.repeating:
            self.runtime.repeats = Repeats(self.runtime.store, 0)

    def ask(self, method: str, path: str, query: str, fields: dict[str, str]):
        runtime._runtimes[runtime._SITE] = self.runtime
        ask = self._ask_wsgi if self.door == "wsgi" else self._ask_asgi
        return ask(method, path, query, {"host": "testserver", **fields})

    def _page(self, path: str, query: str, fields: dict[str, str]):
        """A page that reads what its path says, and declares what it read."""
        self.renders += 1
        version = self.versions[path]
        seen = [str(version)]
        headers = [("Content-Type", "text/plain")]
        freshpage.tag(path)
        if path == "/private":
            freshpage.private()
        if path == "/short":
            headers += [("Cache-Control", "max-age=3"), ("Age", "1")]
        if path == "/half":
            freshpage.limit(2.5)
        if path == "/validated":
            headers += [("ETag", f'"{version}"'), ("Cache-Control", "max-age=2")]
        if path in ("/theme", "/either"):
            freshpage.vary_on(cookies=["theme"])
            seen.append(str("dark" in fields.get("cookie", "")))
        if path == "/kind" or (path == "/either" and seen[-1] == "True") or version % 3 == 2:
            freshpage.vary_on(headers=["X-Kind"])
            seen.append(str(fields.get("x-kind")))
        return headers, f"{path} {query} {seen}".encode()

    def _ask_wsgi(self, method: str, path: str, query: str, fields: dict[str, str]):
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        } | {meta_name(name): value for name, value in fields.items()}
        sent = []

        def application(environ, start_response):
            headers, body = self._page(path, environ["QUERY_STRING"], fields)
            if environ.get("HTTP_IF_NONE_MATCH") == dict(headers).get("ETag", ""):
                start_response("304 Not Modified", headers)
                return [b""]
            start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
            return [body]

        def start_response(status, headers, exc_info=None):
            sent.extend([status, list(headers)])
            headers.append(("X-Outside", "added by a middleware around us"))

        parts = wsgi.PageCache(application)(environ, start_response)
        return (*sent, b"".join(parts))

    def _ask_asgi(self, method: str, path: str, query: str, fields: dict[str, str]):
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "root_path": "",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        }
        sent = []

        async def application(scope, receive, send):
            headers, body = self._page(path, query, fields)
            known = dict(scope["headers"]).get(b"if-none-match", b"").decode()
            status = 304 if known == dict(headers).get("ETag", "") else 200
            if status == 200:
                headers.append(("Content-Length", str(len(body))))
            raw = [(name.encode(), value.encode()) for name, value in headers]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body if status == 200 else b""})

        async def send(message):
            sent.append({**message, "headers": list(message.get("headers", ()))})
            if "headers" in message:
                message["headers"].append((b"x-outside", b"added by a middleware around us"))

        asyncio.run(asgi.PageCache(application)(scope, None, send))
        return sent


PATHS = ("/plain", "/kind", "/theme", "/either", "/short", "/half", "/validated", "/private")
CHANCES = {
    "x-kind": ["", "a", "b"],
    "cookie": ["theme=dark", "other=1; theme=light", "other=theme", "sessionid=1; theme=dark"],
    "if-none-match": ['"0"', '"1"', "*"],
    "if-modified-since": ["Mon, 01 Jan 2035 00:00:00 GMT"],
    "range": ["bytes=0-3", "bytes=900-"],
    "authorization": ["Basic eDp5"],
    "cache-control": ["no-cache", "max-age=0", "only-if-cached", "max-stale=9"],
    "pragma": ["no-cache"],
}
AXES = {"x-kind": st.sampled_from(["", "a"]), "cookie": st.sampled_from(CHANCES["cookie"][:3])}
NOW_AND_THEN = st.integers(0, 9).map(lambda number: number == 0)


@st.composite
def asked(draw, pages):
    """Mostly what is repeated, from few different visitors."""
    page = draw(st.sampled_from(pages))
    fields = draw(st.fixed_dictionaries({}, optional=AXES)) if draw(st.booleans()) else {}
    if draw(NOW_AND_THEN):
        name = draw(st.sampled_from(sorted(CHANCES)))
        fields[name] = draw(st.sampled_from(CHANCES[name]))
    method = draw(st.sampled_from(["HEAD", "POST"])) if draw(NOW_AND_THEN) else "GET"
    return ("ask", method, page, "page=2" if draw(NOW_AND_THEN) else "", fields)


@st.composite
def steps(draw):
    """What happens, around one page or two."""
    pages = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=2, unique=True))
    happens = {
        "change": st.tuples(st.just("change"), st.sampled_from(pages), st.booleans()),
        "drop": st.tuples(st.just("drop"), st.sampled_from([*pages, "@all"]), st.booleans()),
        "pass": st.tuples(
            st.just("pass"), st.sampled_from([0.125, 0.125, 0.5, 0.75, 1.0, 2.0, 600.0, -3.0])
        ),
        "ask": asked(pages),
    }
    kinds = st.sampled_from(["change", "drop", "pass", "pass", *["ask"] * 6])
    return draw(st.lists(kinds.flatmap(happens.__getitem__), max_size=40))


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
@given(taken=steps(), obey=st.booleans(), detail=st.booleans())
@hypothesis_settings(max_examples=200)
def test_every_answer_is_what_it_would_be_without(door, taken, obey, detail):
    clock, versions = Clock(), dict.fromkeys(PATHS, 0)
    options = {"client_directives": obey, "cache_status_detail": detail, "default_ttl": 10}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", clock)
        patch.setattr(runtime, "_runtimes", {})
        sites = [Site(door, repeating, options, versions) for repeating in (True, False)]
        for kind, *step in taken:
            if kind == "pass":
                clock.now += step[0]
            elif kind == "ask":
                answers = [site.ask(*step) for site in sites]
                assert answers[0] == answers[1]
                assert sites[0].renders == sites[1].renders
            else:
                tag, flag = step
                if kind == "change":
                    versions[tag] += 1
                if kind == "drop" or flag:
                    for site in sites:
                        site.runtime.store.invalidate({tag}, soft=kind == "drop" and flag)


# -- what is repeated, and what is not ---------------------------------------------------


class Counting:
    """An engine's lookup, counted."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        self._lookup = engine.lookup
        engine.lookup = self

    def __call__(self, request, now, **options):
        self.count += 1
        return self._lookup(request, now, **options)


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_a_hot_hit_asks_the_engine_once_a_second(make_visitor, door, clock):
    visitor = make_visitor(door)
    visitor.get("/page/")
    lookups = Counting(runtime.runtime().engine)
    for later in (0.1, 0.2, 0.3, 1.1, 1.2):
        clock.now = START + later
        answer = visitor.get("/page/")
        assert (is_hit(answer), answer.headers["Age"]) == (True, str(int(later)))
    assert lookups.count == 2


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_an_answer_to_head_is_not_repeated_to_get(make_visitor, door, clock):
    visitor = make_visitor(door)
    body = visitor.get("/page/").content
    clock.now += 0.1
    asked = [visitor.ask("/page/", method).content for method in ("GET", "HEAD", "GET", "HEAD")]
    assert asked == [body, b"", body, b""]


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_an_invalidation_is_heard_at_once(make_visitor, door, clock):
    visitor = make_visitor(door)
    clock.now += 0.1
    for _ in range(3):
        visitor.get("/tagged/")
    freshpage.invalidate("news")
    assert not is_hit(visitor.get("/tagged/"))


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
def test_an_undelivered_invalidation_is_obeyed_here(make_visitor, door, clock, monkeypatch):
    visitor = make_visitor(door)
    visitor.get("/tagged/")
    clock.now += 0.1
    assert is_hit(visitor.get("/tagged/"))
    store = runtime.runtime().store
    assert isinstance(store, OwingStore)

    def refuse(*args, **kwargs):
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(store.below, "invalidate", refuse)
        freshpage.invalidate("news")
        assert not is_hit(visitor.get("/tagged/"))
    assert not is_hit(visitor.get("/tagged/"))


class OnRemand(MemoryStore):
    """A store whose pulse takes I/O."""

    instant_pulse = False


def given_to(request: Any, body: bytes = b"") -> Answer:
    return Answer(200, "OK", [], body, Repeat(b"root of " + request.identity, (), START, START + 1))


@dataclass(frozen=True)
class Plain:
    identity: bytes


def test_no_more_is_held_than_the_budget_allows():
    repeats = Repeats(MemoryStore(2**20), 10 * (ANSWER_BYTES + 1000))
    kept = [Plain(b"%d" % number) for number in range(25)]
    for request in kept:
        repeats.keep(request, given_to(request, bytes(1000)), repeats.pulse())
        held = [other for other in kept if repeats.find(other, START)]
        assert len(held) <= 10
    assert kept[-1] in held
    assert repeats.find(kept[-1], START + 1) is None


@pytest.mark.parametrize("store", [OnRemand(2**20), MemoryStore(2**20)], ids=["remand", "off"])
def test_nothing_is_kept_without_an_instant_pulse_or_a_budget(store):
    repeats = Repeats(store, 2**20 if isinstance(store, OnRemand) else 0)
    request = Plain(b"a")
    repeats.keep(request, given_to(request), repeats.pulse())
    assert repeats.pulse() is None
    assert repeats.find(request, START) is None


def test_a_store_that_fails_is_not_repeated_from():
    store = MemoryStore(2**20)
    failing = False

    def pulse():
        if failing:
            raise OSError("gone")
        return 7

    store.pulse = pulse
    repeats, request = Repeats(store, 2**20), Plain(b"a")
    repeats.keep(request, given_to(request), repeats.pulse())
    assert repeats.find(request, START) is not None
    failing = True
    assert repeats.find(request, START) is None


# -- what an identity stands for -----------------------------------------------------------


class Noting:
    """A request that notes which fields are asked for."""

    def __init__(self, request) -> None:
        self._request = request
        self.names: set[str] = set()

    def __getattr__(self, name):
        return getattr(self._request, name)

    def header(self, name):
        self.names.add(name)
        return self._request.header(name)

    def headers(self):
        raise AssertionError("all fields were asked for")


def environ_of(**more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "testserver",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        **more,
    }


@pytest.mark.parametrize("obey", [True, False])
def test_a_lookup_asks_for_no_field_that_an_identity_does_not_rule_out(obey):
    """Whoever has the engine look at more adds it to CONSULTED."""
    request = Noting(WsgiRequest(environ_of(), SiteRules()))
    engine = Engine(Settings(client_directives=obey))
    steps = engine.lookup(request, START)
    ticket = None
    try:
        steps.send(None)
        steps.send(None)
        steps.send(None)
    except StopIteration as stop:
        ticket = stop.value
    assert isinstance(ticket, Ticket)
    assert request.identity is not None
    assert request.names <= CONSULTED


environs = st.fixed_dictionaries(
    {
        "REQUEST_METHOD": st.sampled_from(["GET", "get", "HEAD"]),
        "wsgi.url_scheme": st.sampled_from(["http", "https"]),
        "SCRIPT_NAME": st.sampled_from(["", "/a", "/a/b"]),
        "PATH_INFO": st.sampled_from(["", "/", "/a", "/b", "/a/b", "/\xc3\xa4"]),
    },
    optional={
        "HTTP_HOST": st.sampled_from(["a.example", "A.example", "a.example:80", "", "_"]),
        "HTTP_X_FORWARDED_HOST": st.sampled_from(["a.example", "b.example"]),
        "HTTP_X_FORWARDED_PROTO": st.sampled_from(["http", "https"]),
        "SCRIPT_URL": st.sampled_from(["", "/a/b"]),
        "REDIRECT_URL": st.sampled_from(["/b/a"]),
        "CONTENT_LENGTH": st.sampled_from(["", "0", "7"]),
        "HTTP_TRANSFER_ENCODING": st.just("chunked"),
        "HTTP_RANGE": st.just("bytes=0-3"),
        "HTTP_AUTHORIZATION": st.just(""),
        "HTTP_ACCEPT": st.just("text/html"),
    },
)


def place(request) -> tuple[Any, ...]:
    return (
        request.method,
        request.scheme,
        request.host,
        request.script,
        request.path,
        request.has_body(),
    )


def as_scope(environ: dict[str, str]) -> dict[str, Any]:
    names = {key: key.removeprefix("HTTP_").replace("_", "-").lower() for key in environ}
    fields = [
        (names[key].encode(), value.encode())
        for key, value in environ.items()
        if key.startswith(("HTTP_", "CONTENT_"))
    ]
    return {
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "root_path": environ["SCRIPT_NAME"],
        "path": environ["SCRIPT_NAME"] + environ["PATH_INFO"],
        "headers": fields,
    }


@given(one=environs, other=environs, proxied=st.booleans())
@hypothesis_settings(max_examples=500)
def test_who_has_the_same_identity_asks_for_the_same(one, other, proxied):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "ALLOWED_HOSTS", ["a.example", "b.example"])
        if proxied:
            patch.setattr(django_settings, "USE_X_FORWARDED_HOST", True)
            proxy = ("HTTP_X_FORWARDED_PROTO", "https")
            patch.setattr(django_settings, "SECURE_PROXY_SSL_HEADER", proxy)
        rules = SiteRules()
        for made, given_as in ((WsgiRequest, dict), (ScopeRequest, as_scope)):
            first, second = (made(given_as(environ), rules) for environ in (one, other))
            for request in (first, second):
                if request.identity is not None:
                    assert not any(request.header(name) is not None for name in CONSULTED)
            if first.identity is not None and first.identity == second.identity:
                assert place(first) == place(second)


def test_a_field_sent_twice_or_oddly_gives_no_identity_by_mistake():
    rules = SiteRules()
    scope = as_scope(environ_of())
    plain = ScopeRequest(scope, rules)
    assert plain.identity is not None
    for name, value in ((b"Authorization", b"Basic eDp5"), (b"RANGE", b"bytes=0-1")):
        odd = ScopeRequest({**scope, "headers": [*scope["headers"], (name, value)]}, rules)
        assert odd.identity is None
        assert odd.header(name.decode().lower()) == value.decode()
    twice = ScopeRequest({**scope, "headers": [*scope["headers"], (b"host", b"b")]}, rules)
    assert twice.header("host") == "testserver,b"
    assert twice.identity != plain.identity
    dropped = ScopeRequest({**scope, "headers": [*scope["headers"], (b"x_kind", b"b")]}, rules)
    assert dropped.header("x-kind") is None
    assert dropped.header("x_kind") is None
