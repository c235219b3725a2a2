"""Requests as they come in at the WSGI and ASGI doors, before Django has seen them: read as
Django would, but no further than they are asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from io import BytesIO
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.wsgi import get_path_info, get_script_name

from freshpage.request import CONSULTED
from freshpage.visitor import MetaRequest, SiteRules, meta_name

# A request with one of these has no identity; Django makes the script from the last two.
_SPECIAL_KEYS = frozenset({*map(meta_name, CONSULTED), "SCRIPT_URL", "REDIRECT_URL"}) - {
    "CONTENT_TYPE"
}
_MOST_FIELDS, _MOST_BYTES = 64, 2048  # of a request whose shape is remembered
_SPECIAL_FIELDS = CONSULTED | {"content-length"}
_MARKED = "surrogateescape"  # bytes that are no UTF-8 are told from all others
_READ_LATER = frozenset({"meta", "scheme", "host", "script", "path"})


class WsgiRequest(MetaRequest):
    """A request as a WSGI environ has it."""

    __slots__ = ("identity",)
    _raw = True

    def __init__(self, environ: dict[str, Any], rules: SiteRules) -> None:
        self.meta = environ
        self._rules = rules
        self._named = None
        self._parameters = False
        # some servers say "" where no length and type were sent
        plain = (
            not environ.get("CONTENT_LENGTH")
            and not environ.get("CONTENT_TYPE")
            and environ.keys().isdisjoint(_SPECIAL_KEYS)
        )
        try:
            self.identity: Hashable = rules.identity_of(environ) if plain else None
        except KeyError:  # no Host, say
            self.identity = None

    def __getattr__(self, name: str) -> Any:
        """Read the rest, when some of it is first asked for."""
        environ: Any = self.meta
        if name == "query":
            self.query = environ.get("QUERY_STRING", "")
        elif name == "method":
            self.method = environ["REQUEST_METHOD"].upper()
        elif name in _READ_LATER:
            self._locate(environ)
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _locate(self, environ: dict[str, Any]) -> None:
        self.scheme, self.host = self._rules.origin_of(environ, environ["wsgi.url_scheme"])
        self.script = get_script_name(environ)
        self.path = get_path_info(environ) or "/"


class ScopeRequest(MetaRequest):
    """A request as an ASGI scope has it."""

    __slots__ = ("_lines", "_places", "_scope", "identity")
    _raw = False

    def __init__(self, scope: Mapping[str, Any], rules: SiteRules) -> None:
        lines = scope.get("headers", ())
        shape = _shape_of(lines, rules.origin_fields)
        if shape is None:
            lines = _joined(lines)
            shape = _shape_of(lines, rules.origin_fields)
            assert shape is not None
        self._scope = scope
        self._lines = lines
        self._places = shape.places
        self._rules = rules
        self._named = None
        self._parameters = False
        self.identity: Hashable = None
        if shape.origin and scope.get("query_string", b"").isascii():
            root, path = scope.get("root_path"), scope["path"]
            origin = tuple([lines[place][1] for place in shape.origin])
            self.identity = (scope["method"], scope.get("scheme"), root, path, origin)

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent."""
        place = self._places.get(name)
        return None if place is None else self._lines[place][1].decode("latin-1")

    def __getattr__(self, name: str) -> Any:
        """Read the rest, when some of it is first asked for."""
        scope = self._scope
        if name == "query":
            query = scope.get("query_string", b"")
            self.query = query if isinstance(query, str) else query.decode(errors=_MARKED)
        elif name == "method":
            self.method = scope["method"].upper()
        elif name in _READ_LATER:
            self._locate(scope)
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _locate(self, scope: Mapping[str, Any]) -> None:
        server = scope.get("server") or ("unknown", 0)
        self.script = get_script_prefix(scope)
        self.path = scope["path"].removeprefix(self.script)
        self.meta = {
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
            self.meta |= {"REMOTE_ADDR": address, "REMOTE_HOST": address, "REMOTE_PORT": port}
        for name, value in self._lines:
            self.meta[meta_name(name.decode("latin-1"))] = value.decode("latin-1")
        self.scheme, self.host = self._rules.origin_of(self.meta, scope.get("scheme") or "http")
        if not self.query.isascii() and self.query.encode(errors="ignore").decode() != self.query:
            self.host = None  # bytes that are no text: Django refuses the whole request


_name = itemgetter(0)


class _Shape(NamedTuple):
    """What the names of a request's fields tell, in the order they came.

    ``origin``: where those are that decide scheme and host; none: no identity.
    """

    places: dict[str, int]
    origin: tuple[int, ...]


def _shape_of(
    lines: Sequence[tuple[bytes, bytes]], origin_fields: tuple[str, ...]
) -> _Shape | None:
    """The same, remembered for requests such as browsers send: nobody is to fill our memory."""
    names = tuple(map(_name, lines))
    if len(names) > _MOST_FIELDS or sum(map(len, names)) > _MOST_BYTES:
        return _shape.__wrapped__(names, origin_fields)
    return _shape(names, origin_fields)


@lru_cache(maxsize=2048)
def _shape(names: tuple[bytes, ...], origin_fields: tuple[str, ...]) -> _Shape | None:
    """The shape of fields whose names are well-formed and come once; None: they do not."""
    places = {name.decode("latin-1"): place for place, name in enumerate(names)}
    if len(places) < len(names) or any(name != name.lower() or "_" in name for name in places):
        return None
    plain = _SPECIAL_FIELDS.isdisjoint(places) and places.keys() >= set(origin_fields)
    origin = tuple([places[name] for name in origin_fields]) if plain else ()
    return _Shape(places, origin)


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
