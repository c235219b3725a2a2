"""A front door without a server: requests as values, the application as a function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field, replace
from typing import Any

from freshpage.cacheability import Cacheability
from freshpage.engine import Answer, Call, Engine, Head, Ticket, Verdict
from freshpage.entry import Entry, Node
from freshpage.http.fields import Headers, get_all, get_combined, get_first, without
from freshpage.key import Part
from freshpage.request import Parameters, cookie, parameters
from freshpage.settings import Settings
from freshpage.stores.memory import MemoryStore

NOW = 1_800_000_000.0
NOTHING = Cacheability()


@dataclass(frozen=True)
class PlainRequest:
    """A request as the engine sees it."""

    path: str = "/"
    fields: Headers = ()
    method: str = "GET"
    query: str = ""
    scheme: str = "http"
    host: str | None = "example.com"
    script: str = ""
    body: bool = False
    axes: dict[str, Part] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        return get_combined(self.fields, name)

    def headers(self) -> Headers:
        return self.fields

    def cookie(self, name: str) -> str | None:
        return cookie(self.header("cookie") or "", name)

    def parameters(self) -> Parameters | None:
        return parameters(self.query)

    def has_body(self) -> bool:
        return self.body

    def named(self, axis: str) -> Part:
        return self.axes.get(axis)


@dataclass(frozen=True)
class Page:
    """What the application answers, and what its render declared."""

    body: bytes = b"page"
    headers: Headers = (("Content-Type", "text/html"),)
    status: int = 200
    reason: str = "OK"
    declared: Cacheability = NOTHING
    refusal: str = ""
    doubt: str = ""

    def having(self, *headers: tuple[str, str], **changes: Any) -> Page:
        return replace(self, headers=self.headers + headers, **changes)


App = Callable[[PlainRequest], Page]


class WatchedStore:
    """A store in memory; it answers None to the calls named in ``silent``."""

    def __init__(self) -> None:
        self.below = MemoryStore(2**24)
        self.invalidate = self.below.invalidate
        self.silent: Collection[str] = ()
        self.calls: list[str] = []
        self._put: dict[bytes, None] = {}

    def answer(self, call: Call) -> Any:
        self.calls.append(call.method)
        if call.method in self.silent:
            return None
        if call.method == "put":
            self._put[call.args[0]] = None
        return getattr(self.below, call.method)(*call.args)

    @property
    def nodes(self) -> list[Node]:
        held = [self.below.get(key) for key in self._put]
        return [found.node for found in held if found is not None]

    @property
    def entries(self) -> list[Entry]:
        return [node for node in self.nodes if isinstance(node, Entry)]


@dataclass(frozen=True)
class Reply:
    """What the visitor got, and how it came about."""

    status: int
    headers: Headers
    body: bytes
    asked: tuple[PlainRequest, ...]  # what the application was asked
    verdict: Verdict | None = None

    def header(self, name: str) -> str | None:
        return get_first(self.headers, name.lower())

    @property
    def hit(self) -> bool:
        return not self.asked

    @property
    def cache_status(self) -> str:
        (line,) = get_all(self.headers, "cache-status")
        return line

    @property
    def refusal(self) -> str:
        assert self.verdict is not None
        return self.verdict.refusal


class Site:
    """An engine, a store and an application; time stands still unless it is moved."""

    def __init__(self, app: App | Page | None = None, **settings: Any) -> None:
        self.app: App | Page = app or Page()
        self.engine = Engine(Settings(**settings), chance=lambda: 0.0)
        self.store = WatchedStore()
        self.now = NOW

    def run(self, steps: Generator[Call, Any, Any]) -> Any:
        answer = None
        try:
            while True:
                answer = self.store.answer(steps.send(answer))
        except StopIteration as stop:
            return stop.value

    def lookup(self, request: PlainRequest) -> Answer | Ticket:
        found: Answer | Ticket = self.run(self.engine.lookup(request, self.now))
        return found

    def get(self, path: str = "/", *headers: tuple[str, str], **request: Any) -> Reply:
        return self.ask(PlainRequest(path, headers, **request))

    def ask(self, request: PlainRequest) -> Reply:
        found = self.lookup(request)
        if isinstance(found, Answer):
            return Reply(found.status, tuple(found.headers), found.body, ())
        return self.render(found, request)

    def render(self, ticket: Ticket, request: PlainRequest) -> Reply:
        asked = [_asked(request, ticket)]
        page = self._page(asked[-1])
        verdict = self.receive(ticket, page)
        if verdict.again:
            ticket = self.engine.unconditional(ticket)
            asked.append(_asked(request, ticket))
            page = self._page(asked[-1])
            verdict = self.receive(ticket, page)
        return self.complete(ticket, verdict, page, tuple(asked))

    def receive(self, ticket: Ticket, page: Page) -> Verdict:
        head = Head(page.status, page.reason, page.headers, doubt=page.doubt)
        return self.engine.receive(ticket, head, page.declared, page.refusal, self.now)

    def complete(
        self, ticket: Ticket, verdict: Verdict, page: Page, asked: tuple[PlainRequest, ...] = ()
    ) -> Reply:
        answer = self.run(self.engine.complete(ticket, verdict, page.body, self.now))
        if answer is None:
            return Reply(page.status, verdict.headers, page.body, asked, verdict)
        return Reply(answer.status, tuple(answer.headers), answer.body, asked, verdict)

    def _page(self, request: PlainRequest) -> Page:
        return self.app if isinstance(self.app, Page) else self.app(request)


def _asked(request: PlainRequest, ticket: Ticket) -> PlainRequest:
    if ticket.conditionals is None:
        return request
    kept = without(request.fields, ("if-none-match", "if-modified-since"))
    return replace(request, fields=kept + ticket.conditionals)


def lasting(headers: Headers) -> Headers:
    """The fields a hit and a fresh render agree on (contract 5)."""
    return without(headers, ("date", "age", "cache-status"))
