"""Vary: which request fields chose a response (RFC 9111 §4.1, RFC 9110 §12.5.5)."""

from __future__ import annotations

from freshpage.http.fields import Headers, get_all, is_token, list_members, split_list

# Fields whose commas are part of a text, not between members of a list.
_TEXTS = frozenset(
    {"authorization", "cookie", "date", "from", "host", "if-modified-since", "if-range"}
    | {"if-unmodified-since", "origin", "proxy-authorization", "referer", "user-agent"}
)
_CASELESS = frozenset({"accept-language"})  # RFC 5646 §2.1.1


def vary_names(headers: Headers) -> frozenset[str] | None:
    """The fields named, in lower case; None when no request can match (``*``).

    A member that is no field name can't be looked up in a request, so it is as good as ``*``.
    """
    names = frozenset(name.lower() for name in list_members(get_all(headers, "vary")))
    if "*" in names or not all(map(is_token, names)):
        return None
    return names


def normalise(name: str, value: str | None) -> str | None:
    """A request field's value as it is compared; None (absent) stays None.

    RFC 9111 §4.1 lets whitespace go where a field's syntax allows it, and values that mean
    the same count as one. Order stays: applications prefer what comes first.

    :param name: in lower case.
    """
    if value is None or name in _TEXTS:
        return value
    if name in _CASELESS:
        value = value.lower()
    if "," not in value:
        return value.strip(" \t")
    return ",".join(split_list(value))
