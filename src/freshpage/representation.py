"""Which form of an entry a visitor is sent: plain, or one of its content codings.

The plain body is always there; the compressed forms lie beside it once they are made.
"""

from __future__ import annotations

from functools import lru_cache

from freshpage.entry import Entry
from freshpage.http.conditional import is_entity_tag
from freshpage.http.encodings import IDENTITY, accepted, coded_etag, may_be_coded, preferred
from freshpage.outcome import Path
from freshpage.request import CODING, Request
from freshpage.settings import Settings


def is_coded(entry: Entry, settings: Settings) -> bool:
    """Whether an entry has compressed forms, or is to have some.

    Its application's own coding is left alone, and so is a body of which nothing is known yet
    but that it is small.
    """
    return (
        bool(settings.encodings)
        and entry.encoded != ()
        and (not entry.body or len(entry.body) >= settings.compress_from)
        and _may_be_coded(entry.status, entry.headers)
        and (entry.etag is None or is_entity_tag(entry.etag))
    )


_may_be_coded = lru_cache(maxsize=1024)(may_be_coded)  # most pages have the same fields


def selected(request: Request, entry: Entry, settings: Settings) -> tuple[str, bytes]:
    """The coding and the bytes a visitor gets.

    A part is one of the plain form (RFC 9110 §14.2), if he takes that; where he refuses it and
    there is no other, it is sent all the same, as the application itself would.
    """
    if not entry.encoded or not is_coded(entry, settings):
        return IDENTITY, entry.body
    value = request.header("accept-encoding")
    if value is None or (request.header("range") is not None and accepted(value).identity):
        return IDENTITY, entry.body
    coding = preferred(value, _offered(entry, settings))
    return coding, dict(entry.encoded).get(coding, entry.body)


def others(request: Request, entry: Entry, settings: Settings, coding: str) -> list[str]:
    """The other codings a visitor takes: one of them may be what he has.

    He may have got it from another process, or before the page was rendered anew to the same
    bytes, so whether we have it at hand does not matter.
    """
    value = request.header("accept-encoding")
    if value is None or not is_coded(entry, settings):
        return []
    visitor = accepted(value)
    taken = [name for name in settings.encodings if visitor.weight(name) > 0]
    return [name for name in (IDENTITY, *taken) if name != coding]


def etag_of(entry: Entry, coding: str) -> str | None:
    """The entity tag of one form of an entry; None when it has none."""
    return None if entry.etag is None else coded_etag(entry.etag, coding)


def coding_path(request: Request, entry: Entry, settings: Settings) -> Path:
    """What of a request decides on the form, as the last step of the path to an answer."""
    if not is_coded(entry, settings):
        return ()
    offered = _offered(entry, settings)
    return ((CODING + ",".join(offered), preferred(request.header("accept-encoding"), offered)),)


def wants_encoding(request: Request, entry: Entry, settings: Settings) -> bool:
    """Whether a visitor would take a compressed form, and nobody has made any yet."""
    return (
        entry.encoded is None
        and is_coded(entry, settings)
        and preferred(request.header("accept-encoding"), settings.encodings) != IDENTITY
    )


def _offered(entry: Entry, settings: Settings) -> tuple[str, ...]:
    if entry.encoded is None:
        return settings.encodings
    return tuple([coding for coding, _ in entry.encoded])
