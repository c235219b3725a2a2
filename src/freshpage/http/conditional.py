"""Validators and conditional requests (RFC 9110 §8.8, §13)."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus

from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers, get_combined, get_first, without

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'  # RFC 9110 §8.8.3
_IS_TAG = re.compile(_ENTITY_TAG)
_TAG_LIST = re.compile(rf"[ \t,]*(?:({_ENTITY_TAG})[ \t]*(?:,|\Z))")
# RFC 9110 §15.4.5, with what is said of the answer rather than of the representation
_DESCRIBES_BODY = frozenset(
    {"content-encoding", "content-language", "content-length", "content-md5", "content-range"}
    | {"content-type", "transfer-encoding"}
)


def make_etag(body: bytes, encoding: str | None) -> str:
    """A strong entity tag for a body; one for each content coding (RFC 9110 §8.8.3.3)."""
    digest = hashlib.blake2b(body, digest_size=12, person=b"freshpage-etag").hexdigest()
    coding = re.sub(r"[^a-z0-9]+", "-", (encoding or "").lower()).strip("-")
    return f'"{digest}-{coding}"' if coding else f'"{digest}"'


def is_entity_tag(value: str) -> bool:
    """Whether a value is one well-formed entity tag."""
    return _IS_TAG.fullmatch(value) is not None


def weak_match(one: str, other: str) -> bool:
    """Weak comparison (RFC 9110 §8.8.3.2)."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def strong_match(one: str, other: str) -> bool:
    """Strong comparison (RFC 9110 §8.8.3.2)."""
    return one == other and not one.startswith("W/")


def parse_etags(value: str) -> list[str]:
    """The entity tags of If-Match or If-None-Match; ["*"] for any; [] when malformed."""
    if value.strip(" \t") == "*":
        return ["*"]
    tags, at = [], 0
    while found := _TAG_LIST.match(value, at):
        tags.append(found[1])
        at = found.end()
    return tags if not value[at:].strip(" \t,") else []


def evaluate(
    method: str, request: Headers, *, etag: str | None, last_modified: float | None, now: float
) -> HTTPStatus:
    """What a request's preconditions come to: 200, 304 or 412 (RFC 9110 §13.2.2).

    :param etag: of the selected representation; None when it has none.
    :param last_modified: seconds since 1970; None when unknown.
    """
    match = get_combined(request, "if-match")
    if match is not None:
        if not _any_match(match, etag, strong=True):
            return HTTPStatus.PRECONDITION_FAILED
    elif _modified_since(request, "if-unmodified-since", last_modified, now) is True:
        return HTTPStatus.PRECONDITION_FAILED
    safe = method in ("GET", "HEAD")
    none_match = get_combined(request, "if-none-match")
    if none_match is not None:
        if _any_match(none_match, etag, strong=False):
            return HTTPStatus.NOT_MODIFIED if safe else HTTPStatus.PRECONDITION_FAILED
    elif safe and _modified_since(request, "if-modified-since", last_modified, now) is False:
        return HTTPStatus.NOT_MODIFIED
    return HTTPStatus.OK


def _any_match(value: str, etag: str | None, *, strong: bool) -> bool:
    tags = parse_etags(value)
    if tags == ["*"]:
        return True
    compare = strong_match if strong else weak_match
    return etag is not None and any(compare(tag, etag) for tag in tags)


def _modified_since(
    request: Headers, name: str, last_modified: float | None, now: float
) -> bool | None:
    """None: there is no such condition, or it is to be ignored (RFC 9110 §13.1.3)."""
    value = get_first(request, name)
    since = None if value is None else parse_http_date(value, now)
    if since is None or last_modified is None:
        return None
    return last_modified > since


def if_range_holds(
    value: str, *, etag: str | None, last_modified: float | None, date: float, now: float
) -> bool:
    """Whether If-Range lets a range be served (RFC 9110 §13.1.5).

    :param date: when the representation was made; a date is a strong validator only when
        it is at least a second older (§8.8.2.2).
    """
    value = value.strip(" \t")
    if is_entity_tag(value):
        return etag is not None and strong_match(value, etag)
    since = parse_http_date(value, now)
    return since is not None and since == last_modified and date - since >= 1


def not_modified_headers(headers: Headers) -> Headers:
    """The fields of a 304, from those of the 200 (RFC 9110 §15.4.5)."""
    tagged = get_first(headers, "etag") is not None
    # a date of change guides only a cache that has no tag to go by
    return without(headers, _DESCRIBES_BODY | {"last-modified"} if tagged else _DESCRIBES_BODY)
