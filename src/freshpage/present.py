"""What a visitor is sent: fields, conditions, ranges, Cache-Status."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from http import HTTPStatus

from freshpage.entry import Entry
from freshpage.http import cache_status, conditional, fields, ranges
from freshpage.http.encodings import IDENTITY
from freshpage.http.fields import Headers
from freshpage.http.freshness import date_of
from freshpage.http.vary import vary_names
from freshpage.key import digest
from freshpage.outcome import Answer, Repeat, Ticket
from freshpage.representation import etag_of, is_coded, others, selected
from freshpage.request import Request, vary_of
from freshpage.settings import Settings

NAME = "freshpage"  # our name in Cache-Status

_CONDITIONS = ("if-none-match", "if-modified-since")
_FOR_US = frozenset({"freshpage-cache-control"})
_REMADE = _FOR_US | {"age", "content-length"}
_REMADE_CODED = _REMADE | {"etag"}


def from_entry(
    request: Request,
    entry: Entry,
    settings: Settings,
    now: float,
    own: Headers,
    repeat: Repeat | None = None,
) -> Answer:
    """The answer a stored entry gives.

    :param own: the fields that are this answer's alone.
    :param repeat: who else may have it, where it is the whole of the entry, body and all.
    """
    coding, body = selected(request, entry, settings)
    length = _length(entry, body)
    if entry.status == HTTPStatus.OK:
        if _asks_conditionally(request):
            for known in (coding, *others(request, entry, settings, coding)):
                etag = etag_of(entry, known)
                if is_not_modified(request, etag, _last_modified(entry), now):
                    return not_modified((*_presented(entry, settings, known), *own))
        wanted = request.header("range") if request.method == "GET" else None
        if wanted is not None and coding == IDENTITY and _range_applies(request, entry, now):
            return _part(entry, (*_presented(entry, settings, coding), *length, *own), wanted)
    headers = [*_presented(entry, settings, coding), *length, *own]
    if request.method == "HEAD":  # nobody else may have it: the page's other visitors say GET
        return Answer(entry.status, entry.reason, headers, b"")
    return Answer(entry.status, entry.reason, headers, body, repeat)


def own_fields(age: float | None, member: str) -> Headers:
    """The fields that tell of one answer.

    :param age: in seconds; None: the answer was made just now (RFC 9111 §5.1).
    :param member: ours of Cache-Status; empty: none.
    """
    ages = () if age is None else (("Age", str(int(age))),)
    return (*ages, ("Cache-Status", member)) if member else ages


def _length(entry: Entry, body: bytes) -> Headers:
    return () if entry.status == HTTPStatus.NO_CONTENT else (("Content-Length", str(len(body))),)


def _presented(entry: Entry, settings: Settings, coding: str) -> Headers:
    """A form's fields but for those of one answer."""
    remade = _REMADE if coding == IDENTITY else _REMADE_CODED
    headers = for_browsers(entry.headers, entry, settings, without=remade)
    etag = etag_of(entry, coding)
    if etag is not None and (entry.own_etag or coding != IDENTITY):
        headers = (*headers, ("ETag", etag))
    return headers if coding == IDENTITY else (*headers, ("Content-Encoding", coding))


def for_browsers(
    headers: Headers, entry: Entry, settings: Settings, without: frozenset[str] = frozenset()
) -> Headers:
    """Say what the application left unsaid of a response that is stored here.

    Browsers are to ask again, so that an invalidated page does not live on in them; the
    edge, which is told of invalidations, may keep it. What was read is in Vary.

    :param without: the names of fields that are left out.
    """
    edge = _for_edge(entry) if settings.edge else ""
    ttl = int(settings.browser_ttl)
    return _completed(headers, without, entry.axes, is_coded(entry, settings), ttl, edge)


@lru_cache(maxsize=1024)  # most pages of a site have the same fields
def _completed(
    headers: Headers,
    without: frozenset[str],
    axes: tuple[str, ...],
    coded: bool,
    ttl: int,
    edge: str,
) -> Headers:
    headers = fields.without(headers, without)
    headers = _with_vary(headers, (*vary_of(axes), *(("Accept-Encoding",) if coded else ())))
    names = {name.lower() for name, _ in headers}
    if names & {"cache-control", "expires"}:
        return headers
    headers += (("Cache-Control", f"max-age={ttl}" if ttl else "no-cache"),)
    if edge and "cdn-cache-control" not in names:
        headers += (("CDN-Cache-Control", edge),)
    return headers


