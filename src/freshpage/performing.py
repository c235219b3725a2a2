"""Performing what the engine asks of the store, for sync and async doors alike.

Nothing raised by a store or by the engine gets past this module: the visitor is owed the
page whatever happens to the cache. Each kind of fault is logged once in a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from freshpage.engine import Call
from freshpage.flights import Flight
from freshpage.stores.base import WAIT, Store

logger = logging.getLogger("freshpage")

T = TypeVar("T")


class Ask(NamedTuple):
    """A function of ours to be called; None, where it fails.

    :param blocking: it may wait on a network.
    """

    act: Callable[..., Any]
    args: tuple[Any, ...]
    blocking: bool


class Wait(NamedTuple):
    """Until a flight has ended, or for so many seconds."""

    flight: Flight
    seconds: float


class Pause(NamedTuple):
    """For so many seconds."""

    seconds: float


Step = Call | Ask | Wait | Pause
Steps = Generator[Step, Any, T]

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


def _perform(store: Store, step: Call | Ask) -> Any:
    try:
        if isinstance(step, Ask):
            return step.act(*step.args)
        return getattr(store, step.method)(*step.args)
    except Exception as fault:
        name = step.act.__name__ if isinstance(step, Ask) else step.method
        tell(f"the store did not answer {name}", fault)
        return None


def _done(store: Store, step: Step) -> Any:
    if isinstance(step, Wait):
        return step.flight.wait(step.seconds)
    if isinstance(step, Pause):
        return time.sleep(step.seconds)
    return _perform(store, step)


async def _done_async(store: Store, step: Step) -> Any:
    if isinstance(step, Wait):
        return await step.flight.wait_async(step.seconds)
    if isinstance(step, Pause):
        return await asyncio.sleep(step.seconds)
    answer: Any = WAIT
    if not (step.blocking if isinstance(step, Ask) else store.blocking):
        answer = _perform(store, step)
    elif isinstance(step, Call) and step.method == "get":
        answer = _perform(store, Call("peek", step.args))
    if answer is WAIT:
        answer = await asyncio.to_thread(_perform, store, step)
    return answer


def run(steps: Steps[T], store: Store) -> T:
    """Take steps to their end, calling the store as they ask."""
    answer: Any = None
    try:
        while True:
            answer = _done(store, steps.send(answer))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        steps.close()


async def run_async(steps: Steps[T], store: Store) -> T:
    """The same on an event loop: what would wait is done on a thread."""
    answer: Any = None
    try:
        while True:
            answer = await _done_async(store, steps.send(answer))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        steps.close()  # at once, where the task was cancelled: others may wait for it
