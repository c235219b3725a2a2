"""Header fields as a tuple of (name, value) pairs, and their common syntax (RFC 9110 §5)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

Headers = tuple[tuple[str, str], ...]

OWS = " \t"  # RFC 9110 §5.6.3
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def get_all(headers: Headers, name: str) -> list[str]:
    """The values of every line of a field, in order.

    :param name: in lower case.
    """
    return [value for field, value in headers if field.lower() == name]


def get_first(headers: Headers, name: str) -> str | None:
    """The value of a field's first line; None when it is absent."""
    for field, value in headers:
        if field.lower() == name:
            return value
    return None


def get_combined(headers: Headers, name: str) -> str | None:
    """A field's lines joined with commas (RFC 9110 §5.3); None when it is absent."""
    values = get_all(headers, name)
    return ", ".join(values) if values else None


def without(headers: Iterable[tuple[str, str]], names: Collection[str]) -> Headers:
    """The fields but for those named.

    :param names: in lower case.
    """
    return tuple([field for field in headers if field[0].lower() not in names])


def is_token(text: str) -> bool:
    """Whether a text is a token (RFC 9110 §5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def split_list(line: str) -> list[str]:
    """A line's members between commas, trimmed, empty ones too (RFC 9110 §5.6.1).

    A comma in a quoted string does not part members; a quote that is never closed is a
    character like any other, so that it can't hide the members after it.
    """
    if '"' not in line:
        return [member.strip(OWS) for member in line.split(",")]
    members, start, at = [], 0, 0
    while at < len(line):
        if line[at] == ",":
            members.append(line[start:at].strip(OWS))
            start = at + 1
        elif line[at] == '"':
            close = _closing_quote(line, at)
            if close is None:
                return members + [member.strip(OWS) for member in line[start:].split(",")]
            at = close
        at += 1
    members.append(line[start:].strip(OWS))
    return members


def _closing_quote(line: str, at: int) -> int | None:
    while (at := at + 1) < len(line):
        if line[at] == '"':
            return at
        if line[at] == "\\":
            at += 1
    return None


def list_members(lines: Iterable[str]) -> list[str]:
    """The members of a list field that came in one or more lines, without empty ones."""
    return [member for line in lines for member in split_list(line) if member]


def unquoted(value: str) -> str | None:
    """The content of a quoted string (RFC 9110 §5.6.4); None when it is none."""
    if len(value) < 2 or value[0] != '"' or _closing_quote(value, 0) != len(value) - 1:
        return None
    return _QUOTED_PAIR.sub(r"\1", value[1:-1])
