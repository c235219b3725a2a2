"""What is known of one request while django-cms answers it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.http import HttpRequest

from freshpage.entry import Entry
from freshpage.exchange import Exchange
from freshpage.performing import tell
from freshpage.runtime import runtime_or_none
from freshpage.sequence import Sequence, Standing
from freshpage.tags import packed
from freshpage.tracking.record import Record, current, recording

TAG = "cms"  # of everything django-cms renders

_ATTRIBUTE = "_freshpage_cms"


class Visit:
    """Hangs on a request from the moment django-cms first looks at it.

    ``sequence``: S0, read before the first query; None: the store did not answer, so what
    is rendered can't be kept. ``exchange``: the look-up, where no front door stands before.
    ``replayed``: it found the page. ``fragments``: what placeholders from django-cms's cache
    say of themselves. ``preloaded``: what placeholders' plugins were read with, before these
    are rendered.
    """

    __slots__ = ("_own", "_records", "exchange", "fragments", "preloaded", "replayed", "sequence")

    def __init__(self) -> None:
        self.sequence = sequence_now()
        self.exchange: Exchange | None = None
        self.replayed = False
        self.fragments: dict[tuple[Any, str], dict[str, Any]] = {}
        self.preloaded: dict[Any, Record] = {}
        self._own = Record()
        self._own.apart = True  # django-cms's view, which stands within, answers for that
        self._records = False

    @property
    def record(self) -> Record:
        """Where to declare: the front door's record, or our own."""
        return current() or self._own

    @property
    def has_door(self) -> bool:
        """Whether a front door stands before: it has the page recorded, and stores it."""
        return current() is not None and not self._records

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Where no front door stands before: what runs in here is recorded by us."""
        if current() is not None:
            yield
            return
        self._records = True
        try:
            with recording(self._own):
                yield
        finally:
            self._records = False

    def adopt(self, exchange: Exchange) -> None:
        """Render for this look-up, unless there is an earlier one."""
        if self.exchange is None and exchange.record is not None:
            self.exchange = exchange

    def settle(self, exchange: Exchange) -> None:
        """Tell a look-up what its render read; S0 is as old as the render."""
        assert exchange.record is not None
        assert exchange.ticket is not None
        exchange.record.absorb(self._own)
        exchange.ticket = replace(exchange.ticket, sequence=self.sequence)


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


def note(sequence: Sequence, tags: Iterable[str], body: bytes = b"", life: float = 0) -> Entry:
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
        tags=packed(tags),
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
        return runtime.store.standing(note(sequence, tags))
    except Exception as fault:
        tell("the store did not answer standing", fault)
        return None
