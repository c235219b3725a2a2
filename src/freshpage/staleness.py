"""What a stale entry may still do: go out while a new one is made, or where making one fails.

Times are in seconds. What the application forbids (RFC 9111 §4.2.4) and what was
invalidated hard is never served.
"""

from __future__ import annotations

import math

from freshpage.entry import Entry
from freshpage.request import Request
from freshpage.sequence import Standing
from freshpage.settings import Settings

FAILURES = frozenset({500, 502, 503, 504})  # RFC 5861 §4


def is_personal(request: Request, settings: Settings) -> bool:
    """Whether a request has a session or credentials: what it gets may be its own."""
    if request.header("authorization") is not None:
        return True
    return request.cookie(settings.session_cookie) is not None


def may_go_out(
    entry: Entry, standing: Standing, age: float, request: Request, settings: Settings
) -> bool:
    """Whether a stale entry may answer while it is rendered anew (RFC 5861 §3).

    What was invalidated softly may, as long as it would have been fresh, but not to who has
    a session: he may be the editor who has just saved.
    """
    if not _is_usable(entry, standing, request):
        return False
    if standing is Standing.SOFT:
        if is_personal(request, settings):
            return False
        return age < entry.lifetime + entry.stale_while_revalidate
    return entry.lifetime <= age < entry.lifetime + entry.stale_while_revalidate


def may_stand_in(entry: Entry, standing: Standing, age: float, request: Request) -> bool:
    """Whether an entry may answer should the application fail (RFC 5861 §4)."""
    return (
        _is_usable(entry, standing, request)
        and entry.stale_if_error > 0
        and age < entry.lifetime + entry.stale_if_error
    )


def _is_usable(entry: Entry, standing: Standing, request: Request) -> bool:
    if standing is Standing.INVALID or entry.never_stale or entry.always_validate:
        return False
    return entry.authorized or request.header("authorization") is None  # RFC 9111 §3.5


def is_due(entry: Entry, age: float, beta: float, chance: float) -> bool:
    """Whether a fresh entry is to be rendered anew already, so that it never expires.

    The nearer its end and the longer it takes to render, the likelier: a crowd of requests
    sends one ahead (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
    Prevention, 2015).

    :param beta: 1 is usual, more is earlier, 0 is never.
    :param chance: random, of [0, 1).
    """
    return entry.render_seconds * beta * -math.log(1.0 - chance) >= entry.lifetime - age


def reach_of_due(entry: Entry, beta: float) -> float:
    """How many seconds before its end :func:`is_due` begins to say so, as good as always."""
    return entry.render_seconds * beta * 8
