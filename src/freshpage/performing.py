"""Performing what the engine asks of the store, for sync and async doors alike.

Nothing raised by a store or by the engine gets past this module: the visitor is owed the
page whatever happens to the cache. Each kind of fault is logged once in a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Generator
from typing import Any, TypeVar

from freshpage.engine import Call
from freshpage.stores.base import WAIT, Store

logger = logging.getLogger("freshpage")

T = TypeVar("T")
Steps = Generator[Call, Any, T]

QUIET_SECONDS = 30.0  # between two log records of the same fault

_told: dict[str, float] = {}


def tell(what: str, fault: BaseException) -> None:
    """Log a fault, unless the same was logged a moment ago."""
    kind = f"{what}: {type(fault).__name__}"
    now = time.monotonic()
    if now - _told.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
        return
    if len(_told) > 256:
        _told.clear()
    _told[kind] = now
    logger.error("freshpage: %s: %s: %s", what, type(fault).__name__, fault)


def contained(steps: Steps[T], what: str) -> Steps[T | None]:
    """The same steps, ending in None where they fail."""
    try:
        return (yield from steps)
    except Exception as fault:
        logger.exception("%s failed: %s", what, fault)
        return None


def _perform(store: Store, call: Call) -> Any:
    try:
        return getattr(store, call.method)(*call.args)
    except Exception as fault:
        tell(f"the store did not answer {call.method}", fault)
        return None


def run(steps: Steps[T], store: Store) -> T:
    """Take steps to their end, calling the store as they ask."""
    answer: Any = None
    try:
        while True:
            answer = _perform(store, steps.send(answer))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def run_async(steps: Steps[T], store: Store) -> T:
    """The same on an event loop: what would wait is done on a thread."""
    answer: Any = None
    try:
        while True:
            call = steps.send(answer)
            answer = WAIT
            if not store.blocking:
                answer = _perform(store, call)
            elif call.method == "get":
                answer = _perform(store, Call("peek", call.args))
            if answer is WAIT:
                answer = await asyncio.to_thread(_perform, store, call)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
