"""Requests as they come in at the WSGI and ASGI doors, before Django has seen them: read as
Django would, but no further than they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from io import BytesIO
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.wsgi import get_path_info, get_script_name
from django.utils.functional import cached_property  # without the lock of Python 3.11's

from freshpage.key import Part
from freshpage.request import CONSULTED, LANGUAGE, Parameters
from freshpage.visitor import MetaRequest, SiteRules, meta_name

# A request with one of these has no identity; Django makes the script from the last two.
_SPECIAL_KEYS = frozenset({*map(meta_name, CONSULTED), "SCRIPT_URL", "REDIRECT_URL"}) - {
    "CONTENT_TYPE"
}
_CONTENT_KEYS = frozenset({"CONTENT_LENGTH", "CONTENT_TYPE"})
_RARE_KEYS = _SPECIAL_KEYS | _CONTENT_KEYS
_MOST_FIELDS, _MOST_BYTES = 64, 2048  # of a request whose shape is remembered
_MOST_SHAPES = 2048
_SPECIAL_FIELDS = CONSULTED | {"content-length"}
_MARKED = "surrogateescape"  # bytes that are no UTF-8 are told from all others


class _Incoming(MetaRequest):
    """Read no further than asked.

    No ``__getattr__``: with one, Python looks up every attribute the slow way.
    """

    __slots__ = ("__dict__", "identity")
    _origin: Any  # (scheme, host)
    _named = None
    _parameters: Parameters | bool | None = False

    def named(self, axis: str) -> Part:
        """As told there; the axis that most sites have comes first."""
        return self.language() if axis == LANGUAGE else super().named(axis)

    @cached_property
    def scheme(self) -> str:  # type: ignore[override]
        """The scheme, as Django judges it."""
        scheme: str = self._origin[0]
        return scheme

    @cached_property
    def host(self) -> str | None:  # type: ignore[override]
        """The host; None: Django refuses it."""
        host: str | None = self._origin[1]
        return host


class WsgiRequest(_Incoming):
    """A request as a WSGI environ has it."""

    __slots__ = ()
    _raw = True

    def __init__(self, environ: dict[str, Any], rules: SiteRules) -> None:
        self.meta = environ
        self._rules = rules
        try:
            self.identity: Hashable = rules.identity_of(environ) if is_plain(environ) else None
        except KeyError:  # no Host, say
            self.identity = None

    @cached_property
    def query(self) -> str:  # type: ignore[override]
        """The query string."""
        query: str = self.meta.get("QUERY_STRING", "")
        return query

    @cached_property
    def method(self) -> str:  # type: ignore[override]
        """The method."""
        method: str = self.meta["REQUEST_METHOD"].upper()
        return method

    @cached_property
    def script(self) -> str:  # type: ignore[override]
        """The mount point."""
        script: str = get_script_name(dict(self.meta))
        return script

    @cached_property
    def path(self) -> str:  # type: ignore[override]
        """The path below it."""
        return get_path_info(dict(self.meta)) or "/"

    @cached_property
    def _origin(self) -> tuple[str, str | None]:
        return self._rules.origin_of(self.meta, self.meta["wsgi.url_scheme"])


def is_plain(environ: Mapping[str, Any]) -> bool:
    """Whether a request may have an identity: it has no body, and nothing that is in CONSULTED."""
    if environ.keys().isdisjoint(_RARE_KEYS):
        return True
    # some servers say "" where no length and type were sent
    return environ.keys().isdisjoint(_SPECIAL_KEYS) and not any(map(environ.get, _CONTENT_KEYS))


class ScopeRequest(_Incoming):
    """A request as an ASGI scope has it."""

    __slots__ = ("_lines", "_places", "_scope")
    _raw = False

    def __init__(self, scope: Mapping[str, Any], rules: SiteRules) -> None:
        lines = scope.get("headers", ())
        names = tuple(map(_name, lines))
        shape = rules.shapes.get(names) or _shape_of(names, rules)
        if shape is None:
            lines = _joined(lines)
            shape = _shape_of(tuple(map(_name, lines)), rules)
            assert shape is not None
        self._scope = scope
        self._lines = lines
        places, origin = shape
        self._places = places
        self._rules = rules
        self.identity: Hashable = None
        if origin is not None and scope.get("query_string", b"").isascii():
            try:
                self.identity = (_page_of(scope), origin(lines))
            except KeyError:  # no scheme, say
                return

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent."""
        place = self._places.get(name)
        return None if place is None else self._lines[place][1].decode("latin-1")

    def language(self) -> str:
        """The language that is chosen where the path names none; without making a META."""
        rules, lines, place = self._rules, self._lines, self._places.get
        cookies, at = place("cookie"), place("accept-language")
        accepted = None if at is None else lines[at][1]
        if cookies is None or rules.raw_language_hint not in lines[cookies][1]:
            return rules.raw_language_accepted(accepted)
        cookie = self.cookie(rules.language_cookie)
        return rules.language(cookie, None if accepted is None else accepted.decode("latin-1"))

    @cached_property
    def query(self) -> str:  # type: ignore[override]
        """The query string."""
        query = self._scope.get("query_string", b"")
        return query if isinstance(query, str) else query.decode(errors=_MARKED)

    @cached_property
    def method(self) -> str:  # type: ignore[override]
        """The method."""
        method: str = self._scope["method"].upper()
        return method

    @cached_property
    def script(self) -> str:  # type: ignore[override]
        """The mount point."""
        script: str = get_script_prefix(self._scope)
        return script

    @cached_property
    def path(self) -> str:  # type: ignore[override]
        """The path below it."""
        path: str = self._scope["path"].removeprefix(self.script)
        return path

    @cached_property
    def meta(self) -> dict[str, Any]:  # type: ignore[override]
        """What Django will make of it."""
        scope = self._scope
        server = scope.get("server") or ("unknown", 0)
        meta = {
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": self.query,
            "SCRIPT_NAME": self.script,
            "PATH_INFO": self.path,
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
        }
        if client := scope.get("client"):
            address, port = client
            meta |= {"REMOTE_ADDR": address, "REMOTE_HOST": address, "REMOTE_PORT": port}
        for name, value in self._lines:
            meta[meta_name(name.decode("latin-1"))] = value.decode("latin-1")
        return meta

    @cached_property
    def _origin(self) -> tuple[str, str | None]:
        scheme, host = self._rules.origin_of(self.meta, self._scope.get("scheme") or "http")
        if not self.query.isascii() and self.query.encode(errors="ignore").decode() != self.query:
            host = None  # bytes that are no text: Django refuses the whole request
        return scheme, host


