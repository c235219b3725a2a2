"""What is known of one request while django-cms answers it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from freshpage.entry import Entry
from freshpage.exchange import Exchange
from freshpage.performing import tell
from freshpage.runtime import runtime_or_none
from freshpage.sequence import Sequence, Standing
from freshpage.tracking.record import Record, current

TAG = "cms"  # of everything django-cms renders

_ATTRIBUTE = "_freshpage_cms"


class Visit:
    """Hangs on a request from the moment django-cms first looks at it.

    ``sequence``: S0, read before the first query; None: the store did not answer, so what
    is rendered can't be kept. ``exchange``: the look-up, where no front door stands before.
    ``replayed``: it found the page. ``fragments``: what placeholders from django-cms's cache
    say of themselves.
    """

    __slots__ = ("_own", "exchange", "fragments", "replayed", "sequence")

    def __init__(self) -> None:
        self.sequence = sequence_now()
        self.exchange: Exchange | None = None
        self.replayed = False
        self.fragments: dict[tuple[Any, str], dict[str, Any]] = {}
        self._own = Record()

    @property
    def record(self) -> Record:
        """Where to declare: the front door's record, or our own."""
        return current() or self._own

    def adopt(self, exchange: Exchange) -> None:
        """Render for this look-up, unless there is an earlier one, with an older S0."""
        if self.exchange is None and exchange.record is not None:
            exchange.record.absorb(self._own)
            self.exchange, self._own = exchange, exchange.record


def visit_of(request: HttpRequest) -> Visit:
    """The visit of a request, begun when there is none."""
    visit = getattr(request, _ATTRIBUTE, None)
    if not isinstance(visit, Visit):
        visit = Visit()
        setattr(request, _ATTRIBUTE, visit)
    return visit


def made_for_one(request: HttpRequest) -> str:
    """Why what is rendered for a request is for its visitor alone; empty when it is not."""
    if getattr(getattr(request, "user", None), "is_authenticated", False):
        return "logged-in"
    if dict.get(request.META, "CSRF_COOKIE_NEEDS_UPDATE"):  # a token was handed out
        return "csrf"
    if getattr(getattr(request, "_messages", None), "used", False):
        return "messages"
    return ""


def sequence_now() -> Sequence | None:
    """The store's sequence; None when it does not answer."""
    runtime = runtime_or_none()
    if runtime is None:
        return None
    try:
        return runtime.since(runtime.store.sequence())
    except Exception as fault:
        tell("the store did not answer sequence", fault)
        return None


def note(sequence: Sequence, tags: tuple[str, ...], body: bytes = b"", life: float = 0) -> Entry:
    """An entry that is no response: something known at ``sequence``.

    :param life: seconds.
    """
    now = time.time()
    return Entry(
        status=200,
        reason="",
        headers=(),
        response_time=now,
        initial_age=0,
        lifetime=life,
        expires=now + life,
        sequence=sequence,
        tags=tags,
        axes=(),
        etag=None,
        own_etag=False,
        last_modified=None,
        explicit=True,
        body=body,
    )


def standing_since(sequence: Sequence | None, tags: Iterable[str]) -> Standing | None:
    """What was invalidated of these tags since; None when nobody can tell."""
    runtime = runtime_or_none()
    if runtime is None or sequence is None:
        return None
    try:
        return runtime.store.standing(note(sequence, tuple(tags)))
    except Exception as fault:
        tell("the store did not answer standing", fault)
        return None
