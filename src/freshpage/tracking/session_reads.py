"""What a render reads from the visitor's session."""

from __future__ import annotations

import sys
from functools import wraps
from types import FrameType
from typing import Any

from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest

from freshpage.request import COOKIE
from freshpage.tracking.notes import Notes, is_below
from freshpage.tracking.record import current
from freshpage.tracking.request_reads import notes_of

_BACKENDS = ("django.contrib.sessions.backends",)
# These look into every session for their own ends; a CSRF token that is handed out is noted
# where that happens.
_MACHINERY = ("django.contrib.sessions.middleware", "django.middleware.csrf")
_NOTES = "_freshpage_notes"


def watch_sessions() -> None:
    """Have every session note when it is looked into."""
    if isinstance(SessionBase.__dict__.get("accessed"), property):
        return
    key, is_empty = SessionBase.session_key, SessionBase.is_empty
    process_request = SessionMiddleware.process_request

    def get_accessed(self: SessionBase) -> bool:
        return bool(self.__dict__.get("accessed", False))

    def set_accessed(self: SessionBase, value: bool) -> None:
        self.__dict__["accessed"] = value
        if value:
            _note(self, sys._getframe(1))

    def get_key(self: SessionBase) -> str | None:
        _note(self, sys._getframe(1))
        return key.fget(self)  # type: ignore[attr-defined,no-any-return]

    def noted_is_empty(self: SessionBase) -> bool:
        _note(self, sys._getframe(1))
        return is_empty(self)

    @wraps(process_request)
    def bound(self: SessionMiddleware, request: HttpRequest) -> None:
        process_request(self, request)
        notes = notes_of(request)
        if notes is not None:  # wherever it is read, be it on another thread
            request.session.__dict__[_NOTES] = notes

    SessionMiddleware.process_request = bound  # type: ignore[method-assign]
    SessionBase.accessed = property(get_accessed, set_accessed)  # type: ignore[assignment]
    SessionBase.session_key = property(get_key)  # type: ignore[assignment]
    SessionBase.is_empty = noted_is_empty  # type: ignore[method-assign]


def _note(session: SessionBase, reader: FrameType | None) -> None:
    """A session was looked into."""
    held: dict[str, Any] = session.__dict__
    notes: Notes | None = held.get(_NOTES)
    record = current() if notes is None else notes.record
    if record is None or record.apart:
        return
    while reader is not None and is_below(_module(reader), _BACKENDS):
        reader = reader.f_back
    module = "" if reader is None else _module(reader)
    if is_below(module, _MACHINERY) or (notes is not None and is_below(module, notes.observers)):
        return
    if held.get("_SessionBase__session_key") is not None:
        record.refuse("session")
    else:
        # an empty session: what everybody has who comes without its cookie
        record.vary(COOKIE + django_settings.SESSION_COOKIE_NAME)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
