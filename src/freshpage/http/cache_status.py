"""Cache-Status: what a cache did with a request (RFC 9211)."""

from __future__ import annotations

from http_sfv.item import Item

from freshpage.http.fields import Headers


def forwarded(
    name: str,
    fwd: str,
    *,
    status: int | None = None,
    stored: bool = False,
    collapsed: bool = False,
    key: str | None = None,
    detail: str | None = None,
) -> str:
    """The member of a cache that had to ask the application.

    :param fwd: why (RFC 9211 §2.2): bypass, method, uri-miss, vary-miss, miss, request,
        stale or partial.
    :param status: the application's, where it differs from what is sent (§2.3).
    """
    member = f"{name}; fwd={fwd}"
    if status is not None:
        member += f"; fwd-status={status}"
    if stored:
        member += "; stored"
    if collapsed:
        member += "; collapsed"
    return member + _described(key, detail)


def hit(name: str, ttl: float, *, key: str | None = None, detail: str | None = None) -> str:
    """The member of a cache that answered itself.

    :param ttl: seconds of freshness left; negative when stale (RFC 9211 §2.4).
    """
    member = f"{name}; hit; ttl={int(ttl)}"
    return member + _described(key, detail) if key or detail else member


def _described(key: str | None, detail: str | None) -> str:
    texts = [(name, text) for name, text in (("key", key), ("detail", detail)) if text is not None]
    return "".join(f"; {name}={_string(text)}" for name, text in texts)


def _string(text: str) -> str:
    """As much of a text as a structured string can hold (RFC 9651 §3.3.3)."""
    return str(Item("".join(char if " " <= char <= "~" else "?" for char in text[:1000])))


def appended(headers: Headers, member: str) -> Headers:
    """The fields with our member after those of caches behind us (RFC 9211 §2)."""
    return (*headers, ("Cache-Status", member))
