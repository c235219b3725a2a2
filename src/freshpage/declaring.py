"""What code that renders can say of the page it renders.

Outside of a render each of these does nothing, so models and templates may call them
wherever they run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from freshpage.cacheability import canonical_tag
from freshpage.http.fields import is_token
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


Names = str | Iterable[str]


def vary_on(*, headers: Names = (), cookies: Names = (), query: Names | bool = ()) -> None:
    """Say that the page differs by these request headers, cookies or query parameters.

    Names that code reads from the request are noted by themselves: this is for what reaches
    it in another way.

    :param headers: one name, or several.
    :param query: names of parameters, or True for the whole query string.
    :raises ValueError: for what can't be the name of a header.
    """
    axes = [HEADER + _field(name) for name in _several(headers)]
    axes += [COOKIE + name for name in _several(cookies)]
    if query is True:
        axes.append(WHOLE_QUERY)
    elif query is not False:
        axes += [QUERY + name for name in _several(query)]
    record = current()
    if record is not None:
        record.vary(*axes)


def _several(names: Names) -> Iterable[str]:
    return (names,) if isinstance(names, str) else names


def _field(name: str) -> str:
    if not is_token(name):
        raise ValueError(f"no header has such a name: {name!r}")
    return name.lower()


def private(reason: str = "private") -> None:
    """Say that the page is for this visitor alone: it is not stored.

    :param reason: told by ``Cache-Status`` and the log.
    """
    record = current()
    if record is not None:
        record.refuse(reason or "private")


def limit(seconds: float) -> None:
    """Say that the page lives ``seconds`` at most."""
    record = current()
    if record is not None:
        record.limit(max(0.0, seconds))


def until(moment: datetime) -> None:
    """Say that the page is right until a moment (an aware datetime) and no longer.

    Then it is not cut short for having looked at the clock.

    :raises ValueError: for a naive datetime.
    """
    if moment.tzinfo is None:
        raise ValueError("until() wants an aware datetime")
    limit((moment - datetime.now(tz=moment.tzinfo)).total_seconds())
    record = current()
    if record is not None:
        record.stated = True
