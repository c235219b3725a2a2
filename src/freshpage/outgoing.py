"""Django responses on their way out: made of an answer, or kept as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from freshpage.engine import Answer
from freshpage.exchange import Exchange
from freshpage.http.fields import Headers
from freshpage.performing import run, run_async
from freshpage.runtime import Runtime
from freshpage.tracking.record import recording


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


def body_of(exchange: Exchange, response: HttpResponseBase) -> bytes:
    """A response's body, if it is wanted."""
    return cast(HttpResponse, response).content if exchange.keep else b""


def finished(response: HttpResponseBase, answer: Answer | None) -> HttpResponseBase:
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


def tee(runtime: Runtime, exchange: Exchange, response: Any) -> HttpResponseBase:
    """A stream on its way out, stored when it has ended well and is not too large."""
    kept = _Kept(runtime.settings.max_body_bytes)
    stream = response.streaming_content
    response._resource_closers.append(exchange.abandon)  # if it does not end well
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

    def add(self, part: bytes) -> bool:
        """Keep a part; False: there is no room for it."""
        self._room -= len(part)
        if self._room < 0:
            self.parts = None
        elif self.parts is not None:
            self.parts.append(part)
        return self.parts is not None


def _parts(
    runtime: Runtime, exchange: Exchange, kept: _Kept, stream: Iterator[bytes]
) -> Iterator[bytes]:
    while True:
        with recording(exchange.record):
            part = next(stream, None)
        if part is None:
            break
        if not kept.add(part):
            run(exchange.too_large(), exchange.store)
        yield part
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
        if not kept.add(part):
            await run_async(exchange.too_large(), exchange.store)
        yield part
    if kept.parts is not None:
        await run_async(exchange.complete(b"".join(kept.parts)), exchange.store)
