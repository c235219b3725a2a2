"""A request's mappings, noting who asks them for what.

They are dicts like the ones they stand for; reading all of one counts as reading all. A copy
of one is a plain one: what it holds has been noted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from types import FrameType
from typing import Any, Protocol, Self, TypeVar

from django.http import QueryDict
from django.http.request import HttpHeaders

from freshpage.request import ANY_QUERY, QUERY, WHOLE_QUERY
from freshpage.tracking.record import Record


class Notes(Protocol):
    """Where reads are noted; ``frame`` is that of whoever reads."""

    whole: Record

    @property
    def record(self) -> Record: ...
    def field(self, key: str, frame: FrameType) -> None: ...
    def cookie(self, name: str, frame: FrameType) -> None: ...
    def query(self, axis: str, frame: FrameType) -> None: ...
    def question(self, axis: str, key: str, frame: FrameType) -> None: ...
    def body(self, frame: FrameType, *, empty: bool) -> None: ...
    def everything(self, what: str, frame: FrameType) -> None: ...
    def written(self, key: str, value: Any, frame: FrameType) -> bool:
        """Whether a value was made from what is noted, so that reading it needs no note."""


def _reader() -> FrameType:
    """The frame of whoever called the method that called this, perhaps through a mapping's
    own.
    """
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "collections.abc" and frame.f_back is not None:
        frame = frame.f_back
    return frame


T = TypeVar("T", bound=type)

# what reads all of a dict
_WHOLE = (
    *("__iter__", "__len__", "__eq__", "__ne__", "__or__", "__ror__", "__repr__", "__reversed__"),
    *("keys", "values", "items", "copy", "popitem"),
)


def _noting_whole_reads(*more: str) -> Callable[[T], T]:
    """Have a dict class note each method that reads all of it."""

    def noting(method: Any) -> Any:
        def noted(self: Any, *args: Any) -> Any:
            self._note_all(_reader())
            return method(self, *args)

        return noted

    def decorate(cls: T) -> T:
        for name in (*_WHOLE, *more):
            setattr(cls, name, noting(getattr(cls, name)))
        cls.__hash__ = None  # type: ignore[assignment]
        return cls

    return decorate


class _Named(dict[str, Any]):
    """A dict that notes each name it is asked for, but for those written to it since."""

    notes: Notes
    _written: set[str]

    @classmethod
    def around(cls, plain: Mapping[str, Any], notes: Notes) -> Self:
        """What ``plain`` holds, watched."""
        made = cls(plain)
        made.notes = notes
        made._written = set()
        return made

    def note(self, name: object, reader: FrameType) -> None:
        """Note that somebody asks for a name."""
        if name not in self._written:
            self._note(str(name), reader)

    def was_written(self, name: str) -> bool:
        """Whether a value was made from what is noted."""
        return name in self._written

    def _note(self, name: str, reader: FrameType) -> None:
        raise NotImplementedError

    def _note_all(self, reader: FrameType) -> None:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        self.note(name, _reader())
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.note(name, _reader())
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.note(name, _reader())
        return super().__contains__(name)

    def pop(self, name: str, *default: Any) -> Any:
        self.note(name, _reader())
        self._note_written(name, None, _reader())
        return super().pop(name, *default)

    def __delitem__(self, name: str) -> None:
        self._note_written(name, None, _reader())
        super().__delitem__(name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self.note(name, _reader())
        return super().setdefault(name, default)

    def __setitem__(self, name: str, value: Any) -> None:
        self._write({name: value}, _reader())

    def __ior__(self, others: Any) -> Self:  # type: ignore[override,misc]
        self._write(dict(others), _reader())
        return self

    def update(self, *others: Any, **named: Any) -> None:
        self._write(dict(*others, **named), _reader())

    def _write(self, new: dict[str, Any], writer: FrameType) -> None:
        for name, value in new.items():
            self._note_written(name, value, writer)
        super().update(new)

    def _note_written(self, name: str, value: Any, writer: FrameType) -> None:
        if self.notes.written(name, value, writer):
            self._written.add(name)

    def __reduce_ex__(self, protocol: object) -> Any:
        self._note_all(_reader())
        return dict, (self.unwatched(),)

    def unwatched(self) -> dict[str, Any]:
        """A plain copy, for our own use."""
        return {name: dict.__getitem__(self, name) for name in dict.__iter__(self)}


@_noting_whole_reads()
class WatchedMeta(_Named):
    """``request.META``."""

    def _note(self, name: str, reader: FrameType) -> None:
        self.notes.field(name, reader)

    def _note_all(self, reader: FrameType) -> None:
        self.notes.everything("meta", reader)


@_noting_whole_reads()
class WatchedCookies(_Named):
    """``request.COOKIES``."""

    def _note(self, name: str, reader: FrameType) -> None:
        self.notes.cookie(name, reader)

    def _note_all(self, reader: FrameType) -> None:
        self.notes.field("HTTP_COOKIE", reader)


class WatchedHeaders(HttpHeaders):
    """``request.headers``."""

    def __init__(self, meta: WatchedMeta) -> None:
        super().__init__(meta.unwatched())
        self._meta = meta

    def _note(self, name: object, reader: FrameType) -> None:
        self._meta.note(self.to_wsgi_name(str(name)), reader)

    def _note_all(self, reader: FrameType) -> None:
        self._meta.notes.everything("headers", reader)

    def __getitem__(self, name: str) -> str:
        self._note(name, _reader())
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name, _reader())
        entry = self._store.get(name.replace("_", "-").lower())
        return default if entry is None else entry[1]

    def __contains__(self, name: object) -> bool:
        self._note(name, _reader())
        return str(name).replace("_", "-").lower() in self._store

    def __iter__(self) -> Iterator[str]:
        self._note_all(_reader())
        return super().__iter__()

    def __len__(self) -> int:
        self._note_all(_reader())
        return super().__len__()

    def keys(self) -> KeysView[str]:
        self._note_all(_reader())
        return super().keys()

    def items(self) -> ItemsView[str, str]:
        self._note_all(_reader())
        return super().items()

    def values(self) -> ValuesView[str]:
        self._note_all(_reader())
        return super().values()

    def __repr__(self) -> str:
        self._note_all(_reader())
        return super().__repr__()

    def __reduce_ex__(self, protocol: object) -> Any:
        self._note_all(_reader())
        return HttpHeaders, (self.to_wsgi_names(dict(self._store.values())),)


@_noting_whole_reads("lists", "dict", "urlencode", "pop", "setdefault", "setlistdefault")
class WatchedQuery(QueryDict):
    """``request.GET``."""

    notes: Notes

    @classmethod
    def around(cls, plain: QueryDict, notes: Notes) -> WatchedQuery:
        """What ``plain`` holds, watched."""
        made = cls("", mutable=True, encoding=plain.encoding)
        for name in dict.__iter__(plain):
            dict.__setitem__(made, name, dict.__getitem__(plain, name))
        made.notes = notes
        made._mutable = plain._mutable
        return made

    def _note(self, name: object, reader: FrameType) -> None:
        self.notes.query(f"{QUERY}{name}", reader)

    def _note_all(self, reader: FrameType) -> None:
        self.notes.query(WHOLE_QUERY, reader)

    def __bool__(self) -> bool:
        self.notes.query(ANY_QUERY, _reader())
        return dict.__len__(self) > 0

    def __getitem__(self, name: str) -> Any:
        self._note(name, _reader())
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name, _reader())
        return super().get(name, default)

    def getlist(self, name: str, default: Any = None) -> Any:
        self._note(name, _reader())
        return super().getlist(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(name, _reader())
        return super().__contains__(name)

    def __copy__(self) -> QueryDict:  # type: ignore[override]
        self._note_all(_reader())
        return self._unwatched(mutable=True)

    def __deepcopy__(self, memo: Any) -> QueryDict:  # type: ignore[override]
        self._note_all(_reader())
        return self._unwatched(mutable=True)

    def __reduce_ex__(self, protocol: object) -> Any:
        self._note_all(_reader())
        return _query, (dict(self._items()), self.encoding, self._mutable)

    def _unwatched(self, *, mutable: bool) -> QueryDict:
        return _query(dict(self._items()), self.encoding, mutable)

    def _items(self) -> Iterator[tuple[str, list[Any]]]:
        held: Any = self
        return ((name, dict.__getitem__(held, name)) for name in dict.__iter__(held))


def _query(lists: Mapping[str, list[Any]], encoding: str, mutable: bool) -> QueryDict:
    """A plain QueryDict."""
    made = QueryDict("", mutable=True, encoding=encoding)
    for name, values in lists.items():
        made.setlist(name, values)
    made._mutable = mutable
    return made
