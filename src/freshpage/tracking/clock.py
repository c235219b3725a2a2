"""Time as data: what a render reads from the clock bounds the life of its page.

A page that shows the time is right for a moment. One that asks for rows "up to now" is right
until the next row's turn comes. ``datetime.now()`` and ``time.time()`` can't be seen.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from typing import Any

from django.template.defaulttags import NowNode
from django.utils import timesince, timezone

from freshpage.tracking.call_sites import is_only_a_bound
from freshpage.tracking.in_place import see
from freshpage.tracking.record import Record, current

# Modules that look at the clock and show nobody: for what is stored, or how long.
_SHOW_NOBODY = (
    "cms.cache.",
    "cms.views",
    "django.contrib.auth.",
    "django.contrib.messages.",
    "django.contrib.sessions.",
    "django.db.models.fields",
    "freshpage.",
)
# Modules that look at it for the bound of a query.
_ASK_ONLY = ("django.views.generic.dates",)

# What a format of {% now %} shows, by how long it stays the same.
_YEARS, _MONTHS, _DAYS = frozenset("yYL"), frozenset("bEFmMnNt"), frozenset("dDjlSwWzo")


def watch_clock(bounded: Callable[[Record, datetime.datetime], None]) -> None:
    """Have renders' looks at the clock noted.

    :param bounded: is told of a moment that is good for the bound of a query only.
    """

    def now(original: Callable[[], datetime.datetime]) -> datetime.datetime:
        moment, record = original(), current()
        if record is not None:
            _note(record, moment, sys._getframe(3), bounded)
        return moment

    def since(
        original: Callable[..., str], d: Any, now: Any = None, *args: Any, **rest: Any
    ) -> str:
        if not now:
            read_clock()
        return original(d, now, *args, **rest)

    see(timezone.now, now)
    see(timesince.timesince, since)
    render = NowNode.render

    def render_now(self: NowNode, context: Any) -> str:
        record = current()
        if record is not None:
            until = stays_until(self.format_string, timezone.localtime(_present()))
            if until is None:
                record.read_clock()
            else:
                record.limit((until - _present()).total_seconds())
        return render(self, context)

    NowNode.render = render_now  # type: ignore[method-assign, assignment]
    _watch_humanize()


def _watch_humanize() -> None:
    from django.contrib.humanize.templatetags import humanize  # noqa: PLC0415 (not all have it)

    def naturalday(original: Callable[..., Any], *args: Any, **options: Any) -> Any:
        record = current()
        if record is not None:
            midnight = stays_until("j", timezone.localtime(_present()))
            assert midnight is not None
            record.limit((midnight - _present()).total_seconds())
        return original(*args, **options)

    def naturaltime(original: Callable[..., Any], *args: Any, **options: Any) -> Any:
        read_clock()
        return original(*args, **options)

    see(humanize.naturalday, naturalday)
    see(humanize.naturaltime, naturaltime)


def read_clock() -> None:
    """The page that is being rendered shows something that changes with the time."""
    record = current()
    if record is not None:
        record.read_clock()


def _present() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _note(record: Record, moment: datetime.datetime, frame: Any, bounded: Any) -> None:
    while frame is not None and frame.f_globals.get("__name__") == timezone.__name__:
        frame = frame.f_back  # localtime, localdate
    module = frame.f_globals.get("__name__", "") if frame is not None else ""
    if module.startswith(_SHOW_NOBODY):
        return
    if module in _ASK_ONLY or (frame is not None and is_only_a_bound(frame)):
        bounded(record, moment)
    else:
        record.read_clock()


def stays_until(format_string: str, now: datetime.datetime) -> datetime.datetime | None:
    """When a date shown in a format changes next; None: within a day.

    :param format_string: Django's format characters, or the name of a format.
    :param now: an aware datetime, in the time zone it is shown in.
    """
    if format_string in ("DATE_FORMAT", "SHORT_DATE_FORMAT"):
        shown = {"j"}
    elif format_string == "YEAR_MONTH_FORMAT":
        shown = {"n"}
    elif format_string == "MONTH_DAY_FORMAT":
        shown = {"j"}
    elif format_string.endswith("_FORMAT"):
        return None
    else:
        shown = {
            one
            for one, before in zip(format_string, " " + format_string, strict=False)
            if one.isalpha() and before != "\\"
        }
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if not shown - _YEARS:
        return start.replace(year=now.year + 1, month=1, day=1)
    if not shown - _YEARS - _MONTHS:
        return (start.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    if not shown - _YEARS - _MONTHS - _DAYS:
        return start + datetime.timedelta(days=1)
    return None
