"""The contracts of DESIGN as properties of the engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from freshpage.cacheability import Cacheability
from freshpage.engine import Answer, Ticket
from freshpage.tree import DEPTH
from tests.engine.driving import Page, PlainRequest, Site

# -- contract 1: two requests share an entry only if they agree on all that was read ---

Decision = dict[str, Any]


def decisions(axes: list[str]) -> st.SearchStrategy[Decision]:
    """A program that reads one axis after another, and which next depends on the value."""
    return st.recursive(
        st.fixed_dictionaries({}),
        lambda below: st.fixed_dictionaries(
            {"axis": st.sampled_from(axes), "then": st.lists(below, min_size=1, max_size=3)}
        ),
        max_leaves=12,
    )


def rendering(program: Decision) -> Any:
    """An application whose page is what the program read."""

    def app(request: PlainRequest) -> Page:
        read: dict[str, str | None] = {}
        at = program
        while "axis" in at:
            read[at["axis"]] = given_value = request.axes.get(at["axis"])
            at = at["then"][len(given_value or "") % len(at["then"])]
        body = repr(list(read.items())).encode()
        return Page(body, declared=Cacheability(axes=tuple(read)))

    return app


def requests(axes: list[str]) -> st.SearchStrategy[PlainRequest]:
    values = st.none() | st.sampled_from(["", "x", "xx"])
    return st.builds(
        lambda given: PlainRequest(axes=given), st.dictionaries(st.sampled_from(axes), values)
    )


NAMED = ["a", "b", "c", "d"]


@given(decisions(NAMED), st.lists(requests(NAMED), min_size=2, max_size=12))
def test_nobody_gets_another_variant(program: Decision, asked: list[PlainRequest]) -> None:
    site = Site(rendering(program))
    for request in asked:
        reply = site.ask(request)
        assert reply.body == site.app(request).body  # type: ignore[operator]
        assert site.ask(request).hit


MANY = [f"axis{number}" for number in range(DEPTH + 6)]


@given(
    st.lists(st.lists(st.sampled_from(MANY), unique=True), min_size=1, max_size=20),
    st.lists(st.dictionaries(st.sampled_from(MANY), st.sampled_from(["x", "y"])), min_size=1),
)
def test_nobody_gets_another_variant_however_deep_the_tree(
    reads: list[list[str]], visitors: list[dict[str, Any]]
) -> None:
    """Renders of one page that read other axes each time, as after a change of the code."""
    site = Site()
    bodies: dict[bytes, tuple[tuple[str, str | None], ...]] = {}
    for turn, axes in enumerate(reads):
        for given_axes in visitors:
            request = PlainRequest(axes=given_axes)
            body = f"{turn}/{given_axes}".encode()
            bodies[body] = tuple((axis, given_axes.get(axis)) for axis in axes)
            site.app = Page(body, declared=Cacheability(axes=tuple(axes)))
            reply = site.ask(request)
            assert all(request.named(axis) == read for axis, read in bodies[reply.body])


def test_what_is_read_only_deep_in_a_tree_parts_visitors_too() -> None:
    site = Site()
    for axis in MANY:
        for value in ("x", "y"):
            site.app = Page(f"{axis}={value}".encode(), declared=Cacheability(axes=(axis,)))
            reply = site.ask(PlainRequest(axes={axis: value}))
            if axis.encode() in reply.body:
                assert reply.body == f"{axis}={value}".encode()


def test_a_deep_tree_is_flattened_and_still_found() -> None:
    site = Site()
    for depth in range(1, len(MANY) + 1):
        axes = tuple(MANY[:depth])
        site.store.invalidate({"@all"})
        site.app = Page(declared=Cacheability(axes=axes))
        request = PlainRequest(axes=dict.fromkeys(axes, "x"))
        site.ask(request)
        before = len(site.store.calls)
        assert site.ask(request).hit
        assert len(site.store.calls) - before <= DEPTH


# -- contract 2: never what was read before a write that returned ----------------------


class Racing(RuleBasedStateMachine):
    """Renders that begin, read and end while others write."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site()
        self.version = 0
        self.begun: list[tuple[Ticket, bytes]] = []

    @rule()
    def write(self) -> None:
        self.version += 1
        self.site.store.invalidate({"row"})

    @rule()
    def begin(self) -> None:
        found = self.site.lookup(PlainRequest())
        if isinstance(found, Answer):
            assert found.body == self.body()
        else:
            self.begun.append((found, self.body()))  # S0 is older than what is read

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        ticket, body = self.begun.pop(data.draw(st.integers(0, len(self.begun) - 1)))
        page = Page(body, declared=Cacheability(tags=frozenset({"row"})))
        self.site.complete(ticket, self.site.receive(ticket, page), page)

    @rule(seconds=st.sampled_from([1.0, 601.0]))
    def wait(self, seconds: float) -> None:
        self.site.now += seconds

    def body(self) -> bytes:
        return b"%d" % self.version


