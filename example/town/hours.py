"""Opening hours as pure rules: whether it is open, and when what a page says of it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAYS_AHEAD = 8  # a week and today's remaining hours


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open on ``weekday`` (Monday is 0) from ``opens`` until ``closes``, the same day."""

    weekday: int
    opens: time
    closes: time


def is_open(week: Iterable[Span], at: datetime) -> bool:
    """Whether a place with these hours is open at ``at``, a local time with its zone."""
    day, clock = at.weekday(), at.time()
    return any(span.weekday == day and span.opens <= clock < span.closes for span in week)


def closing(week: Iterable[Span], at: datetime) -> time | None:
    """When a place that is open at ``at`` closes."""
    day, clock = at.weekday(), at.time()
    for span in week:
        if span.weekday == day and span.opens <= clock < span.closes:
            return span.closes
    return None


def next_opening(week: Iterable[Span], at: datetime) -> datetime | None:
    """When a place opens next after ``at``; None when it never does."""
    starts = (moment for span, moment in _moments(week, at, "opens"))
    return min((moment for moment in starts if moment > at), default=None)


def next_change(week: Iterable[Span], at: datetime) -> datetime:
    """The next opening or closing after ``at``, or midnight, when "today" is another day."""
    week = tuple(week)
    midnight = _on(at, 1, time.min)
    edges = [moment for edge in ("opens", "closes") for _, moment in _moments(week, at, edge)]
    return min([midnight, *(moment for moment in edges if moment > at)])


def _moments(week: Iterable[Span], at: datetime, edge: str) -> list[tuple[Span, datetime]]:
    return [
        (span, _on(at, days, getattr(span, edge)))
        for span in week
        for days in range((span.weekday - at.weekday()) % 7, DAYS_AHEAD, 7)
    ]


def _on(at: datetime, days: int, clock: time) -> datetime:
    """``clock`` on the day ``days`` after ``at``, by the wall: summer time is the zone's."""
    return datetime.combine(at.date() + timedelta(days=days), clock, tzinfo=at.tzinfo)
