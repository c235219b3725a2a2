"""What a render reads from the visitor's request, written into its record as axes.

A watched request has mappings that note what is asked of them; what else of it comes from
the visitor is noted by the properties below.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from functools import cached_property
from types import FrameType
from typing import Any

from django.http import HttpRequest

from freshpage import negotiation
from freshpage.request import PREFERRED_TYPE, WHOLE_QUERY
from freshpage.tracking.notes import Notes
from freshpage.tracking.record import Record
from freshpage.tracking.watched_mappings import (
    WatchedCookies,
    WatchedHeaders,
    WatchedMeta,
    WatchedQuery,
)


class _Kept:
    """An attribute of a request that is made from one of its fields."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: Any, owner: type | None = None) -> Any:
        if request is None:
            return self
        request.META.notes.field(self._key, sys._getframe(1))
        return request.__dict__.get(self._name)

    def __set__(self, request: Any, value: Any) -> None:
        request.__dict__[self._name] = value


class _Watched:
    """Mixed into a request's class."""

    META: WatchedMeta
    content_type = _Kept("CONTENT_TYPE")
    content_params = _Kept("CONTENT_TYPE")

    @cached_property
    def GET(self) -> WatchedQuery:
        try:
            plain = super().GET  # type: ignore[misc]
        except Exception:  # Django refuses to look at it: too many parameters
            self.META.notes.query(WHOLE_QUERY, sys._getframe(1))
            raise
        return _watched_query(plain, self.META.notes)  # type: ignore[arg-type]

    @cached_property
    def COOKIES(self) -> WatchedCookies:
        plain = super().COOKIES  # type: ignore[misc]
        return WatchedCookies.around(plain, self.META.notes)

    @cached_property
    def headers(self) -> WatchedHeaders:
        return WatchedHeaders(self.META)

    # a page that asks these differs by the answer, not by the spelling of Accept

    def accepts(self, media_type: str) -> bool:
        return self._preferred((media_type,)) is not None

    def get_preferred_type(self, media_types: Sequence[str]) -> str | None:
        return self._preferred(tuple(media_types))

    def _preferred(self, types: tuple[str, ...]) -> str | None:
        if not all(isinstance(each, str) and "," not in each for each in types):
            return HttpRequest.get_preferred_type(self, types)  # type: ignore[arg-type]
        self.META.notes.question(PREFERRED_TYPE + ",".join(types), "HTTP_ACCEPT", sys._getframe(2))
        return negotiation.preferred_type(dict.get(self.META, "HTTP_ACCEPT"), types)

    # -- the body ------------------------------------------------------------------

    @property
    def body(self) -> bytes:
        return self._noting(super().body, sys._getframe(1))  # type: ignore[misc]

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        return self._noting(super().read(*args, **kwargs), sys._getframe(1))  # type: ignore[misc]

    def readline(self, *args: Any, **kwargs: Any) -> bytes:
        found = super().readline(*args, **kwargs)  # type: ignore[misc]
        return self._noting(found, sys._getframe(1))

    def _noting(self, found: bytes, reader: FrameType) -> bytes:
        self.META.notes.body(reader, empty=not found)
        return found

    # -- what it was made from --------------------------------------------------------

    @property
    def scope(self) -> Any:
        if "scope" not in self.__dict__:
            raise AttributeError("scope")
        self.META.notes.everything("scope", sys._getframe(1))
        return self.__dict__["scope"]

    @scope.setter
    def scope(self, value: Any) -> None:
        self.__dict__["scope"] = value


logger = logging.getLogger("freshpage")

_classes: dict[type[HttpRequest], type[HttpRequest]] = {}


def _watched_class(cls: type[HttpRequest]) -> type[HttpRequest]:
    made = _classes.get(cls)
    if made is None:
        made = type(cls.__name__, (_Watched, cls), {"__module__": cls.__module__})
        _classes[cls] = made
    return made


def watch(request: HttpRequest, record: Record) -> None:
    """Have ``record`` note what is read from the visitor's request from now on.

    Other requests that a render makes are made from what it has read: they are not watched.
    """
    if record.watched:
        return
    record.watched = True
    try:
        _watch(request, record)
    except Exception as fault:
        logger.exception("a request can't be watched: %s", fault)
        record.refuse("unwatched")


def notes_of(request: HttpRequest) -> Notes | None:
    """Where what is read from a request is noted; None: it is not watched."""
    meta = request.META
    return meta.notes if isinstance(meta, WatchedMeta) else None  # type: ignore[return-value]


def _watch(request: HttpRequest, record: Record) -> None:
    if isinstance(request.META, WatchedMeta):  # asked a second time
        request.META.notes.whole = record
        return
    held: dict[str, Any] = request.__dict__
    if _was_moved(request, record):
        record.refuse("rewritten")
    notes = Notes(record, request.META)
    held["META"] = notes.meta
    if "environ" in held:
        held["environ"] = notes.meta
    held.pop("headers", None)
    if isinstance(held.get("GET"), dict):
        held["GET"] = _watched_query(held["GET"], notes)
    if isinstance(held.get("COOKIES"), dict):
        held["COOKIES"] = WatchedCookies.around(held["COOKIES"], notes)
    request.__class__ = _watched_class(type(request))


def _watched_query(plain: Any, notes: Notes) -> WatchedQuery:
    if plain.encoding.lower() not in ("utf-8", "utf8"):
        # names and values are not what the door takes them for
        notes.record.vary(WHOLE_QUERY)
    return WatchedQuery.around(plain, notes)


def _was_moved(request: HttpRequest, record: Record) -> bool:
    """Whether something between the door and here gave the request another scheme, host or
    path than the door has in its key.
    """
    sent: Any = record.sent
    if sent is None:
        return False
    try:
        host = request._get_raw_host()  # type: ignore[attr-defined]
    except KeyError:  # nobody said
        host = None
    path = str(request.META.get("SCRIPT_NAME", "")) + str(request.META.get("PATH_INFO", ""))
    return (request.scheme, host, path) != (sent.scheme, sent.host, sent.script + sent.path)
