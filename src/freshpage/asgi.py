"""The ASGI front door: ``application = PageCache(get_asgi_application())``.

Only ``http`` scopes are ours; lifespan and websockets pass through.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from freshpage.engine import Answer, Head
from freshpage.exchange import CONDITIONS, Exchange
from freshpage.incoming import ScopeRequest
from freshpage.outcome import raw
from freshpage.performing import run_async, tell
from freshpage.renewals import anonymous_scope
from freshpage.runtime import Runtime, made, runtime_or_none
from freshpage.tracking.record import recording

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class PageCache:
    """An ASGI application that answers from the cache, and asks ``application`` otherwise.

    :param application: the ASGI application to be cached.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        runtime = (made("") or runtime_or_none()) if scope["type"] == "http" else None
        if runtime is None:
            return await self.application(scope, receive, send)
        try:
            request = ScopeRequest(scope, runtime.rules)
            hot = runtime.repeats.find(request, time.time())
            if hot is None:
                exchange = Exchange(runtime, request, outermost=True)
        except Exception as fault:
            tell("a request could not be read", fault)
            return await self.application(scope, receive, send)
        if hot is not None:  # as _send does: without one more coroutine
            head, body = _messages(hot)
            await send(head)
            return await send(body)
        answer = await run_async(exchange.lookup(), exchange.store)
        if answer is None:
            return await self._render(runtime, exchange, scope, receive, send)
        if answer.renew is not None:
            self._renew(runtime, scope, answer.renew)
        return await _send(answer, send)

    async def _render(
        self, runtime: Runtime, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        for asking in (_noting_bodies(receive, exchange), _nothing_before(receive)):
            response = _Response(runtime, exchange, send)
            try:
                with recording(exchange.record):
                    await self.application(_asked(scope, exchange), asking, response.send)
            except Exception:
                instead = None if response.has_begun else exchange.failed()
                if instead is None:
                    raise
                await _send(instead, send)
            finally:
                # not in the application's own task: Django cancels it once the answer is out
                await run_async(exchange.settle(), exchange.store)
                if not response.again:
                    exchange.abandon()  # if it has not ended well
            if not response.again:
                break

    def _renew(self, runtime: Runtime, scope: Scope, axes: tuple[str, ...]) -> None:
        """Have a page rendered anew, for nobody, in a task of its own."""
        try:
            asked = anonymous_scope(scope, axes)
            request = ScopeRequest(asked, runtime.rules)
            exchange = Exchange(runtime, request, renewing=True)
        except Exception as fault:
            tell("a page could not be rendered anew", fault)
            return

        async def render() -> None:
            if await run_async(exchange.renewal(), exchange.store):
                asking = _nothing_before(_stays)
                await self._render(runtime, exchange, asked, asking, _swallow)

        runtime.renewals.in_a_task(exchange.page, render)


async def _send(answer: Answer, send: Send) -> None:
    for message in _messages(answer):
        await send(message)


def _messages(answer: Answer) -> tuple[Message, Message]:
    # a copy: whoever stands outside of us may add to it, and the answer is given again
    headers = answer.raw_headers.copy()
    return (
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.body},
    )


def _asked(scope: Scope, exchange: Exchange) -> Scope:
    """What the application is asked: the visitor's conditions are judged by us."""
    conditions = exchange.conditions
    if conditions is None:
        return scope
    names = {name.encode() for name in CONDITIONS}
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in names]
    return {**scope, "headers": [*kept, *raw(conditions)]}


class _Response:
    """The application's messages on their way to the visitor.

    The head is held back until the first part of the body tells whether all of it is there:
    a whole response is answered from its entry, a stream goes out as it comes.
    """

    def __init__(self, runtime: Runtime, exchange: Exchange, send: Send) -> None:
        self._runtime = runtime
        self._exchange = exchange
        self._send = send
        self._start: Message | None = None  # held back
        self._waits = False  # the body comes in several parts, and we wait for the last
        self._kept: list[bytes] | None = None
        self._size = 0
        self.again = False
        self.has_begun = False  # the visitor has got some of it

    async def send(self, message: Message) -> None:
        """What the application calls in place of the server's send."""
        if self.again:
            return
        if message["type"] == "http.response.start":
            await self._head(message)
        elif message["type"] == "http.response.body":
            await self._body(message)
        else:
            await self._send(message)

    async def _head(self, message: Message) -> None:
        exchange = self._exchange
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in message.get("headers", ())
        ]
        head = Head(message["status"], _reason(message["status"]), tuple(fields))
        headers = exchange.receive(head)
        self.again = exchange.again
        if self.again:
            return
        self._start = {**message, "headers": raw(headers)}
        if exchange.keep:
            self._kept = []
            stated = {name.lower(): value for name, value in fields}.get("content-length", "")
            self._waits = (
                stated.isdecimal() and int(stated) <= self._runtime.settings.max_body_bytes
            )

    async def _body(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None and await self._answered(body, more):
            return
        await self._keep(body)
        if not more and self._kept is not None:
            # Before the last part, so that whoever has the whole page may find it stored.
            kept, self._kept = b"".join(self._kept), None
            await run_async(self._exchange.complete(kept), self._exchange.store)
        self.has_begun = True
        await self._send(message)

    async def _answered(self, body: bytes, more: bool) -> bool:
        """Deal with a body whose head is held back; False: it goes out as it comes."""
        if self._kept is not None and (self._waits or not more):
            self._kept.append(body)
            if more:
                return True
            whole, self._kept = b"".join(self._kept), None
            completing = self._exchange.complete(whole, settles=True)
            answer = await run_async(completing, self._exchange.store)
            body = whole
        elif self._kept is None:
            answer = await run_async(self._exchange.complete(b""), self._exchange.store)
        else:
            answer = None
        start, self._start = self._start, None
        self.has_begun = True
        if answer is not None:
            await _send(answer, self._send)
            self._send = _swallow  # the rest of a body that is not wanted
            return True
        assert start is not None
        await self._send(start)
        if self._kept is None and not more:
            await self._send({"type": "http.response.body", "body": body})
            return True
        return False

    async def _keep(self, body: bytes) -> None:
        self._size += len(body)
        if self._kept is None:
            return
        if self._size > self._runtime.settings.max_body_bytes:
            self._kept = None
            await run_async(self._exchange.too_large(), self._exchange.store)
        else:
            self._kept.append(body)


def _noting_bodies(receive: Receive, exchange: Exchange) -> Receive:
    """The same receive; a body that no field announced (HTTP/2 allows it) is its visitor's own."""

    async def noted() -> Message:
        message = await receive()
        if message.get("body") and exchange.record is not None:
            exchange.record.refuse("body")
        return message

    return noted


def _nothing_before(receive: Receive) -> Receive:
    """The receive of a request that is asked a second time: its empty body was read already."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _stays() -> Message:
    """The receive of a visitor who says nothing more, and does not go away."""
    forever: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await forever


async def _swallow(message: Message) -> None:
    """Take a message nobody waits for."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
