"""What passes between the engine and the front doors: plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from freshpage.entry import Entry
from freshpage.http.fields import Headers
from freshpage.key import Part
from freshpage.request import Request
from freshpage.sequence import Sequence


class Call(NamedTuple):
    """A method of the store to be called."""

    method: str
    args: tuple[Any, ...] = ()


Path = tuple[tuple[str, Part], ...]  # axes asked one after the other, and their values


class Unencoded(NamedTuple):
    """An entry that has no compressed forms yet, and where it hangs.

    :param root: its page's primary key.
    """

    root: bytes
    key: bytes
    entry: Entry


class Repeat(NamedTuple):
    """Which other requests an answer is right for: plain ones (they have an identity) that
    say GET, for the same page, with the same value for each axis that led to the entry.

    :param root: the page's primary key.
    :param path: what led to the entry.
    :param since, until: when, in seconds since 1970, as long as nothing is invalidated.
    """

    root: bytes
    path: Path
    since: float
    until: float


@dataclass(frozen=True)
class Answer:
    """What goes out to the visitor; in the forms WSGI and ASGI want, made once.

    :param repeat: who else may have it; None: nobody.
    :param renew: what the page depends on, if it is to be rendered anew behind the
        visitor's back.
    :param encode: what is to be compressed behind his back, for the next one.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    repeat: Repeat | None = None
    renew: tuple[str, ...] | None = None
    encode: Unencoded | None = None

    @cached_property
    def line(self) -> str:
        """Status and reason."""
        return f"{self.status} {self.reason}"

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The fields as bytes."""
        return raw(self.headers)


def raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Fields as ASGI has them: bytes, the names in lower case."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class Head(NamedTuple):
    """The head of a response the application gave.

    ``explained``: names in its Vary that stand for reads the record has more precisely.
    ``doubt``: why it must not be stored unless it states its own freshness, and with it what
    it varies on.
    """

    status: int
    reason: str
    headers: Headers
    explained: frozenset[str] = frozenset()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that must be rendered, and what was found out on the way.

    :param fwd: why (RFC 9211 §2.2).
    :param sequence: S0; None: the result can't be stored.
    :param conditionals: fields the application is to be asked with in place of the
        visitor's If-None-Match and If-Modified-Since, which are judged here afterwards;
        None: the request is none of ours and goes on as it is.
    :param root: the primary key.
    :param stale: the entry to be revalidated.
    :param place: the key where an entry was found, or would have been.
    :param fallback: the entry that stands in should the application fail.
    :param outdated: an entry is there, which others may still get.
    :param usual: seconds it took to render what was there; 0: not known.
    :param detail: what there is to say beside ``fwd``.
    """

    request: Request
    started: float
    fwd: str
    sequence: Sequence | None = None
    conditionals: Headers | None = None
    root: bytes = b""
    stale: Entry | None = None
    place: bytes = b""
    fallback: Entry | None = None
    outdated: bool = False
    usual: float = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a response.

    :param headers: for the visitor, where the response is passed on as it comes.
    :param refusal: why it is not stored; empty when it is.
    :param head: of the response that is passed on.
    :param entry: to be completed with the body.
    :param withheld: fields that go to this visitor and are not stored.
    :param freshened: the stored entry that a 304 (or HEAD) made fresh again.
    :param from_entry: the freshened entry answers (else the response is passed on).
    :param drop: a key whose entry turned out wrong.
    :param again: the application must be asked without conditions (RFC 9111 §4.3.4).
    :param invalidate: tags of what an unsafe request changed (RFC 9111 §4.4), and of a page
        that is no longer for everybody.
    :param instead: the entry that answers, for the application failed (RFC 5861 §4).
    """

    headers: Headers
    refusal: str = ""
    head: Head | None = None
    entry: Entry | None = None
    withheld: Headers = ()
    freshened: Entry | None = None
    from_entry: bool = True
    drop: bytes = b""
    again: bool = False
    invalidate: frozenset[str] = frozenset()
    instead: Entry | None = None

    @property
    def keep(self) -> bool:
        """Whether the body is wanted, to be stored."""
        return self.entry is not None
