"""What may be stored, and what of it (RFC 9111 §3)."""

from __future__ import annotations

from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import Headers, get_all, get_first, list_members, without

# RFC 9110 §15.1, but for 206, which is never stored here
HEURISTICALLY_CACHEABLE = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
_UNDERSTOOD = HEURISTICALLY_CACHEABLE | frozenset(
    {201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415}
    | {416, 417, 421, 422, 426, 500, 502, 503, 504, 505}
)
# errors that are answers in themselves; others need a freshness of their own to be stored
_LASTING_ERRORS = frozenset({404, 410})

# RFC 9110 §7.6.1, RFC 9111 §3.1
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization"}
)


def storing_refusal(
    method: str, status: int, request: Headers, response: Headers, control: CacheControl
) -> str | None:
    """Why a shared cache must not store a response, whatever its freshness; None: it may.

    :param control: what rules the response (its Cache-Control, or a targeted field).
    """
    if method != "GET":
        return "method"
    if status < 200 or status in (206, 304):
        return "status"
    if control.must_understand and status not in _UNDERSTOOD:
        return "status"  # RFC 9111 §5.2.2.3
    if control.no_store and not control.must_understand:
        return "no-store"  # RFC 9111 §5.2.2.5
    if control.private:
        return "private"  # RFC 9111 §5.2.2.7
    if cookies(response):
        return "set-cookie"  # meant for one visitor, whatever the rest says
    if get_first(request, "authorization") is not None and not answers_authorized(control):
        return "authorization"
    return None


def cookies(headers: Headers) -> Headers:
    """The fields that set cookies."""
    return tuple([field for field in headers if field[0].lower() == "set-cookie"])


def answers_authorized(control: CacheControl) -> bool:
    """Whether a response to a request with Authorization may be shared (RFC 9111 §3.5)."""
    return control.public or control.must_revalidate or control.s_maxage is not None


def default_ttl_applies(status: int, control: CacheControl) -> bool:
    """Whether a response that states no freshness may be given one.

    RFC 9111 §4.2.2 allows it where the status is heuristically cacheable, or the response
    ``public``; errors but for 404 and 410 pass, so they get none.
    """
    if status >= 400:
        return status in _LASTING_ERRORS
    return control.public or status in HEURISTICALLY_CACHEABLE


def stored_headers(headers: Headers, control: CacheControl) -> Headers:
    """The fields that are kept (RFC 9111 §3.1, §5.2.2.4, §5.2.2.7)."""
    listed = {name.lower() for name in list_members(get_all(headers, "connection"))}
    qualified = control.private_fields | control.no_cache_fields
    return without(headers, _HOP_BY_HOP | {"set-cookie"} | qualified | listed)


def withheld_headers(headers: Headers, control: CacheControl) -> Headers:
    """The fields that only the visitor of this response gets (RFC 9111 §5.2.2.4, §5.2.2.7)."""
    qualified = control.private_fields | control.no_cache_fields
    return tuple([field for field in headers if field[0].lower() in qualified])
