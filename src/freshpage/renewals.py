"""Renders behind a visitor's back: a few at a time, one a page, never for who asked.

What is asked again is anonymous: of the visitor's fields only those are left that the page
is known to depend on (its axes), so nothing of his can get into it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Collection
from contextvars import Context
from io import BytesIO
from typing import Any

from django.conf import settings
from django.db import connections

from freshpage.request import COOKIE, HEADER, LANGUAGE, META, VARY, vary_of
from freshpage.visitor import meta_name

AT_ONCE = 4  # renewals of a process; more are dropped: the next visitor asks again

logger = logging.getLogger("freshpage")

# What tells where a request was for, beside Host.
_FORWARDED = frozenset({"host", "x-forwarded-host", "x-forwarded-port"})
# What a server says of a request that is no visitor's own (PEP 3333; ASGI's HTTP scope). What
# others have put beside it, as an identity or a session, is left out unless it is in the key.
_ENVIRON = frozenset(
    {"SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"}
    | {"SERVER_PROTOCOL", "SERVER_SOFTWARE", "HTTPS", "REQUEST_SCHEME"}
    | {"RAW_URI", "REQUEST_URI", "SCRIPT_URL", "REDIRECT_URL"}
)
_SCOPE = frozenset(
    {"type", "asgi", "http_version", "scheme", "path", "raw_path", "query_string"}
    | {"root_path", "server"}
)
_PERSONAL = ("REMOTE_", "SSL_CLIENT_", "AUTH_TYPE", "HTTP_AUTHORIZATION")  # in the key or not
_NOBODY = "0.0.0.0"  # noqa: S104 (no address at all)


class Renewals:
    """The renewals of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: set[bytes] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pid = os.getpid()

    def begin(self, page: bytes) -> bool:
        """Whether a page may be rendered anew now: nobody does, and there is room."""
        if self._pid != os.getpid():  # the parent's renewals are not ours
            self._lock, self._pages, self._pid = threading.Lock(), set(), os.getpid()
        with self._lock:
            if page in self._pages or len(self._pages) >= AT_ONCE:
                return False
            self._pages.add(page)
            return True

    def under_way(self) -> int:
        """How many there are."""
        return len(self._pages)

    def end(self, page: bytes) -> None:
        """What was begun has ended."""
        with self._lock:
            self._pages.discard(page)

    def on_a_thread(self, page: bytes, render: Callable[[], object]) -> None:
        """Render a page anew on a thread of its own, if that may be."""
        if not self.begin(page):
            return

        def act() -> None:
            try:
                render()
            except Exception:
                logger.exception("a page could not be rendered anew")
            finally:
                self.end(page)
                connections.close_all()

        try:
            threading.Thread(target=act, name="freshpage-renewal", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is going down
            self.end(page)

    def in_a_task(self, page: bytes, render: Callable[[], Awaitable[object]]) -> None:
        """Render a page anew in a task of its own, if that may be."""
        if not self.begin(page):
            return

        async def act() -> None:
            try:
                await render()
            except Exception:
                logger.exception("a page could not be rendered anew")
            finally:
                self.end(page)

        # with a context of its own: what the visitor's task has set is not the page's
        task = asyncio.get_running_loop().create_task(act(), context=Context())
        self._tasks.add(task)  # the loop itself keeps none alive
        task.add_done_callback(self._tasks.discard)


def anonymous_environ(environ: dict[str, Any], axes: Collection[str]) -> dict[str, Any]:
    """A WSGI environ that asks for the same variant of the same page, for nobody."""
    names = {meta_name(name) for name in _kept_fields(axes)} - {"HTTP_COOKIE", "CONTENT_LENGTH"}
    names |= {axis.removeprefix(META) for axis in axes if axis.startswith(META)} | _ENVIRON
    kept = {
        key: value
        for key, value in environ.items()
        if (key in names and not key.startswith(_PERSONAL)) or key.startswith("wsgi.")
    }
    cookie = _kept_cookies(environ.get("HTTP_COOKIE", ""), axes)
    if cookie:
        kept["HTTP_COOKIE"] = cookie
    nothing = {"wsgi.input": BytesIO(), "REQUEST_METHOD": "GET", "REMOTE_ADDR": _NOBODY}
    return {**kept, **nothing}


def anonymous_scope(scope: Any, axes: Collection[str]) -> dict[str, Any]:
    """An ASGI scope that asks for the same variant of the same page, for nobody."""
    names = {name.encode() for name in _kept_fields(axes)} - {b"cookie"}
    fields = [(name, value) for name, value in scope["headers"] if name.lower() in names]
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    cookie = _kept_cookies("; ".join(lines), axes)
    if cookie:
        fields.append((b"cookie", cookie.encode("latin-1")))
    return {
        **{key: value for key, value in scope.items() if key in _SCOPE},
        "method": "GET",
        "headers": fields,
        "client": (_NOBODY, 0),
    }


def _kept_fields(axes: Collection[str]) -> set[str]:
    kept = {name.lower() for name in vary_of(axes)} | _FORWARDED
    if settings.SECURE_PROXY_SSL_HEADER:
        kept.add(
            settings.SECURE_PROXY_SSL_HEADER[0].removeprefix("HTTP_").replace("_", "-").lower()
        )
    return kept - {"authorization"}


def _kept_cookies(field: str, axes: Collection[str]) -> str:
    """The cookies that the page depends on; never a session's."""
    names = {axis.removeprefix(COOKIE) for axis in axes if axis.startswith(COOKIE)}
    if LANGUAGE in axes:
        names.add(settings.LANGUAGE_COOKIE_NAME)
    whole = not {HEADER + "cookie", VARY + "cookie"}.isdisjoint(axes)
    pairs = [pair.strip() for pair in field.split(";")]
    kept = [
        pair
        for pair in pairs
        if (whole or pair.partition("=")[0].strip() in names)
        and pair.partition("=")[0].strip() != settings.SESSION_COOKIE_NAME
    ]
    return "; ".join(kept)
