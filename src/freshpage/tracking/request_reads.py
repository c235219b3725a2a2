"""What a render reads from the visitor's request, written into its record as axes.

A watched request has mappings that note what is asked of them. Django's own machinery looks
at cookies and headers of every request, whatever the page; that is not the page's read. What
the page gets of it is noted where it is handed out: a language, a session.
"""

from __future__ import annotations

import sys
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.request import HttpHeaders

from freshpage.request import COOKIE, HEADER, LANGUAGE, META, WHOLE_QUERY
from freshpage.tracking.record import Record, current
from freshpage.tracking.watched_mappings import (
    WatchedCookies,
    WatchedHeaders,
    WatchedMeta,
    WatchedQuery,
)

# Nobody else has these, so a page made from one of them is its visitor's alone.
_UNKEYABLE = {
    "REMOTE_ADDR": "client-address",
    "REMOTE_HOST": "client-address",
    "REMOTE_PORT": "client-address",
    "REMOTE_USER": "user",
    "wsgi.input": "body",
}
# Part of every key already.
_IN_KEY = frozenset({"HTTP_HOST", "PATH_INFO", "SCRIPT_NAME", "REQUEST_METHOD", "wsgi.url_scheme"})
# These look at every request for their own ends. What they find shows elsewhere: a CSRF token
# sets its cookie, a session is marked as accessed, a condition is judged by us.
_MACHINERY = frozenset(
    {
        "django.core.handlers.asgi",
        "django.core.handlers.wsgi",
        "django.contrib.sessions.middleware",
        "django.middleware.common",
        "django.middleware.csrf",
        "django.middleware.http",
        "django.utils.cache",
    }
)
_LANGUAGE_CHOICE = "django.utils.translation.trans_real"


class Notes:
    """Writes what is read from one request into its record, or that of the part that reads."""

    __slots__ = ("_swept", "_whole")

    def __init__(self, record: Record) -> None:
        self._whole = record
        self._swept: set[str] = set()  # modules that read all fields

    @property
    def _record(self) -> Record:
        return current() or self._whole

    def meta(self, key: str, module: str) -> None:
        """META's ``key`` was read by a module."""
        if key in _IN_KEY or module in _MACHINERY:
            return
        if key in _UNKEYABLE:
            self._record.refuse(_UNKEYABLE[key])
        elif key == "QUERY_STRING":
            self._record.vary(WHOLE_QUERY)
        elif module in self._swept:
            return
        elif key.startswith("HTTP_") or key in HttpHeaders.UNPREFIXED_HEADERS:
            self._header(key, module)
        else:
            self._record.vary(META + key)

    def _header(self, key: str, module: str) -> None:
        if key in _decide_the_origin():
            return
        if key == "HTTP_ACCEPT_LANGUAGE" and module == _LANGUAGE_CHOICE:
            self._record.vary(LANGUAGE)
        else:
            self._record.vary(HEADER + key.removeprefix("HTTP_").replace("_", "-").lower())

    def cookie(self, name: str, module: str) -> None:
        """A cookie was read by a module."""
        if module in _MACHINERY:
            return
        if module == _LANGUAGE_CHOICE:
            self._record.vary(LANGUAGE)
        else:
            self._record.vary(COOKIE + name)

    def query(self, axis: str) -> None:
        """A query parameter was read, or all of them."""
        self._record.vary(axis)

    def everything(self, what: str, module: str) -> None:
        """All of a mapping was read by a module, as by a view that forwards or logs it.

        What in it mattered can't be told from this, nor from what the module reads of it by
        name, so the response's own word decides.
        """
        record = self._record
        record.doubt = record.doubt or f"all-{what}"
        self._swept.add(module)
        if what == "meta":
            record.vary(WHOLE_QUERY)


@lru_cache(maxsize=1)
def _decide_the_origin() -> frozenset[str]:
    """The META keys that decide scheme and host, which are in the key."""
    proxy = django_settings.SECURE_PROXY_SSL_HEADER
    forwarded = {"HTTP_X_FORWARDED_HOST"} if django_settings.USE_X_FORWARDED_HOST else set()
    return frozenset(forwarded | ({proxy[0]} if proxy else set()))


class _Watched:
    """Mixed into a request's class: mappings that are made when they are first asked for."""

    @cached_property
    def GET(self) -> WatchedQuery:
        plain = super().GET  # type: ignore[misc]
        return WatchedQuery.around(plain, self.META.notes)  # type: ignore[attr-defined]

    @cached_property
    def COOKIES(self) -> WatchedCookies:
        plain = super().COOKIES  # type: ignore[misc]
        return WatchedCookies.around(plain, self.META.notes)  # type: ignore[attr-defined]

    @cached_property
    def headers(self) -> WatchedHeaders:
        meta = self.META  # type: ignore[attr-defined]
        return WatchedHeaders(meta.unwatched(), meta.notes)


_classes: dict[type[HttpRequest], type[HttpRequest]] = {}


def _watched_class(cls: type[HttpRequest]) -> type[HttpRequest]:
    made = _classes.get(cls)
    if made is None:
        made = type(cls.__name__, (_Watched, cls), {"__module__": cls.__module__})
        _classes[cls] = made
    return made


def watch(request: HttpRequest, record: Record) -> None:
    """Have ``record`` note what is read from ``request`` from now on."""
    if isinstance(request.META, WatchedMeta):
        return
    notes = Notes(record)
    held: dict[str, Any] = request.__dict__
    held["META"] = watched = WatchedMeta.around(request.META, notes)
    if "environ" in held:
        held["environ"] = watched
    held.pop("headers", None)
    if isinstance(held.get("GET"), dict):
        held["GET"] = WatchedQuery.around(held["GET"], notes)
    if isinstance(held.get("COOKIES"), dict):
        held["COOKIES"] = WatchedCookies.around(held["COOKIES"], notes)
    request.__class__ = _watched_class(type(request))
    if "charset" in (request.content_params or {}):
        # a charset sent with a GET rules how its query is decoded
        record.vary(HEADER + "content-type")
    record.watched = True


def _note_session(session: SessionBase) -> None:
    """A session was looked into."""
    record = current()
    if record is None:
        return
    if session.__dict__.get("_SessionBase__session_key") is not None:
        record.refuse("session")
    else:
        # an empty session: what everybody has who comes without its cookie
        record.vary(COOKIE + django_settings.SESSION_COOKIE_NAME)


def watch_sessions() -> None:
    """Have every session note when it is looked into."""
    if isinstance(SessionBase.__dict__.get("accessed"), property):
        return

    def get_accessed(self: SessionBase) -> bool:
        return bool(self.__dict__.get("accessed", False))

    def set_accessed(self: SessionBase, value: bool) -> None:
        self.__dict__["accessed"] = value
        if value:
            _note_session(self)

    key = SessionBase.session_key

    def get_key(self: SessionBase) -> str | None:
        if not sys._getframe(1).f_globals.get("__name__", "").startswith("django.contrib.sessions"):
            _note_session(self)
        return key.fget(self)  # type: ignore[attr-defined,no-any-return]

    SessionBase.accessed = property(get_accessed, set_accessed)  # type: ignore[assignment]
    SessionBase.session_key = property(get_key)  # type: ignore[assignment]
