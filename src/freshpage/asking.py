"""What a request asks of caches, and whether it is any of ours."""

from __future__ import annotations

from freshpage.http import fields
from freshpage.http.cache_control import CacheControl
from freshpage.request import Request


def bypass_reason(request: Request) -> str:
    """Why a request is none of ours; empty when it is."""
    if request.method not in ("GET", "HEAD"):
        return "method"
    if request.host is None:
        return "host"
    if request.has_body():
        return "body"
    if _decodes_otherwise(request.header("content-type")):
        return "charset"
    if request.header("if-match") is not None or request.header("if-unmodified-since") is not None:
        return "precondition"  # RFC 9111 §4.3.2: not for caches to evaluate
    return ""


def _decodes_otherwise(content_type: str | None) -> bool:
    """Whether a Content-Type without a body says how the query is to be decoded, as Django
    has it, and does not say UTF-8.
    """
    if content_type is None or "charset" not in content_type.lower():
        return False
    stated = content_type.lower().replace('"', "").replace(" ", "")
    return not stated.endswith(";charset=utf-8")


def request_control(request: Request) -> CacheControl | None:
    """The Cache-Control of a request, or its Pragma; None when it has neither."""
    value = request.header("cache-control")
    if value is not None:
        return CacheControl.parse((value,))
    pragma = fields.split_list((request.header("pragma") or "").lower())
    return CacheControl(no_cache=True) if "no-cache" in pragma else None  # RFC 9111 §5.4
