"""What was read can't be told: the page is not stored, and its visitor never knows."""

from __future__ import annotations

import logging

from freshpage.tracking.record import Record

PLACES = 1000  # of which it is told once each

logger = logging.getLogger("freshpage.tracking")

_told: set[tuple[str, type[Exception]]] = set()


def unfollowed(record: Record, fault: Exception) -> None:
    """Note that a fault of ours hides a read from us; said once a page in the log."""
    record.lose("query-not-followed")
    page = record.sent.path if record.sent else "a page"
    place = (page, type(fault))
    if place not in _told and len(_told) < PLACES:
        _told.add(place)
        logger.warning(
            "%s is not stored: a query of it can't be followed: %s", page, fault, exc_info=fault
        )
