"""What an unsafe request makes invalid (RFC 9111 §4.4)."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from freshpage.http.fields import Headers, get_all

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1
_PORTS = {"http": 80, "https": 443}


def is_unsafe(method: str) -> bool:
    """Whether a method may change something; an unknown one may (RFC 9111 §4.4)."""
    return method not in _SAFE


def invalidated_targets(method: str, status: int, target: str, response: Headers) -> list[str]:
    """The URIs whose stored responses are no longer to be trusted.

    The target, and what Location and Content-Location name on the same origin.

    :param target: the request's absolute URI.
    """
    if not is_unsafe(method) or not 200 <= status < 400:
        return []
    uris = {target: None}
    for name in ("location", "content-location"):
        for value in get_all(response, name):
            uri = _same_origin(target, value.strip(" \t"))
            if uri is not None:
                uris[uri] = None
    return list(uris)


def _same_origin(target: str, reference: str) -> str | None:
    try:
        uri = urljoin(target, reference)
        same = _origin(urlsplit(uri)) == _origin(urlsplit(target))
    except ValueError:
        return None
    return uri if same else None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
