"""What starts anew in a forked child: locks another thread may have held, connections."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewed(Protocol):
    """Something that can't be used in a child as the parent left it."""

    def after_fork(self) -> None:
        """Start anew, taking no lock of the parent's."""


_renewed: weakref.WeakSet[Renewed] = weakref.WeakSet()


def renew_after_fork(thing: Renewed) -> None:
    """Have ``thing.after_fork()`` called in every child forked while it lives."""
    _renewed.add(thing)


def _after_fork() -> None:
    for thing in list(_renewed):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
