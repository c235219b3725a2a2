"""A request's mappings, noting who asks them for what.

They are dicts like the ones they stand for; reading all of one counts as reading all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, Self, TypeVar

from django.http import QueryDict
from django.http.request import HttpHeaders

from freshpage.request import QUERY, WHOLE_QUERY


class Notes(Protocol):
    """Where reads are noted."""

    def meta(self, key: str, module: str) -> None: ...
    def cookie(self, name: str, module: str) -> None: ...
    def query(self, axis: str) -> None: ...
    def everything(self, what: str, module: str) -> None: ...


def _caller() -> str:
    """The module that called the method that called this, perhaps through a mapping's own."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "collections.abc" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


T = TypeVar("T", bound=type)

# what reads all of a dict
_WHOLE = (
    *("__iter__", "__len__", "__eq__", "__ne__", "__or__", "__ror__", "__repr__", "__reversed__"),
    *("__copy__", "__deepcopy__", "keys", "values", "items", "copy", "popitem"),
)


def _noting_whole_reads(*more: str) -> Callable[[T], T]:
    """Have a dict class note each method that reads all of it."""

    def noting(method: Any) -> Any:
        def noted(self: Any, *args: Any) -> Any:
            self._note_all(_caller())
            return method(self, *args)

        return noted

    def decorate(cls: T) -> T:
        for name in (*_WHOLE, *more):
            method = getattr(cls, name, None)
            if method is not None:
                setattr(cls, name, noting(method))
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

    def _note(self, name: str, module: str) -> None:
        raise NotImplementedError

    def _note_all(self, module: str) -> None:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        if name not in self._written:
            self._note(name, _caller())
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self._written:
            self._note(name, _caller())
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        if name not in self._written:
            self._note(str(name), _caller())
        return super().__contains__(name)

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self._written:
            self._note(name, _caller())
        return super().pop(name, *default)

    def __setitem__(self, name: str, value: Any) -> None:
        self._written.add(name)
        super().__setitem__(name, value)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self._written:
            self._note(name, _caller())
        return super().setdefault(name, default)

    def update(self, *others: Any, **named: Any) -> None:
        new = dict(*others, **named)
        self._written.update(new)
        super().update(new)

    def unwatched(self) -> dict[str, Any]:
        """A plain copy, for our own use."""
        return {name: dict.__getitem__(self, name) for name in dict.__iter__(self)}


@_noting_whole_reads()
class WatchedMeta(_Named):
    """``request.META``."""

    def _note(self, name: str, module: str) -> None:
        self.notes.meta(name, module)

    def _note_all(self, module: str) -> None:
        self.notes.everything("meta", module)


@_noting_whole_reads()
class WatchedCookies(_Named):
    """``request.COOKIES``."""

    def _note(self, name: str, module: str) -> None:
        self.notes.cookie(name, module)

    def _note_all(self, module: str) -> None:
        self.notes.meta("HTTP_COOKIE", "")


class WatchedHeaders(HttpHeaders):
    """``request.headers``."""

    def __init__(self, environ: Mapping[str, Any], notes: Notes) -> None:
        super().__init__(environ)
        self._notes = notes

    def __getitem__(self, name: str) -> str:
        self._notes.meta(self.to_wsgi_name(name), _caller())
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._notes.meta(self.to_wsgi_name(name), _caller())
        entry = self._store.get(name.replace("_", "-").lower())
        return default if entry is None else entry[1]

    def __contains__(self, name: object) -> bool:
        self._notes.meta(self.to_wsgi_name(str(name)), _caller())
        return str(name).replace("_", "-").lower() in self._store

    def __iter__(self) -> Iterator[str]:
        self._notes.everything("headers", _caller())
        return super().__iter__()

    def __len__(self) -> int:
        self._notes.everything("headers", _caller())
        return super().__len__()

    def __repr__(self) -> str:
        self._notes.everything("headers", _caller())
        return super().__repr__()


@_noting_whole_reads("lists", "dict", "urlencode", "__getstate__")
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

    def _note_all(self, module: str) -> None:
        self.notes.query(WHOLE_QUERY)

    def __copy__(self) -> Any:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: Any) -> Any:
        """A plain one: with the copy, all has been read."""
        plain: Any = QueryDict("", mutable=True, encoding=self.encoding)
        for name in dict.__iter__(self):
            plain.setlist(name, list(dict.__getitem__(self, name)))  # type: ignore[index]
        return plain

    def __getitem__(self, name: str) -> Any:
        self.notes.query(QUERY + name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.notes.query(QUERY + name)
        return super().get(name, default)

    def getlist(self, name: str, default: Any = None) -> Any:
        self.notes.query(QUERY + name)
        return super().getlist(name, default)

    def __contains__(self, name: object) -> bool:
        self.notes.query(f"{QUERY}{name}")
        return super().__contains__(name)
