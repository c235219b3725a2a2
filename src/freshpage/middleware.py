"""The middleware front door, for sites whose server file can't be changed.

``"freshpage.middleware.PageCacheMiddleware"`` goes first in MIDDLEWARE.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from freshpage.engine import Head
from freshpage.exchange import CONDITIONS, Exchange
from freshpage.http.fields import Headers
from freshpage.outgoing import as_response, body_of, finished, replace_headers, tee
from freshpage.performing import run, run_async, tell
from freshpage.renewals import anonymous_environ, anonymous_scope
from freshpage.request import COOKIE
from freshpage.runtime import Runtime, runtime_or_none
from freshpage.tracking.record import Record, current, recording
from freshpage.tracking.request_reads import notes_of, watch
from freshpage.visitor import MetaRequest, active, meta_name

GetResponse = Callable[[HttpRequest], Any]


# Raised by views, these are no failures: the site answers them (django.core.handlers.exception).
_REFUSING = (Http404, PermissionDenied, SuspiciousOperation, BadRequest, MultiPartParserError)

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
        if answer.renew is not None:
            _renew(runtime, request, get_response, answer.renew)
        return _handed_up(as_response(answer), inside)
    return _rendered(runtime, exchange, request, get_response, inside)


def _rendered(
    runtime: Runtime,
    exchange: Exchange,
    request: HttpRequest,
    get_response: GetResponse,
    inside: bool,
) -> HttpResponseBase:
    for _ in range(2):
        _watch(request, exchange)
        try:
            with recording(exchange.record), _Conditions(request, exchange):
                response = get_response(request)
        except _REFUSING as refused:
            run(exchange.refused(_status(refused)), exchange.store)
            raise
        except Exception:
            instead = exchange.failed()
            if instead is None:
                raise
            return _handed_up(as_response(instead), inside)
        except BaseException:
            exchange.abandon()
            raise
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
        if answer.renew is not None:
            _renew_async(runtime, request, get_response, answer.renew)
        return _handed_up(as_response(answer), inside)
    return await _rendered_async(runtime, exchange, request, get_response, inside)


async def _rendered_async(
    runtime: Runtime,
    exchange: Exchange,
    request: HttpRequest,
    get_response: GetResponse,
    inside: bool,
) -> HttpResponseBase:
    for _ in range(2):
        _watch(request, exchange)
        try:
            with recording(exchange.record), _Conditions(request, exchange):
                response = await get_response(request)
        except _REFUSING as refused:
            await run_async(exchange.refused(_status(refused)), exchange.store)
            raise
        except Exception:
            instead = exchange.failed()
            if instead is None:
                raise
            return _handed_up(as_response(instead), inside)
        except BaseException:
            exchange.abandon()
            raise
        if not getattr(response, "is_rendered", True):
            return _rendered_later(runtime, exchange, request, response)
        _judge(exchange, request, response, inside)
        if not exchange.again:
            break
        response.close()
    if exchange.keep and response.streaming:
        return tee(runtime, exchange, response)
    steps = exchange.complete(body_of(exchange, response))
    return _handed_up(finished(response, await run_async(steps, exchange.store)), inside)


def _status(refused: Exception) -> int:
    """What the site answers where a view raises this."""
    if isinstance(refused, Http404):
        return 404
    return 403 if isinstance(refused, PermissionDenied) else 400


def _renew(
    runtime: Runtime, request: HttpRequest, get_response: GetResponse, axes: tuple[str, ...]
) -> None:
    """Have a page rendered anew, for nobody, on a thread of its own."""
    try:
        asked = WSGIRequest(anonymous_environ(dict(cast(WSGIRequest, request).environ), axes))
        visitor = MetaRequest.from_django(asked, runtime.rules)
        exchange = Exchange(runtime, visitor, renewing=True)
    except Exception as fault:
        tell("a page could not be rendered anew", fault)
        return

    def render() -> None:
        if run(exchange.renewal(), exchange.store):
            response = _rendered(runtime, exchange, asked, get_response, inside=False)
            for _ in response:
                pass
            response.close()

    runtime.renewals.on_a_thread(exchange.page, render)


def _renew_async(
    runtime: Runtime, request: HttpRequest, get_response: GetResponse, axes: tuple[str, ...]
) -> None:
    """The same in a task of its own."""
    try:
        asked = ASGIRequest(anonymous_scope(cast(ASGIRequest, request).scope, axes), BytesIO())
        visitor = MetaRequest.from_django(asked, runtime.rules)
        exchange = Exchange(runtime, visitor, renewing=True)
    except Exception as fault:
        tell("a page could not be rendered anew", fault)
        return

    async def render() -> None:
        if await run_async(exchange.renewal(), exchange.store):
            response = await _rendered_async(runtime, exchange, asked, get_response, inside=False)
            async for _ in _parts_of(response):
                pass
            response.close()

    runtime.renewals.in_a_task(exchange.page, render)


async def _parts_of(response: HttpResponseBase) -> AsyncIterator[bytes]:
    if getattr(response, "is_async", False):
        async for part in response:  # type: ignore[attr-defined]
            yield part
    else:
        for part in response:
            yield part


def _handed_up(response: HttpResponseBase, inside: bool) -> HttpResponseBase:
    """A response on its way: middleware above a view may still change the body's length."""
    if inside:
        del response.headers["Content-Length"]
    return response


def _kept(runtime: Runtime, exchange: Exchange, response: Any) -> HttpResponseBase:
    if exchange.keep and response.streaming:
        return tee(runtime, exchange, response)
    return finished(response, run(exchange.complete(body_of(exchange, response)), exchange.store))


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
    visitor = MetaRequest.from_django(request, runtime.rules)
    return Exchange(runtime, visitor, outermost=True)


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
