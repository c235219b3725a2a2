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

# A request with one of these has no identity; Django makes the script from the last two.
_SPECIAL_KEYS = frozenset({*map(meta_name, CONSULTED), "SCRIPT_URL", "REDIRECT_URL"})
_SPECIAL_FIELDS = frozenset({name.encode() for name in CONSULTED} | {b"content-length"})
_READ_LATER = frozenset({"meta", "scheme", "host", "script", "path"})


class WsgiRequest(MetaRequest):
    """A request as a WSGI environ has it."""

    __slots__ = ("identity",)

    def __init__(self, environ: dict[str, Any], rules: SiteRules) -> None:
        self.meta = environ
        self._rules = rules
        self._named = None
        # some servers say "" where no length was sent
        plain = not environ.get("CONTENT_LENGTH") and environ.keys().isdisjoint(_SPECIAL_KEYS)
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

    __slots__ = ("_fields", "_scope", "identity")

    def __init__(self, scope: Mapping[str, Any], rules: SiteRules) -> None:
        self._scope = scope
        self._fields = fields = _by_name(scope.get("headers", ()))
        self._rules = rules
        self._named = None
        self.identity: Hashable = None
        if fields.keys().isdisjoint(_SPECIAL_FIELDS):
            root, path = scope.get("root_path"), scope["path"]
            try:
                origin = rules.origin_in(fields)
                self.identity = (scope["method"], scope.get("scheme"), root, path, origin)
            except KeyError:  # no Host, say
                pass

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent."""
        value = self._fields.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def __getattr__(self, name: str) -> Any:
        """Read the rest, when some of it is first asked for."""
        scope = self._scope
        if name == "query":
            query = scope.get("query_string", b"")
            self.query = query if isinstance(query, str) else query.decode("latin-1")
        elif name == "method":
            self.method = scope["method"].upper()
        elif name in _READ_LATER:
            self._locate(scope)
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _locate(self, scope: Mapping[str, Any]) -> None:
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


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Each field's lines joined, by its name in lower case; without names that have a "_",
    which Django drops, for they would be taken for others with a "-".
    """
    lines = headers if isinstance(headers, list) else list(headers)
    fields = dict(lines)
    names = b"".join(fields)
    if len(fields) == len(lines) and names.islower() and b"_" not in names:
        return fields
    fields = {}
    for given, value in lines:
        name = given.lower()
        if b"_" not in name:
            fields[name] = b"%b,%b" % (fields[name], value) if name in fields else value
    return fields
