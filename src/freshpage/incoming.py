"""Requests as they come in at the WSGI and ASGI doors, before Django has seen them: read as
Django would, but no further than they are asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from django.core.handlers.asgi import get_script_prefix
from django.core.handlers.wsgi import get_path_info, get_script_name

from freshpage.request import CONSULTED
from freshpage.visitor import MetaRequest, SiteRules, meta_name

_CONSULTED_KEYS = frozenset(map(meta_name, CONSULTED))
_CONSULTED_FIELDS = frozenset(name.encode() for name in CONSULTED)
# What Django makes method, script and path from, and whether there is a body.
_ENVIRON_KEYS = (
    "REQUEST_METHOD",
    "wsgi.url_scheme",
    "SCRIPT_NAME",
    "PATH_INFO",
    "SCRIPT_URL",
    "REDIRECT_URL",
    "CONTENT_LENGTH",
)
_FOUND_OUT_LATER = frozenset({"scheme", "host", "script", "path", "meta"})


class WsgiRequest(MetaRequest):
    """A request as a WSGI environ has it."""

    __slots__ = ("identity",)

    def __init__(self, environ: dict[str, Any], rules: SiteRules) -> None:
        self.meta = environ
        self.method = environ["REQUEST_METHOD"].upper()
        self.query = environ.get("QUERY_STRING", "")
        self._rules = rules
        self._named = None
        self.identity: Hashable = None
        if "HTTP_HOST" in environ and environ.keys().isdisjoint(_CONSULTED_KEYS):
            self.identity = tuple(map(environ.get, _ENVIRON_KEYS + rules.origin_keys))

    def __getattr__(self, name: str) -> Any:
        """What Django makes of the rest, when some of it is first asked for."""
        if name not in _FOUND_OUT_LATER:
            raise AttributeError(name)
        environ: Any = self.meta
        self.scheme, self.host = self._rules.origin_of(environ, environ["wsgi.url_scheme"])
        self.script = get_script_name(environ)
        self.path = get_path_info(environ) or "/"
        return getattr(self, name)


class ScopeRequest(MetaRequest):
    """A request as an ASGI scope has it."""

    __slots__ = ("_fields", "_scope", "identity")

    def __init__(self, scope: Mapping[str, Any], rules: SiteRules) -> None:
        self._scope = scope
        self._fields = fields = _by_name(scope.get("headers", ()))
        self._rules = rules
        self._named = None
        self.method = scope["method"].upper()
        query = scope.get("query_string", b"")
        self.query = query if isinstance(query, str) else query.decode("latin-1")
        self.identity: Hashable = None
        if b"host" in fields and fields.keys().isdisjoint(_CONSULTED_FIELDS):
            self.identity = (
                scope["method"],
                scope.get("scheme"),
                scope.get("root_path"),
                scope["path"],
                fields.get(b"content-length"),
                *map(fields.get, rules.origin_fields),
            )

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent."""
        value = self._fields.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def __getattr__(self, name: str) -> Any:
        """What Django makes of the rest, when some of it is first asked for."""
        if name not in _FOUND_OUT_LATER:
            raise AttributeError(name)
        scope = self._scope
        server = scope.get("server") or ("unknown", 0)
        self.meta = {
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": self.query,
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
        }
        for field, value in self._fields.items():
            self.meta[meta_name(field.decode("latin-1"))] = value.decode("latin-1")
        self.scheme, self.host = self._rules.origin_of(self.meta, scope.get("scheme") or "http")
        self.script = get_script_prefix(scope)
        self.path = scope["path"].removeprefix(self.script)
        return getattr(self, name)


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Each field's lines joined, by its name in lower case; without names that have a "_",
    which Django drops, for they would be taken for others with a "-".
    """
    lines = list(headers)
    fields = dict(lines)
    names = b"".join(fields)
    if len(fields) == len(lines) and names == names.lower() and b"_" not in names:
        return fields
    fields = {}
    for given, value in lines:
        name = given.lower()
        if b"_" not in name:
            fields[name] = b"%b,%b" % (fields[name], value) if name in fields else value
    return fields
