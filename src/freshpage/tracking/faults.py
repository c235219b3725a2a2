"""Faults of our own while we watch: never the application's, and said once."""

from __future__ import annotations

import logging

from freshpage.tracking.record import Record

logger = logging.getLogger("freshpage.tracking")

REMEMBERED = 1000

_said: set[tuple[str, str, str]] = set()


def unknown(record: Record, fault: BaseException, what: str = "a query") -> None:
    """What was read can't be told: the page is not stored, and its visitor never knows."""
    record.lose("query-not-followed")
    _say(f"{what} could not be followed", path_of(record), fault)


def widened(what: str, fault: BaseException) -> None:
    """What a write did can't be told: more is dropped than need be."""
    _say(f"{what} could not be compared", "", fault)


def path_of(record: Record) -> str:
    """Of the page a record is for, as far as it is known."""
    return str(getattr(record.sent, "path", ""))


def _say(what: str, path: str, fault: BaseException) -> None:
    said = (what, path, f"{type(fault).__name__}: {fault}")
    if said in _said:
        return
    if len(_said) >= REMEMBERED:
        _said.clear()
    _said.add(said)
    logger.warning("%s%s: %s", what, f" on {path}" if path else "", fault, exc_info=fault)
