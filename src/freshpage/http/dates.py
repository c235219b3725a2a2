"""HTTP dates (RFC 9110 §5.6.7)."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
# RFC 9111 §4.2: case does not matter, and every zone but GMT is invalid
_FORMATS = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} gmt",
        rf"{_WEEKDAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} gmt",
        rf"{_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
]


def parse_http_date(value: str, now: float) -> float | None:
    """Seconds since 1970; None when the value is no HTTP date.

    :param now: seconds since 1970; settles the century of a two-digit year.
    """
    value = value.strip(" \t")
    for pattern in _FORMATS:
        found = pattern.fullmatch(value)
        if found is not None:
            return _seconds(found.groupdict(), now)
    return None


def _seconds(parts: dict[str, str], now: float) -> float | None:
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year = _full_year(year, now)
    month = _MONTHS.index(parts["month"].lower()) + 1
    second = min(int(parts["second"]), 59) if parts["second"] == "60" else int(parts["second"])
    try:
        moment = datetime(
            year, month, int(parts["day"]), int(parts["hour"]), int(parts["minute"]), second
        )
    except ValueError:
        return None
    return float(timegm(moment.timetuple()))


def _full_year(year: int, now: float) -> int:
    """RFC 9110 §5.6.7: a year more than 50 years ahead is in the past."""
    try:
        current = datetime.fromtimestamp(now, UTC).year
    except (ValueError, OverflowError, OSError):
        current = 1970
    full = current - current % 100 + year
    return full - 100 if full > current + 50 else full


def format_http_date(seconds: float) -> str:
    """An IMF-fixdate, for times from year 1 to 9999; others are brought to its ends."""
    start = datetime(1970, 1, 1)
    try:
        moment = start + timedelta(seconds=int(seconds))
    except (OverflowError, ValueError):
        moment = datetime.max if seconds > 0 else datetime.min
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1].capitalize()
    return f"{day}, {moment:%d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"
