"""Saying that something changed: what shows it is not served again.

Inside a database transaction it counts on commit only; a rollback forgets it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from django.db import connections, transaction

from freshpage.cacheability import EVERYTHING, canonical_tag, prefix_tag, url_tag
from freshpage.performing import tell
from freshpage.runtime import runtimes
from freshpage.tracking.record import current
from freshpage.tracking.transactions import Announced


def invalidate(*tags: object, soft: bool = False) -> None:
    """Drop every page that carries one of these tags, once the transaction commits.

    :param soft: the pages may still be served as stale while they are rendered anew.
    :raises ValueError: for an empty tag, and for one that starts with "@".
    """
    send_on_commit(frozenset(canonical_tag(tag) for tag in tags), soft=soft)


def purge(url: str | None = None, *, prefix: str | None = None, everything: bool = False) -> None:
    """Drop pages by where they are.

    :param url: a path ("/news/", on every host) or an absolute URL; with any query string.
    :param prefix: a path ending in "/" (or an absolute URL): all that lies below it.
    :param everything: every page of this site.
    :raises ValueError: unless exactly one of the three is given.
    """
    send_on_commit(frozenset((place_tag(url, prefix, everything=everything),)))


def place_tag(
    url: str | None = None, prefix: str | None = None, *, everything: bool = False
) -> str:
    """The tag of the pages that :func:`purge` is to drop.

    :raises ValueError: unless exactly one of the three is given.
    """
    if (url is not None) + (prefix is not None) + bool(everything) != 1:
        raise ValueError("purge() takes one of: a url, prefix=, everything=True")
    if everything:
        return EVERYTHING
    if url is not None:
        return url_tag(*_place(url))
    assert prefix is not None
    if not prefix.endswith("/"):
        raise ValueError(f"a prefix ends in '/': {prefix!r}")
    return prefix_tag(*_place(prefix))


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if not parts.path.startswith("/") and not parts.netloc:
        raise ValueError(f"a path starts with '/', a URL with its scheme: {url!r}")
    return parts.path or "/", parts.netloc


def send_on_commit(tags: frozenset[str], *, soft: bool = False) -> None:
    """Invalidate canonical tags once every open transaction of this thread has committed.

    With several databases in a transaction the tags are sent at each commit: whichever of
    them the caller wrote to, its pages are right from its commit on.
    """
    record = current()
    if record is not None:
        record.refuse("invalidates")  # a page that came from the cache would change nothing
    if tags:
        after_commit(Announced(tags, partial(_send, soft=soft)))


def after_commit(act: Callable[[], object]) -> None:
    """Act once every open transaction of this thread has committed; now, if there is none."""
    open_ = [
        connection.alias
        for connection in connections.all(initialized_only=True)
        if connection.in_atomic_block
    ]
    if not open_:
        act()
    for alias in open_:
        transaction.on_commit(act, using=alias, robust=True)


def _send(tags: frozenset[str], *, soft: bool) -> None:
    for runtime in runtimes():
        try:
            runtime.store.invalidate(tags, soft=soft)
        except Exception as fault:
            # the store keeps them and delivers them before it is read again
            tell(f"invalidating {len(tags)} tags waits for the store", fault)
