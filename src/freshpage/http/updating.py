"""Bringing a stored response up to date (RFC 9111 §3.2, §4.3.4, §4.3.5)."""

from __future__ import annotations

from enum import Enum

from freshpage.http.cache_control import CacheControl
from freshpage.http.conditional import weak_match
from freshpage.http.fields import Headers, get_first, without
from freshpage.http.storing import stored_headers

# RFC 9111 §3.2: they describe the stored body
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "content-range"})
_NO_CONTROL = CacheControl()


class HeadEffect(Enum):
    """What the answer to a HEAD request says of the stored answer to GET."""

    NONE = "none"
    UPDATE = "update"
    INVALIDATE = "invalidate"


def validators_match(stored: Headers, new: Headers) -> bool:
    """Whether a 304 is about the stored response (RFC 9111 §4.3.4).

    One without validators answers the only condition that was asked.
    """
    etag, new_etag = get_first(stored, "etag"), get_first(new, "etag")
    if new_etag is not None:
        return etag is not None and weak_match(etag, new_etag)
    modified = get_first(new, "last-modified")
    return modified is None or modified == get_first(stored, "last-modified")


def freshen(stored: Headers, new: Headers) -> Headers:
    """The stored fields, with those of a newer response in their place (RFC 9111 §3.2).

    Age and Date go with the response they came with.
    """
    added = without(stored_headers(new, _NO_CONTROL), _OF_THE_BODY)
    names = {name.lower() for name, _ in added}
    return without(stored, names | {"age", "date"}) + added


def head_effect(stored: Headers, length: int, new: Headers) -> HeadEffect:
    """What a 200 to HEAD says of a stored 200 to GET (RFC 9111 §4.3.5).

    Without a validator it proves nothing of the stored body.

    :param length: of the stored body, in bytes.
    """
    stated = get_first(new, "content-length")
    if stated is not None and stated != str(length):
        return HeadEffect.INVALIDATE
    etag, modified = get_first(new, "etag"), get_first(new, "last-modified")
    if etag is not None and etag != get_first(stored, "etag"):
        return HeadEffect.INVALIDATE
    if modified is not None and modified != get_first(stored, "last-modified"):
        return HeadEffect.INVALIDATE
    return HeadEffect.NONE if etag is None and modified is None else HeadEffect.UPDATE
