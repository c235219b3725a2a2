"""The middleware front door, for sites whose server file can't be changed.

``"freshpage.middleware.PageCacheMiddleware"`` goes first in MIDDLEWARE.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from freshpage.engine import Answer, Head
from freshpage.exchange import CONDITIONS, Exchange
from freshpage.http.fields import Headers
from freshpage.performing import run, run_async, tell
from freshpage.request import COOKIE
from freshpage.runtime import Runtime, runtime_or_none
from freshpage.tracking.record import Record, current, recording
from freshpage.tracking.request_reads import notes_of, watch
from freshpage.visitor import MetaRequest, active, meta_name

GetResponse = Callable[[HttpRequest], Any]


# Conditions and ranges of what the site answers, which a view does not know yet.
_JUDGED_ABOVE = frozenset({*CONDITIONS, "if-range", "range"})


class PageCacheMiddleware:
    """Answers from the cache, and asks the rest of the site otherwise.

    Behind another front door it does nothing. It stands first in MIDDLEWARE; lower down it
    takes in what middleware above it has read.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)
        own_path = f"{type(self).__module__}.{type(self).__qualname__}"
        self._inside = list(settings.MIDDLEWARE[:1]) != [own_path]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._async:
            return serve_async(request, self.get_response, inside=self._inside)
        return serve(request, self.get_response, inside=self._inside)


def serve(
    request: HttpRequest, get_response: GetResponse, *, inside: bool = False
) -> HttpResponseBase:
    """The answer to a request, from the cache or from ``get_response``.

    :param inside: this stands below other middleware.
    """
    runtime, exchange = _exchange(request, inside)
    if runtime is None or exchange is None:
        return cast(HttpResponseBase, get_response(request))
    answer = run(exchange.lookup(), exchange.store)
    if answer is not None:
        return _handed_up(as_response(answer), inside)
    for _ in range(2):
        _watch(request, exchange)
        with recording(exchange.record), _Conditions(request, exchange):
            response = get_response(request)
        if not getattr(response, "is_rendered", True):
            return _rendered_later(runtime, exchange, request, response)
        _judge(exchange, request, response, inside)
        if not exchange.again:
            break
        response.close()
    return _handed_up(_kept(runtime, exchange, response), inside)


async def serve_async(
    request: HttpRequest, get_response: GetResponse, *, inside: bool = False
) -> HttpResponseBase:
    """The same for a ``get_response`` that is a coroutine function."""
    runtime, exchange = _exchange(request, inside)
    if runtime is None or exchange is None:
        return cast(HttpResponseBase, await get_response(request))
    answer = await run_async(exchange.lookup(), exchange.store)
    if answer is not None:
        return _handed_up(as_response(answer), inside)
    for _ in range(2):
        _watch(request, exchange)
        with recording(exchange.record), _Conditions(request, exchange):
            response = await get_response(request)
        if not getattr(response, "is_rendered", True):
            return _rendered_later(runtime, exchange, request, response)
        _judge(exchange, request, response, inside)
        if not exchange.again:
            break
        response.close()
    if exchange.keep and response.streaming:
        return _tee(runtime, exchange, response)
    steps = exchange.complete(_body(exchange, response))
    return _handed_up(_finished(response, await run_async(steps, exchange.store)), inside)


def _handed_up(response: HttpResponseBase, inside: bool) -> HttpResponseBase:
    """A response on its way: middleware above a view may still change the body's length."""
    if inside:
        del response.headers["Content-Length"]
    return response


def _kept(runtime: Runtime, exchange: Exchange, response: Any) -> HttpResponseBase:
    if exchange.keep and response.streaming:
        return _tee(runtime, exchange, response)
    return _finished(response, run(exchange.complete(_body(exchange, response)), exchange.store))


def _rendered_later(
    runtime: Runtime, exchange: Exchange, request: HttpRequest, response: Any
) -> HttpResponseBase:
    """A template response is rendered by Django once its middleware has seen it."""
    render = response.render

    def recorded() -> Any:
        with recording(exchange.record):
            return render()

    def judged(rendered: HttpResponse) -> HttpResponseBase:
        _judge(exchange, request, rendered, inside=True)
        return _handed_up(_kept(runtime, exchange, rendered), inside=True)

    response.render = recorded
    response.add_post_render_callback(judged)
    return cast(HttpResponseBase, response)


def _exchange(request: HttpRequest, inside: bool) -> tuple[Runtime | None, Exchange | None]:
    if current() is not None:  # an outer door has it
        return None, None
    if inside and request.method == "HEAD":  # its length is only known further up
        return None, None
    runtime = runtime_or_none()
    if runtime is None:
        return None, None
    try:
        return runtime, (_inner if inside else _outer)(request, runtime)
    except Exception as fault:
        tell("a request could not be read", fault)
        return None, None


def _outer(request: HttpRequest, runtime: Runtime) -> Exchange:
    return Exchange(runtime, MetaRequest.from_django(request, runtime.rules))


def _inner(request: HttpRequest, runtime: Runtime) -> Exchange:
    """With what middleware above has read; where that was not seen, what it may have read."""
    named, notes = active(), notes_of(request)
    if notes is None:
        seen, meta = Record(runtime.unwatched_axes), None
        seen.doubt = "unwatched"
    else:
        seen, meta = notes.whole, notes.sent
    visitor = _ViewRequest.from_django(request, runtime.rules, named, meta)
    # what a view answers is not what the site does: its entries lie where no door finds them
    visitor.scheme = f"view+{visitor.scheme}"
    return Exchange(runtime, visitor, tuple(named), seen, inside=True)


