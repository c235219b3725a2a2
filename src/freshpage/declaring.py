"""What code that renders can say of the page it renders.

Outside of a render each of these does nothing, so models and templates may call them
wherever they run.
"""

from __future__ import annotations

from datetime import datetime

from freshpage.cacheability import canonical_tag
from freshpage.request import COOKIE, HEADER, QUERY, WHOLE_QUERY
from freshpage.tracking.record import current


def tag(*tags: object) -> None:
    """Say that the page shows something :func:`freshpage.invalidate` will name.

    :raises ValueError: for an empty tag, and for one that starts with "@".
    """
    names = [canonical_tag(given) for given in tags]
    record = current()
    if record is not None:
        record.tags.update(names)


def vary_on(
    *,
    headers: tuple[str, ...] | list[str] = (),
    cookies: tuple[str, ...] | list[str] = (),
    query: tuple[str, ...] | list[str] | bool = (),
) -> None:
    """Say that the page differs by these request headers, cookies or query parameters.

    :param query: names of parameters, or True for the whole query string.
    """
    record = current()
    if record is None:
        return
    record.vary(*(HEADER + name.lower() for name in headers))
    record.vary(*(COOKIE + name for name in cookies))
    if query is True:
        record.vary(WHOLE_QUERY)
    elif query:
        record.vary(*(QUERY + name for name in query))


def private(reason: str = "private") -> None:
    """Say that the page is for this visitor alone: it is not stored.

    :param reason: told by ``Cache-Status`` and the log.
    """
    record = current()
    if record is not None:
        record.refuse(reason)


def limit(seconds: float) -> None:
    """Say that the page lives ``seconds`` at most."""
    record = current()
    if record is not None:
        record.limit(max(0.0, seconds))


def until(moment: datetime) -> None:
    """Say that the page is right until a moment (an aware datetime) and no longer.

    :raises ValueError: for a naive datetime.
    """
    if moment.tzinfo is None:
        raise ValueError("until() wants an aware datetime")
    limit((moment - datetime.now(tz=moment.tzinfo)).total_seconds())
