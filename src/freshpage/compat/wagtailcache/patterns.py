"""Regular expressions for URLs, as wagtail-cache takes them, as places that can be purged."""

from __future__ import annotations

from urllib.parse import urlsplit

_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_MAY_BE_NONE = frozenset("*?{")  # what stands before these need not be there


def beginning_of(pattern: str) -> str | None:
    """A place that ends in "/" with all that a pattern can match below it; None: none has.

    More than the pattern matches may lie there: too much may be dropped, too little never.
    """
    text = _literal(pattern.removeprefix("^").replace("https?://", "https://", 1))
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or "/" not in parts.path:
        return None
    path = parts.path[: parts.path.rindex("/") + 1]
    return f"{parts.scheme}://{parts.netloc}{path}"


def _literal(pattern: str) -> str:
    """What everything that matches begins with."""
    if "|" in pattern:
        return ""
    found: list[str] = []
    place = 0
    while place < len(pattern):
        one = pattern[place]
        if one == "\\" and place + 1 < len(pattern) and not pattern[place + 1].isalnum():
            place += 1
            found.append(pattern[place])
        elif one in _MAY_BE_NONE:
            return "".join(found[:-1])
        elif one in _SPECIAL:
            break
        else:
            found.append(one)
        place += 1
    return "".join(found)