def _for_edge(entry: Entry) -> str:
    """The times an edge may keep an entry (RFC 9213), and send it stale (RFC 5861)."""
    times = {"max-age": entry.lifetime}
    if not entry.never_stale:
        times["stale-while-revalidate"] = entry.stale_while_revalidate
        times["stale-if-error"] = entry.stale_if_error
    return ", ".join(
        f"{name}={int(seconds)}" for name, seconds in times.items() if seconds or name == "max-age"
    )


def _with_vary(headers: Headers, names: tuple[str, ...]) -> Headers:
    named = vary_names(headers) or frozenset()
    more = [name for name in dict.fromkeys(names) if name.lower() not in named]
    if not more:
        return headers
    stated = fields.get_combined(headers, "vary")
    value = ", ".join(([stated] if stated else []) + more)
    return (*fields.without(headers, ("vary",)), ("Vary", value))


def passed_on(headers: Headers, member: str) -> Headers:
    """The application's own fields, as they go out where it answers itself."""
    headers = fields.without(headers, _FOR_US)
    return cache_status.appended(headers, member) if member else headers


def hit_member(entry: Entry, root: bytes, age: float, settings: Settings) -> str:
    """Our member of Cache-Status for a hit (RFC 9211); empty when it is not to be sent."""
    if not settings.cache_status:
        return ""
    key = digest(root).hex() if settings.cache_status_detail else None
    return cache_status.hit(NAME, entry.lifetime - age, key=key)


def forwarded_member(
    ticket: Ticket,
    settings: Settings,
    *,
    refusal: str = "",
    status: int | None = None,
    stored: bool = False,
) -> str:
    """Our member of Cache-Status for a request the application had to be asked about.

    :param status: of the application's answer, where it is not the one sent.
    """
    if not settings.cache_status:
        return ""
    key = detail = None
    if settings.cache_status_detail:
        key = digest(ticket.root).hex() if ticket.root else None
        detail = refusal or ticket.detail or None
    return cache_status.forwarded(
        NAME, ticket.fwd, status=status, stored=stored, key=key, detail=detail
    )


def gateway_timeout(fwd: str, settings: Settings) -> Answer:
    """Nothing is held that may answer, and nothing else was asked for (RFC 9111 §5.2.1.7)."""
    headers = [("Content-Length", "0"), ("Cache-Control", "no-store")]
    if settings.cache_status:
        headers.append(("Cache-Status", cache_status.forwarded(NAME, fwd)))
    return Answer(504, "Gateway Timeout", headers, b"")


def _asks_conditionally(request: Request) -> bool:
    return any(request.header(name) is not None for name in _CONDITIONS)


def is_not_modified(
    request: Request, etag: str | None, last_modified: float | None, now: float
) -> bool:
    """Whether the visitor has this response already (RFC 9110 §13.2.2)."""
    outcome = conditional.evaluate(
        request.method, request.headers(), etag=etag, last_modified=last_modified, now=now
    )
    return outcome == HTTPStatus.NOT_MODIFIED


def not_modified(headers: Headers) -> Answer:
    """A 304 in place of a response with these fields."""
    return Answer(304, "Not Modified", list(conditional.not_modified_headers(headers)), b"")


def _last_modified(entry: Entry) -> float:
    """RFC 9111 §4.3.2: without one, the time the response was made stands in for it."""
    if entry.last_modified is not None:
        return entry.last_modified
    return date_of(entry.headers, entry.response_time)


def _range_applies(request: Request, entry: Entry, now: float) -> bool:
    condition = request.header("if-range")  # RFC 9110 §13.1.5
    return condition is None or conditional.if_range_holds(
        condition,
        etag=entry.etag,
        last_modified=entry.last_modified,
        date=date_of(entry.headers, entry.response_time),
        now=now,
    )


def _part(entry: Entry, headers: Headers, wanted: str) -> Answer:
    spans = ranges.parse_range(wanted, len(entry.body))
    if spans is None:  # RFC 9110 §14.2: ignored
        return Answer(entry.status, entry.reason, list(headers), entry.body)
    if spans is ranges.UNSATISFIABLE:
        unsatisfied = ranges.unsatisfied(headers, len(entry.body))
        return Answer(416, "Range Not Satisfiable", list(unsatisfied), b"")
    # a body can't contain its own digest
    boundary = hashlib.blake2b(entry.body, digest_size=16, person=b"freshpage-part").hexdigest()
    described, body = ranges.partial(entry.body, headers, spans, boundary)
    return Answer(206, "Partial Content", list(described), body)
