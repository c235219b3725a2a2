"""Which read of a request is which axis of the page, and which makes it private.

Django's own machinery looks at cookies and headers of every request, whatever the page; that
is not the page's read. What the page gets of it is noted where it is handed out: a language,
a session, a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType
from typing import Any

from django.conf import settings as django_settings
from django.http.request import HttpHeaders

from freshpage.http.fields import is_token
from freshpage.request import (
    COOKIE,
    HEADER,
    INTERNAL,
    LANGUAGE,
    META,
    TAKES_GZIP,
    TURNED_AWAY,
    WHOLE_QUERY,
)
from freshpage.tracking.record import Record, current
from freshpage.tracking.watched_mappings import WatchedMeta

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
# These ask a question of a field, and pages differ by its answer only.
_LANGUAGES = "django.utils.translation.trans_real"
_QUESTIONS = {
    (_LANGUAGES, "HTTP_ACCEPT_LANGUAGE"): LANGUAGE,
    ("django.middleware.gzip", "HTTP_ACCEPT_ENCODING"): TAKES_GZIP,
    ("django.template.context_processors", "REMOTE_ADDR"): INTERNAL,
}
# Who sends one of these is the only one who has it, so a page made from it is his alone.
_UNKEYABLE = {
    "REMOTE_ADDR": "client-address",
    "REMOTE_HOST": "client-address",
    "REMOTE_PORT": "client-address",
    "HTTP_X_FORWARDED_FOR": "client-address",
    "HTTP_X_REAL_IP": "client-address",
    "HTTP_FORWARDED": "client-address",
    "HTTP_CF_CONNECTING_IP": "client-address",
    "HTTP_TRUE_CLIENT_IP": "client-address",
    "REMOTE_USER": "user",
    "wsgi.input": "body",
}
_SECRETS = frozenset({"CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE"})
# In the key already, as Django has decoded them; or judged by us, and not shown to the site.
_NOT_READ = frozenset(
    {"PATH_INFO", "SCRIPT_NAME", "REQUEST_METHOD", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"}
)
_REQUESTS = "django.http.request"
# What stands between a request's mappings and whoever asks.
_BETWEEN = frozenset(
    {_REQUESTS, "django.utils.datastructures"}
    | {"freshpage.tracking.request_reads", "freshpage.tracking.watched_mappings"}
)
_ABSENT = object()


class Notes:
    """Writes what is read from one request into its render's record, or that of the part of
    the render that reads.

    ``whole``: the render's record.

    :param meta: as the application got it; where something between the door and here wrote
        to it, the door has other values.
    """

    __slots__ = ("_origin", "_swept", "meta", "observers", "sent", "whole")

    def __init__(self, record: Record, meta: dict[str, Any]) -> None:
        self.whole = record
        self.sent: Mapping[str, Any] = getattr(record.sent, "meta", meta)
        self.meta = WatchedMeta.around(meta, self)
        self.observers = _observers()
        self._origin = _origin_keys()
        self._swept: set[str] = set()  # modules that read all fields

    @property
    def record(self) -> Record:
        """Where to note what is read here."""
        record = current()
        return self.whole if record is None or record.apart else record

    def field(self, key: str, reader: FrameType) -> None:
        """META's ``key`` was read."""
        module = _module(reader)
        if key in _NOT_READ or (module == _REQUESTS and key in self._origin):
            return
        if module in _MACHINERY:
            if key == "HTTP_USER_AGENT" and django_settings.DISALLOWED_USER_AGENTS:
                self.record.vary(TURNED_AWAY)
            return
        if key in _SECRETS:
            self._secret(key)
            return
        if self._observes(reader) or self._was_changed(key):
            return
        question = _QUESTIONS.get((module, key))
        if question is not None:
            self.record.vary(question)
        elif key in _UNKEYABLE and dict.__contains__(self.meta, key):
            self.record.refuse(_UNKEYABLE[key])
        elif key == "QUERY_STRING":
            self.record.vary(WHOLE_QUERY)
        elif module not in self._swept:
            self._vary_on(key)

    def _secret(self, key: str) -> None:
        """CsrfViewMiddleware has put its secret here, if the visitor has one."""
        if dict.get(self.meta, key):
            self.record.refuse("csrf")
        elif django_settings.CSRF_USE_SESSIONS:
            self.record.vary(COOKIE + django_settings.SESSION_COOKIE_NAME)
        else:
            self.record.vary(COOKIE + django_settings.CSRF_COOKIE_NAME)

    def _vary_on(self, key: str) -> None:
        name = key.removeprefix("HTTP_").replace("_", "-").lower()
        if HttpHeaders.to_wsgi_name(name) != key:
            self.record.vary(META + key)
        elif is_token(name):  # of another name there is never a field
            self.record.vary(HEADER + name)

    def cookie(self, name: str, reader: FrameType) -> None:
        """A cookie was read."""
        module = _module(reader)
        if module in _MACHINERY or self._observes(reader) or self._was_changed("HTTP_COOKIE"):
            return
        if module == _LANGUAGES:
            self.record.vary(LANGUAGE)
        elif not self.record.varies(HEADER + "cookie"):
            self.record.vary(COOKIE + name)

    def query(self, axis: str, reader: FrameType) -> None:
        """A query parameter was read, or all of them."""
        if self._observes(reader) or self._was_changed("QUERY_STRING"):
            return
        if not self.record.varies(WHOLE_QUERY):
            self.record.vary(axis)

    def question(self, axis: str, key: str, reader: FrameType) -> None:
        """A question was asked of META's ``key``."""
        if not self._observes(reader) and not self._was_changed(key):
            self.record.vary(axis)

    def body(self, reader: FrameType, *, empty: bool) -> None:
        """The body was read."""
        if not self._observes(reader):
            if empty:  # most requests have none; one that has need not announce it
                self.record.doubt = self.record.doubt or "body"
            else:
                self.record.refuse("body")

    def everything(self, what: str, reader: FrameType) -> None:
        """All of a mapping was read, as by a view that forwards or logs it.

        What in it mattered can't be told from this, nor from what the same module reads of it
        by name, so the response's own word decides.
        """
        if _module(reader) in _MACHINERY or self._observes(reader):
            return
        record = self.record
        record.doubt = record.doubt or f"all-{what}"
        self._swept.add(_module(reader))
        if what == "meta":
            record.vary(WHOLE_QUERY)

    def written(self, key: str, value: Any, writer: FrameType) -> bool:
        """Whether a value of META was made from what is noted.

        What an observer or Django's machinery writes is not: they read without a note.
        """
        if key == "CSRF_COOKIE_NEEDS_UPDATE" and value:
            self.record.refuse("csrf")  # a token was handed out
        return _module(writer) not in _MACHINERY and not self._observes(writer)

    def _observes(self, frame: FrameType | None) -> bool:
        """Whether this is code whose reads are not the page's."""
        if not self.observers:
            return False
        while frame is not None and _module(frame) in _BETWEEN:
            frame = frame.f_back
        return frame is not None and is_below(_module(frame), self.observers)

    def _was_changed(self, key: str) -> bool:
        """Refuse the page if a value is not the one the door has in its key."""
        held, sent = dict.get(self.meta, key, _ABSENT), self.sent.get(key, _ABSENT)
        if held is sent or held == sent or self.meta.was_written(key):
            return False
        self.record.refuse("rewritten")
        return True


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def is_below(module: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a module is one of these, or in a package of them."""
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def _observers() -> tuple[str, ...]:
    """Modules whose reads are not the page's, as the site says."""
    given = getattr(django_settings, "FRESHPAGE", {})
    return tuple(given.get("OBSERVERS", ()))


def _origin_keys() -> frozenset[str]:
    """What scheme, host and path are made of, by Django's request: in the key already."""
    proxy = django_settings.SECURE_PROXY_SSL_HEADER
    forwarded = {"HTTP_X_FORWARDED_HOST"} if django_settings.USE_X_FORWARDED_HOST else set()
    return frozenset(forwarded | {"HTTP_HOST"} | ({proxy[0]} if proxy else set()))
