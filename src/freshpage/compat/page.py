"""A page on its way through one drop-in: looked up in a Django cache, rendered, kept there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings as django_settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from freshpage.compat.terms import TARGET, Terms
from freshpage.exchange import Exchange
from freshpage.http.fields import Headers, without
from freshpage.invalidating import after_commit
from freshpage.key import Part
from freshpage.outcome import Answer, Call, Head, Ticket
from freshpage.outgoing import as_response, replace_headers
from freshpage.performing import Steps, run, tell
from freshpage.request import COOKIE, LANGUAGE, TIMEZONE, WHOLE_QUERY
from freshpage.runtime import Runtime, keep_beside, runtime_or_none, site_settings
from freshpage.sequence import Sequence
from freshpage.settings import SettingError
from freshpage.tracking.record import Record, current
from freshpage.visitor import MetaRequest, active

# What Django's cache has in its keys beside URL and Vary.
_METHOD, _PREFIX = "drop-in:method", "drop-in:key-prefix"
_LANGUAGE, _TIMEZONE = "drop-in:language", "drop-in:timezone"
_AXES = (_METHOD, _PREFIX, _LANGUAGE, _TIMEZONE, WHOLE_QUERY)

# Conditions and ranges are left to whoever stands above: the whole page is asked for.
_NOT_ASKED = frozenset(
    {"HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE"}
    | {"HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE"}
)


def serve_alias(alias: str) -> str:
    """Have invalidations reach the pages in a Django cache; the name of its runtime."""
    name = f"django:{alias}"
    keep_beside(name, partial(_make_runtime, alias))
    return name


def _make_runtime(alias: str) -> Runtime:
    settings = replace(
        site_settings(),
        store=f"django:{alias}",
        edge_targets=targets(),
        # middleware above may still change the body
        own_etags=False,
        encodings=(),
    )
    backend = caches.settings.get(alias, {}).get("BACKEND")
    if backend == "django.core.cache.backends.dummy.DummyCache":
        # the way to have nothing cached: no fault to be told of
        settings = replace(settings, store="memory", memory_bytes=0)
    runtime = Runtime(settings)
    runtime.unwatched_axes = ()  # all there are is in _AXES
    return runtime


def targets() -> tuple[str, ...]:
    """The fields that rule us (RFC 9213)."""
    try:
        return (TARGET, *site_settings().edge_targets)
    except SettingError:  # said where the runtime is made
        return (TARGET,)


class Page:
    """What one drop-in knows of the page a request asks for.

    :param alias: of the Django cache.
    :param key_prefix: sets areas of it apart.
    """

    def __init__(self, alias: str, key_prefix: str) -> None:
        # Where a front door (or another drop-in) stands further out, the page is its to
        # keep, unless it could not tell this one's variants apart.
        self.door = current()
        self.record = Record(_AXES) if self.door is None else self.door
        self._alias = alias
        self._key_prefix = key_prefix
        self._refusal_for_door = ""
        self._runtime: Runtime | None = None
        self._exchange: Exchange | None = None
        self._sequences: tuple[Sequence | None, ...] = ()

    def begin(self) -> None:
        """Read the sequence, before anything reads what the page may show."""
        if self.door is None:
            runtime = runtime_or_none(serve_alias(self._alias))
            if runtime is not None:
                self._sequences = (run(_sequence(), runtime.store),)

    def look_up(self, request: HttpRequest) -> HttpResponse | None:
        """The page from the cache; None: it must be rendered."""
        self._exchange = None
        if self.door is not None:
            self._refusal_for_door = _what_a_door_lacks(self.door, self._key_prefix)
            if not self._refusal_for_door:
                return None
        # a page that was made for HEAD answers HEAD only
        for method in ("GET", "HEAD") if request.method == "HEAD" else ("GET",):
            answer = self._ask(request, method)
            if answer is not None:
                self._tell_door()
                return as_response(replace(answer, headers=list(_unmeasured(answer.headers))))
        return None

    def _ask(self, request: HttpRequest, method: str) -> Answer | None:
        self._runtime = runtime = runtime_or_none(serve_alias(self._alias))
        if runtime is None:
            return None
        try:
            visitor = _visitor(request, runtime, {_METHOD: method, _PREFIX: self._key_prefix})
        except Exception as fault:
            tell("a request could not be read", fault)
            return None
        self._exchange = Exchange(runtime, visitor)
        answer = run(self._exchange.lookup(), self._exchange.store)
        if self._exchange.ticket is not None:
            self._exchange.ticket = self._of_a_new_page(self._exchange.ticket)
        return answer

    def _of_a_new_page(self, ticket: Ticket) -> Ticket:
        """A ticket that asks for the whole page, stale or not."""
        return replace(
            ticket,
            stale=None,
            conditionals=None if ticket.conditionals is None else (),
            sequence=_earliest((*self._sequences, ticket.sequence)),
        )

    def finish(self, request: HttpRequest, response: HttpResponse, terms: Terms) -> None:
        """Keep a rendered page on its terms, or say them to the door that keeps it."""
        if self._exchange is None and (self.door is None or self._refusal_for_door):
            self.look_up(request)
        _note_unsaid(request, self.record)
        if terms.by_default and self.record.doubt:
            self.record.refuse(self.record.doubt)
        if self._exchange is not None:
            self._keep(request, response, terms)
            self._tell_door()
        elif terms.targeted and not terms.refusal and self.door is not None:
            response.headers[TARGET] = terms.targeted

    def _keep(self, request: HttpRequest, response: HttpResponse, terms: Terms) -> None:
        assert self._exchange is not None
        assert self._runtime is not None
        headers: Headers = tuple(response.items())
        if terms.refusal:
            self.record.refuse(terms.refusal)
        elif terms.targeted:
            headers += ((TARGET, terms.targeted),)
        self.record.vary(*_AXES)
        if hasattr(request, "LANGUAGE_CODE"):
            # LocaleMiddleware made the language of it, which is in the key
            self.record.explained.add("accept-language")
        self._exchange.record = self.record
        headers = self._exchange.receive(
            Head(response.status_code, response.reason_phrase, headers)
        )
        body = response.content if self._exchange.keep else b""
        answer = run(self._exchange.complete(body), self._exchange.store)
        if answer is not None:
            headers = tuple(answer.headers)
        if not response.has_header("Content-Length"):
            headers = _unmeasured(headers)
        replace_headers(response, without(headers, (TARGET.lower(),)))

    @property
    def refusal(self) -> str:
        """Why the page was not kept; empty: it was, or is a door's to keep."""
        if self._exchange is None:
            return "" if self.door is not None else "store-unavailable"
        verdict = self._exchange.verdict
        return verdict.refusal if verdict is not None else "store-unavailable"

    def outdate(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Drop what an unsafe request changed (RFC 9111 §4.4); a door sees to it itself."""
        if self.door is not None:
            return
        self._ask(request, request.method or "")
        if self._exchange is not None and self._runtime is not None:
            self._exchange.record = self.record
            head = Head(response.status_code, response.reason_phrase, tuple(response.items()))
            self._exchange.receive(head)
            after_commit(partial(_complete, self._exchange, self._runtime))

    def _tell_door(self) -> None:
        if self.door is not None:
            self.door.refuse(self._refusal_for_door)


def _complete(exchange: Exchange, runtime: Runtime) -> None:
    run(exchange.complete(b""), exchange.store)


def _sequence() -> Steps[Sequence | None]:
    found: Sequence | None = yield Call("sequence")
    return found


def _earliest(sequences: tuple[Sequence | None, ...]) -> Sequence | None:
    """The first of several, if the store told them all and stayed the same."""
    known = [one for one in sequences if one is not None]
    if len(known) < len(sequences) or len({one.epoch for one in known}) > 1:
        return None
    return min(known)


def _visitor(request: HttpRequest, runtime: Runtime, named: dict[str, Part]) -> MetaRequest:
    """The request as the engine sees it: for the whole page, in today's language and zone."""
    # dict.items: a watched META would note that all of it is read
    meta: dict[str, Any] = {
        key: value for key, value in dict.items(request.META) if key not in _NOT_ASKED
    }
    if named[_METHOD] in ("GET", "HEAD"):
        meta["REQUEST_METHOD"] = "GET"
    now = active()
    if LANGUAGE in now:
        named[_LANGUAGE] = getattr(request, "LANGUAGE_CODE", now[LANGUAGE])
    if TIMEZONE in now:
        named[_TIMEZONE] = now[TIMEZONE]
    axes = dict.fromkeys(_AXES) | named
    return MetaRequest.from_django(request, runtime.rules, axes, meta)


def _what_a_door_lacks(door: Record, key_prefix: str) -> str:
    """What this page depends on and a door does not have in its key; empty: nothing."""
    if key_prefix not in ("", django_settings.CACHE_MIDDLEWARE_KEY_PREFIX):
        return "key-prefix"
    axes = set(door.cacheability.axes)
    # another drop-in has what this one has; who watches sees what chose language and zone
    knows = _PREFIX in axes or door.watched or active().keys() <= axes
    return "" if knows else "unwatched"


def _note_unsaid(request: Any, record: Record) -> None:
    """Note what middleware above a view will say in headers that do not exist yet there."""
    session = getattr(request, "session", None)
    session_cookie = COOKIE + django_settings.SESSION_COOKIE_NAME
    if getattr(session, "modified", False):
        record.refuse("session")
    elif getattr(session, "accessed", False):
        record.vary(session_cookie)
    if dict.get(request.META, "CSRF_COOKIE_NEEDS_UPDATE"):
        record.refuse("csrf")
    messages = getattr(request, "_messages", None)
    if getattr(messages, "added_new", False):
        record.refuse("messages")
    elif getattr(messages, "used", False):
        record.vary(session_cookie, COOKIE + "messages")


def _unmeasured(headers: Headers | list[tuple[str, str]]) -> Headers:
    """Without Content-Length: middleware above may still change the body."""
    return without(headers, ("content-length",))