_name = itemgetter(0)
_page_of = itemgetter("method", "scheme", "root_path", "path")


class _Shape(NamedTuple):
    """What the names of a request's fields tell, in the order they came.

    ``origin``: takes those lines that decide scheme and host; None: there is no identity.
    """

    places: dict[str, int]
    origin: Callable[[Sequence[tuple[bytes, bytes]]], Hashable] | None


def _shape_of(names: tuple[bytes, ...], rules: SiteRules) -> _Shape | None:
    """The shape of fields whose names are well-formed and come once; None: they do not.

    It is remembered for requests such as browsers send: nobody is to fill our memory.
    """
    places = {name.decode("latin-1"): place for place, name in enumerate(names)}
    if len(places) < len(names) or any(name != name.lower() or "_" in name for name in places):
        return None
    plain = _SPECIAL_FIELDS.isdisjoint(places) and places.keys() >= set(rules.origin_fields)
    origin = itemgetter(*[places[name] for name in rules.origin_fields]) if plain else None
    shape = _Shape(places, origin)
    if len(names) <= _MOST_FIELDS and sum(map(len, names)) <= _MOST_BYTES:
        if len(rules.shapes) >= _MOST_SHAPES:
            rules.shapes.clear()
        rules.shapes[names] = shape
    return shape


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Each field's lines joined, its name in lower case; without names that have a "_", which
    Django drops, for they would be taken for others with a "-".
    """
    fields: dict[bytes, bytes] = {}
    for given, value in lines:
        name = given.lower()
        if b"_" in name:
            continue
        joint = _cookie_joint() if name == b"cookie" else b","
        fields[name] = fields[name] + joint + value if name in fields else value
    return list(fields.items())


@cache
def _cookie_joint() -> bytes:
    """What this version of Django puts between cookies that came in several lines, as HTTP/2
    has them.
    """
    lines = [(b"cookie", b"a"), (b"cookie", b"b")]
    request = ASGIRequest({"method": "GET", "path": "/", "headers": lines}, BytesIO())
    joined: str = request.META["HTTP_COOKIE"]
    return joined.removeprefix("a").removesuffix("b").encode("latin-1")
