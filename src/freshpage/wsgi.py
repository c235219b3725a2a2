"""The WSGI front door: ``application = PageCache(get_wsgi_application())``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from freshpage.engine import Answer, Head
from freshpage.exchange import CONDITIONS, Exchange
from freshpage.incoming import WsgiRequest
from freshpage.performing import run, tell
from freshpage.renewals import anonymous_environ
from freshpage.runtime import Runtime, made, runtime_or_none
from freshpage.tracking.record import recording
from freshpage.visitor import meta_name

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class PageCache:
    """A WSGI application that answers from the cache, and asks ``application`` otherwise.

    :param application: the WSGI application to be cached.
    """

    def __init__(self, application: Callable[[Environ, StartResponse], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        runtime = made("") or runtime_or_none()
        if runtime is None:
            return self.application(environ, start_response)
        try:
            request = WsgiRequest(environ, runtime.rules)
            hot = runtime.repeats.find(request, time.time())
            if hot is None:
                exchange = Exchange(runtime, request, outermost=True)
        except Exception as fault:
            tell("a request could not be read", fault)
            return self.application(environ, start_response)
        if hot is not None:
            return _send(hot, start_response)
        answer = run(exchange.lookup(), exchange.store)
        if answer is None:
            return self._render(runtime, exchange, environ, start_response)
        if answer.renew is not None:
            self._renew(runtime, environ, answer.renew)
        return _send(answer, start_response)

    def _render(
        self,
        runtime: Runtime,
        exchange: Exchange,
        environ: Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        try:
            response = _Response(self.application, exchange, environ)
            headers = exchange.receive(response.head)
            if exchange.again:
                response.close()
                response = _Response(self.application, exchange, environ)
                headers = exchange.receive(response.head)
            if exchange.keep and not response.at_once:
                start_response(response.status, list(headers), *response.exc_info)
                return _Tee(runtime, exchange, response)
            body = b"".join(response) if exchange.keep else b""
        except Exception:
            instead = exchange.failed()
            if instead is None:
                raise
            return _send(instead, start_response)
        except BaseException:
            exchange.abandon()
            raise
        answer = run(exchange.complete(body, settles=True), exchange.store)
        if answer is not None:
            return _Answered(_send(answer, start_response), exchange, response)
        start_response(response.status, list(headers), *response.exc_info)
        if exchange.keep:
            return _Closing([body], response.close)
        return response.unread()

    def _renew(self, runtime: Runtime, environ: Environ, axes: tuple[str, ...]) -> None:
        """Have a page rendered anew, for nobody, on a thread of its own."""
        try:
            asked = anonymous_environ(environ, axes)
            exchange = Exchange(runtime, WsgiRequest(asked, runtime.rules), renewing=True)
        except Exception as fault:
            tell("a page could not be rendered anew", fault)
            return

        def render() -> None:
            if run(exchange.renewal(), exchange.store):
                parts = self._render(runtime, exchange, asked, lambda *_: None)
                try:
                    for _ in parts:
                        pass
                finally:
                    close = getattr(parts, "close", None)
                    if close is not None:
                        close()

        runtime.renewals.on_a_thread(exchange.page, render)


def _send(answer: Answer, start_response: StartResponse) -> list[bytes]:
    # a copy: whoever stands outside of us may add to it, and the answer is given again
    start_response(answer.line, answer.headers.copy())
    return [answer.body]


def _asked(environ: Environ, exchange: Exchange) -> Environ:
    """What the application is asked: the visitor's conditions are judged by us."""
    conditions = exchange.conditions
    if conditions is None:
        return environ
    environ = environ.copy()
    for name in CONDITIONS:
        environ.pop(meta_name(name), None)
    for name, value in conditions:
        environ[meta_name(name.lower())] = value
    return environ


class _Response:
    """What the application answers: its head at once, its body when it is read."""

    def __init__(
        self,
        application: Callable[[Environ, StartResponse], Iterable[bytes]],
        exchange: Exchange,
        environ: Environ,
    ) -> None:
        self.status = ""
        self.exc_info: tuple[Any, ...] = ()
        self._headers: list[tuple[str, str]] = []
        self._written: list[bytes] = []
        self._record = exchange.record
        with recording(self._record):
            self._result = application(_asked(environ, exchange), self._start)
        self._parts: Iterator[bytes] | None = None
        if not self.status:  # allowed by PEP 3333: the head comes with the first part
            self._read_first()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self._headers = status, headers
        self.exc_info = (exc_info,) if exc_info else ()
        return self._written.append

    def _read_first(self) -> None:
        self._parts = iter(self._result)
        with recording(self._record):
            first = next(self._parts, b"")
        if not self.status:
            raise AssertionError("the application sent a body before its head")
        self._written.append(first)

    @property
    def head(self) -> Head:
        code, _, reason = self.status.partition(" ")
        return Head(int(code), reason, tuple(self._headers))

    @property
    def at_once(self) -> bool:
        """Whether the whole body is there, so that reading it delays nothing."""
        if isinstance(self._result, list | tuple):
            return True
        return getattr(self._result, "streaming", True) is False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._written
        parts = self._parts if self._parts is not None else iter(self._result)
        while True:
            with recording(self._record):
                try:
                    part = next(parts)
                except StopIteration:
                    return
            yield part

    def unread(self) -> Iterable[bytes]:
        """The application's own iterable, for the server to treat as it likes."""
        if self._written or self._parts is not None:
            return _Closing(self, self.close)
        return self._result

    def close(self) -> None:
        close = getattr(self._result, "close", None)
        if close is not None:
            close()


class _Closing:
    """An iterable with the application's close()."""

    def __init__(self, parts: Iterable[bytes], close: Callable[[], None]) -> None:
        self._parts = parts
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)


class _Answered:
    """A miss's answer: what is left to do is done when it is closed, which is when the
    visitor has it; or when it is dropped, by a server or middleware that never closes it.
    """

    def __init__(self, parts: Iterable[bytes], exchange: Exchange, response: _Response) -> None:
        self._parts = parts
        self._exchange = exchange
        self._response = response

    def close(self) -> None:
        try:
            self._settle()
        finally:
            self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def __del__(self) -> None:
        self._settle()

    def _settle(self) -> None:
        try:
            run(self._exchange.settle(), self._exchange.store)
        finally:
            self._exchange.abandon()  # if that was interrupted


class _Tee:
    """A stream on its way out, stored when it has ended well and is not too large."""

    def __init__(self, runtime: Runtime, exchange: Exchange, response: _Response) -> None:
        self._runtime = runtime
        self._exchange = exchange
        self._response = response

    def close(self) -> None:
        self._exchange.abandon()  # if it has not ended well
        self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        kept: list[bytes] | None = []
        size = 0
        for part in self._response:
            size += len(part)
            if size > self._runtime.settings.max_body_bytes:
                if kept is not None:
                    run(self._exchange.too_large(), self._exchange.store)
                kept = None
            elif kept is not None:
                kept.append(part)
            yield part
        if kept is not None:
            run(self._exchange.complete(b"".join(kept)), self._exchange.store)