TestRacing = Racing.TestCase
TestRacing.settings = settings(max_examples=60, stateful_step_count=30)


# -- contract 4: the visitor gets the page, whatever the store does --------------------

METHODS = ["get", "put", "delete", "sequence", "invalidate"]
PAGES = [
    Page(),
    Page().having(("Vary", "Accept")),
    Page().having(("ETag", '"a"'), ("Cache-Control", "max-age=0")),
    Page(declared=Cacheability(axes=("query",))),
    Page(status=500),
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_store_that_never_answers(page: Page, method: str) -> None:
    site = Site(page)
    site.store.silent = METHODS
    for _ in range(2):
        reply = site.get(method=method)
        assert reply.status == page.status
        assert reply.asked
        assert "stored" not in reply.cache_status


def test_a_store_that_gives_no_sequence_gets_no_entry() -> None:
    site = Site()
    site.store.silent = ["sequence"]
    assert site.get().refusal == "store-unavailable"


@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from(METHODS)), st.integers(0, 4), st.sampled_from(["GET", "HEAD"])
        ),
        max_size=15,
    )
)
def test_a_store_that_answers_now_and_then(turns: list[tuple[set[str], int, str]]) -> None:
    site = Site()
    for version, (silent, chosen, method) in enumerate(turns):
        site.store.silent = ()
        site.store.invalidate({"@all"})  # what was stored before is another version
        site.store.silent = silent
        site.app = Page(b"%d" % version, PAGES[chosen].headers, declared=PAGES[chosen].declared)
        reply = site.get(method=method)
        assert reply.status == 200
        if method == "GET":
            assert reply.body == b"%d" % version


# -- nothing raises, whatever the application and the visitor say ----------------------

names = st.sampled_from(
    [
        *("Cache-Control", "Vary", "ETag", "Last-Modified", "Expires", "Date", "Age", "Location"),
        *("Connection", "CDN-Cache-Control", "Content-Encoding", "Content-Length", "Set-Cookie"),
        *("If-None-Match", "If-Modified-Since", "Range", "If-Range", "Authorization", "Cookie"),
        *("Accept", "Pragma"),
    ]
)
values = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=12),
    st.sampled_from(["*", '"a"', 'W/"a"', "0", "max-age=60", "no-cache", "bytes=0-1", "private"]),
    st.just("Fri, 15 Jan 2027 08:00:00 GMT"),
)
field_lists = st.lists(st.tuples(names, values), max_size=6).map(tuple)


@given(
    st.lists(
        st.tuples(
            field_lists,
            field_lists,
            st.sampled_from([200, 200, 200, 204, 206, 302, 304, 404, 500]),
            st.sampled_from(["GET", "GET", "HEAD", "POST", "X"]),
            st.binary(max_size=4),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_nothing_raises(turns: list[Any], obeying: bool) -> None:
    site = Site(client_directives=obeying, heuristic_fraction=0.1, edge=True)
    for asked, said, status, method, body in turns:
        site.app = Page(body, said, status=status)
        reply = site.ask(PlainRequest(fields=asked, method=method))
        assert 200 <= reply.status < 600
        if reply.hit and reply.status != 504:
            assert "Set-Cookie" not in dict(reply.headers)
        site.now += 30
