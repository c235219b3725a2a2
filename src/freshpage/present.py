"""From a stored entry to what one visitor is sent: fields, conditions, ranges."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from freshpage.entry import Entry
from freshpage.http import conditional, fields, ranges
from freshpage.http.fields import Headers
from freshpage.http.freshness import date_of
from freshpage.request import Request
from freshpage.settings import Settings

_CONDITIONS = ("if-none-match", "if-modified-since")
_OURS = ("freshpage-cache-control", "age", "content-length")


def present(entry: Entry, settings: Settings) -> Headers:
    """The fields of an answer from ``entry``, but for Age and Cache-Status.

    Made once and kept beside the entry. Where the application gave no freshness of its own
    the browser is told to ask again, so that an invalidated page does not live on in it.
    """
    kept: Headers | None = entry.__dict__.get("presented")
    if kept is None:
        kept = entry.__dict__["presented"] = _present(entry, settings)
    return kept


def _present(entry: Entry, settings: Settings) -> Headers:
    headers = list(fields.without(entry.headers, _OURS))
    names = {name.lower() for name, _ in headers}
    if not names & {"cache-control", "expires"}:
        ttl = int(settings.browser_ttl)
        headers.append(("Cache-Control", f"max-age={ttl}" if ttl else "no-cache"))
        if settings.edge and "cdn-cache-control" not in names:
            headers.append(("CDN-Cache-Control", f"max-age={int(entry.lifetime)}"))
    if entry.own_etag and entry.etag is not None:
        headers.append(("ETag", entry.etag))
    if entry.status != HTTPStatus.NO_CONTENT:
        headers.append(("Content-Length", str(len(entry.body))))
    return tuple(headers)


def is_not_modified(
    request: Request, etag: str | None, last_modified: float | None, now: float
) -> bool:
    """Whether the visitor has this response already (RFC 9110 §13.2.2)."""
    if not any(request.header(name) is not None for name in _CONDITIONS):
        return False
    outcome = conditional.evaluate(
        request.method, request.headers(), etag=etag, last_modified=last_modified, now=now
    )
    return outcome == HTTPStatus.NOT_MODIFIED


def not_modified(headers: Headers) -> list[tuple[str, str]]:
    """The fields of a 304 (RFC 9110 §15.4.5)."""
    return list(conditional.not_modified_headers(headers))


def select_part(
    request: Request, entry: Entry, headers: list[tuple[str, str]], now: float
) -> tuple[int, str, list[tuple[str, str]], bytes]:
    """The whole of an entry, a part of it, or a 304: (status, reason, headers, body)."""
    if entry.status == HTTPStatus.OK:
        if is_not_modified(request, entry.etag, entry.last_modified, now):
            return 304, "Not Modified", not_modified(tuple(headers)), b""
        wanted = request.header("range") if request.method == "GET" else None
        if wanted is not None and _range_applies(request, entry, now):
            return _part(entry, tuple(headers), wanted)
    return entry.status, entry.reason, headers, b"" if request.method == "HEAD" else entry.body


def _range_applies(request: Request, entry: Entry, now: float) -> bool:
    condition = request.header("if-range")  # RFC 9110 §13.1.5
    return condition is None or conditional.if_range_holds(
        condition,
        etag=entry.etag,
        last_modified=entry.last_modified,
        date=date_of(entry.headers, entry.response_time),
        now=now,
    )


def _part(
    entry: Entry, headers: Headers, wanted: str
) -> tuple[int, str, list[tuple[str, str]], bytes]:
    chosen = ranges.parse_range(wanted, len(entry.body))
    if chosen is None:  # RFC 9110 §14.2: ignored
        return entry.status, entry.reason, list(headers), entry.body
    if chosen is ranges.UNSATISFIABLE:
        unsatisfied = ranges.unsatisfied(headers, len(entry.body))
        return 416, "Range Not Satisfiable", list(unsatisfied), b""
    boundary = secrets.token_hex(12)
    described, body = ranges.partial(entry.body, headers, chosen, boundary)
    return 206, "Partial Content", list(described), body