class _ViewRequest(MetaRequest):
    """A request at a view: for the whole page, since middleware above may still change it."""

    __slots__ = ()

    def header(self, name: str) -> str | None:
        return None if name in _JUDGED_ABOVE else super().header(name)

    def headers(self) -> Headers:
        return tuple([field for field in super().headers() if field[0] not in _JUDGED_ABOVE])


def _watch(request: HttpRequest, exchange: Exchange) -> None:
    if exchange.record is not None:
        watch(request, exchange.record)


class _Conditions:
    """While the application is asked, the visitor's conditions make way for ours."""

    def __init__(self, request: HttpRequest, exchange: Exchange) -> None:
        self._request = request
        self._conditions = exchange.conditions
        self._his: dict[str, Any] = {}

    def __enter__(self) -> None:
        if self._conditions is None:
            return
        keys = [meta_name(name) for name in CONDITIONS]
        meta = self._request.META
        self._his = {
            key: dict.__getitem__(meta, key) for key in keys if dict.__contains__(meta, key)
        }
        self._replace({meta_name(name.lower()): value for name, value in self._conditions})

    def __exit__(self, *fault: object) -> None:
        if self._conditions is not None:
            self._replace(self._his)

    def _replace(self, conditions: dict[str, Any]) -> None:
        # as a dict: META may be watched, and this is not the page's doing
        for name in CONDITIONS:
            dict.pop(self._request.META, meta_name(name), None)
        dict.update(self._request.META, conditions)
        self._request.__dict__.pop("headers", None)  # made from META, and kept


def _judge(
    exchange: Exchange, request: HttpRequest, response: HttpResponseBase, inside: bool
) -> None:
    if inside and exchange.record is not None:
        _note_what_stands_above(request, exchange.record)
    fields = [
        *response.items(),
        *(("Set-Cookie", morsel.output(header="").strip()) for morsel in response.cookies.values()),
    ]
    headers = exchange.receive(Head(response.status_code, response.reason_phrase, tuple(fields)))
    if not exchange.again:
        replace_headers(response, headers)


def _note_what_stands_above(request: HttpRequest, record: Record) -> None:
    """Note what middleware above a view will say in headers that do not exist yet there."""
    session = getattr(request, "session", None)
    if session is not None and session.modified:
        record.refuse("session")
    elif session is not None and session.accessed:
        # the engine refuses it to who has a session
        record.vary(COOKIE + settings.SESSION_COOKIE_NAME)
    if dict.get(request.META, "CSRF_COOKIE_NEEDS_UPDATE"):
        record.refuse("csrf")
    if getattr(getattr(request, "_messages", None), "used", False):
        record.refuse("messages")


def replace_headers(response: HttpResponseBase, headers: Headers | list[tuple[str, str]]) -> None:
    """Give a response these fields; its cookies stay as they are."""
    joined: dict[str, str] = {}
    for name, value in headers:
        if name.lower() == "set-cookie":
            continue
        known = next((key for key in joined if key.lower() == name.lower()), name)
        joined[known] = f"{joined[known]}, {value}" if known in joined else value
    for name, _ in list(response.items()):
        del response.headers[name]
    for name, value in joined.items():
        response.headers[name] = value


def _body(exchange: Exchange, response: HttpResponseBase) -> bytes:
    return cast(HttpResponse, response).content if exchange.keep else b""


def _finished(response: HttpResponseBase, answer: Answer | None) -> HttpResponseBase:
    """The response as the visitor gets it: the view's own object, so that what hangs on it
    (files to close, callbacks, test attributes) stays; or a new one for a 304 or a part."""
    if answer is None:
        return response
    if answer.status != response.status_code or response.streaming:
        made = as_response(answer)
        made._resource_closers.append(response.close)  # type: ignore[attr-defined]
        return made
    replace_headers(response, answer.headers)
    cast(HttpResponse, response).content = answer.body
    return response


def as_response(answer: Answer) -> HttpResponse:
    """An answer as a Django response."""
    response = HttpResponse(answer.body, status=answer.status, reason=answer.reason or None)
    del response.headers["Content-Type"]
    replace_headers(response, answer.headers)
    return response


def _tee(runtime: Runtime, exchange: Exchange, response: Any) -> HttpResponseBase:
    """A stream on its way out, stored when it has ended well and is not too large."""
    kept = _Kept(runtime.settings.max_body_bytes)
    stream = response.streaming_content
    if response.is_async:
        response.streaming_content = _parts_async(runtime, exchange, kept, stream)
    else:
        response.streaming_content = _parts(runtime, exchange, kept, iter(stream))
    return cast(HttpResponseBase, response)


class _Kept:
    """The parts of a stream, as long as there is room for them."""

    def __init__(self, room: int) -> None:
        self.parts: list[bytes] | None = []
        self._room = room

    def add(self, part: bytes) -> bytes:
        self._room -= len(part)
        if self._room < 0:
            self.parts = None
        elif self.parts is not None:
            self.parts.append(part)
        return part


def _parts(
    runtime: Runtime, exchange: Exchange, kept: _Kept, stream: Iterator[bytes]
) -> Iterator[bytes]:
    while True:
        with recording(exchange.record):
            part = next(stream, None)
        if part is None:
            break
        yield kept.add(part)
    if kept.parts is not None:
        run(exchange.complete(b"".join(kept.parts)), exchange.store)


async def _parts_async(
    runtime: Runtime, exchange: Exchange, kept: _Kept, stream: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    while True:
        with recording(exchange.record):
            part = await anext(stream, None)
        if part is None:
            break
        yield kept.add(part)
    if kept.parts is not None:
        await run_async(exchange.complete(b"".join(kept.parts)), exchange.store)
