"""Bringing locks, and SQLite's connections, across a fork.

A lock that another thread holds when a process forks is never released in the child; and SQLite
must not know of any open file then, or the child believes it has locks that only the parent
has. So what is registered here comes to rest before a fork.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forking(Protocol):
    """Something that has to be at rest while its process forks."""

    def before_fork(self) -> object:
        """Come to rest."""

    def after_fork(self) -> object:
        """Go on, in the parent or in the child."""


_registered: weakref.WeakSet[Forking] = weakref.WeakSet()
_resting: list[Forking] = []


def rest_while_forking(thing: Forking) -> None:
    """Have ``thing`` at rest whenever this process forks."""
    _registered.add(thing)


def _before() -> None:
    _resting[:] = list(_registered)
    for thing in _resting:
        thing.before_fork()


def _after() -> None:
    for thing in _resting:
        thing.after_fork()
    _resting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
