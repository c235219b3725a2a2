"""A render's threads read for it too.

A new thread begins with an empty context, in which no record is open. Within a render it is
given the render's, so that what it reads is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import Any

from freshpage.tracking.record import current


def watch_threads() -> None:
    """Have threads that a render starts or hands work to read for it."""
    start, submit = Thread.start, ThreadPoolExecutor.submit

    def start_seen(self: Thread) -> None:
        if current() is not None:
            self.run = partial(copy_context().run, self.run)  # type: ignore[method-assign]
        start(self)

    def submit_seen(
        self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **options: Any
    ) -> Future[Any]:
        if current() is not None:
            fn = partial(copy_context().run, fn)
        return submit(self, fn, *args, **options)

    Thread.start = start_seen  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = submit_seen  # type: ignore[method-assign, assignment]
