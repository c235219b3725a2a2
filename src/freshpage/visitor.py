"""The visitor's request as the engine sees it, from a Django META; host, scheme, cookies,
query and language as Django would judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from freshpage import negotiation
from freshpage.http.fields import Headers
from freshpage.key import Part
from freshpage.request import (
    INTERNAL,
    LANGUAGE,
    META,
    PREFERRED_TYPE,
    TAKES_GZIP,
    TIMEZONE,
    TURNED_AWAY,
    Parameters,
    cookie,
    parameters,
)

_UNPREFIXED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


@lru_cache(maxsize=1024)
def meta_name(field: str) -> str:
    """Where Django's META has a field (given in lower case)."""
    return _UNPREFIXED.get(field) or "HTTP_" + field.upper().replace("-", "_")


def _field(key: str) -> str:
    """The name of a field in META, in lower case."""
    return key.removeprefix("HTTP_").replace("_", "-").lower()


class SiteRules:
    """What the site's Django settings say of hosts, schemes and languages.

    The answers are Django's own, asked once for each combination of what they depend on.
    """

    def __init__(self) -> None:
        proxy = django_settings.SECURE_PROXY_SSL_HEADER
        self.origin_keys = (
            "HTTP_HOST",
            *(("HTTP_X_FORWARDED_HOST",) if django_settings.USE_X_FORWARDED_HOST else ()),
            *(("HTTP_X_FORWARDED_PORT",) if django_settings.USE_X_FORWARDED_PORT else ()),
            *((proxy[0],) if proxy else ()),
        )
        # what in an environ says which page is asked for; of that, what are fields
        self.identity_of = itemgetter(
            "REQUEST_METHOD", "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", *self.origin_keys
        )
        self.origin_fields = tuple(map(_field, self.origin_keys))
        self.language_cookie = django_settings.LANGUAGE_COOKIE_NAME
        # what cookies that name it have in them, however they are spelled
        self.language_hint = self.language_cookie if self.language_cookie.isascii() else ""
        self.raw_language_hint = self.language_hint.encode()
        self.most_parameters = django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        self.shapes: dict[tuple[bytes, ...], Any] = {}  # of requests, kept by the ASGI door
        self.origin = lru_cache(maxsize=1024)(self._origin)
        self.language = lru_cache(maxsize=1024)(negotiation.language)
        # by Accept-Language alone: one argument makes a cheaper look-up
        self.language_accepted = lru_cache(maxsize=1024)(partial(negotiation.language, None))
        self.raw_language_accepted = lru_cache(maxsize=1024)(_language_of_raw)
        self.preferred_type = lru_cache(maxsize=1024)(negotiation.preferred_type)
        self.is_turned_away = lru_cache(maxsize=1024)(negotiation.is_turned_away)

    def origin_of(self, meta: Mapping[str, Any], scheme: str) -> tuple[str, str | None]:
        """(scheme, host) of a request; host None: Django refuses it."""
        given = tuple([meta.get(key) for key in self.origin_keys])
        server = (
            None if given[0] is not None else (meta.get("SERVER_NAME"), meta.get("SERVER_PORT"))
        )
        return self.origin(given, server, scheme)

    def _origin(
        self, given: tuple[Any, ...], server: tuple[Any, Any] | None, scheme: str
    ) -> tuple[str, str | None]:
        meta = {
            key: value
            for key, value in zip(self.origin_keys, given, strict=True)
            if value is not None
        }
        if server is not None:
            meta["SERVER_NAME"], meta["SERVER_PORT"] = (str(part) for part in server)
        request = _Origin(meta, scheme)
        try:
            return str(request.scheme), request.get_host()
        except (DisallowedHost, KeyError):
            return str(request.scheme), None


class _Origin(HttpRequest):
    """Just enough of a request to ask Django for its scheme and host."""

    def __init__(self, meta: dict[str, Any], scheme: str) -> None:
        super().__init__()
        self.META = meta
        self._given_scheme = scheme

    def _get_scheme(self) -> str:
        return self._given_scheme


def active() -> dict[str, Part]:
    """The axes that stand fixed once a view runs: the active language and time zone."""
    found: dict[str, Part] = {}
    if django_settings.USE_I18N:
        found[LANGUAGE] = get_language()
    if django_settings.USE_TZ:
        found[TIMEZONE] = get_current_timezone_name()
    return found


class MetaRequest:
    """A request as HttpRequest.META has it.

    :param raw: bytes of cookies and query are spelled as Latin-1 (PEP 3333).
    :param named: axes that are known already, in place of what the rules say.
    """

    __slots__ = (
        *("_named", "_parameters", "_raw", "_rules", "host", "meta", "method", "path", "query"),
        *("scheme", "script"),
    )
    identity: Hashable = None

    def __init__(
        self,
        meta: Mapping[str, Any],
        rules: SiteRules,
        *,
        scheme: str,
        script: str,
        path: str,
        raw: bool,
        named: Mapping[str, Part] | None = None,
    ) -> None:
        self.meta = meta
        self.method: str = meta["REQUEST_METHOD"].upper()
        self.scheme, self.host = rules.origin_of(meta, scheme)
        self.script = script
        self.path = path
        self.query: str = meta.get("QUERY_STRING", "")
        self._rules = rules
        self._raw = raw
        self._named = named
        self._parameters: Parameters | bool | None = False  # not parsed yet

    @classmethod
    def from_django(
        cls,
        request: HttpRequest,
        rules: SiteRules,
        named: Mapping[str, Part] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> MetaRequest:
        """From a request that Django has made already.

        :param meta: in place of the request's own.
        """
        return cls(
            # a copy: middleware may write to META
            dict.copy(request.META) if meta is None else meta,
            rules,
            scheme=request._get_scheme(),  # type: ignore[attr-defined]
            script=request.path.removesuffix(request.path_info),
            path=request.path_info,
            raw=not isinstance(request, ASGIRequest),
            named=named,
        )

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent."""
        value = self.meta.get(meta_name(name))
        # WSGI servers say "" where no Content-Type or Content-Length was sent
        return None if value == "" and name in _UNPREFIXED else value

    def headers(self) -> Headers:
        """Every field."""
        found = [
            (key[5:].replace("_", "-").lower(), value)
            for key, value in self.meta.items()
            if key.startswith("HTTP_")
        ]
        found += [(name, self.meta[key]) for name, key in _UNPREFIXED.items() if self.meta.get(key)]
        return tuple(found)

    def cookie(self, name: str) -> str | None:
        """A cookie, by the name that ``request.COOKIES`` has."""
        field = self.header("cookie")
        if field is None:
            return None
        if self._raw and not field.isascii():
            field = field.encode("latin-1", "replace").decode(errors="replace")
        return cookie(field, name)

    def parameters(self) -> Parameters | None:
        """The query's parameters, as ``request.GET`` has them; None: Django refuses it."""
        if self._parameters is False:
            query = _from_latin1(self.query) if self._raw else self.query
            self._parameters = parameters(query, self._rules.most_parameters)
        return self._parameters  # type: ignore[return-value]

    def has_body(self) -> bool:
        """Whether a body was sent."""
        length = self.meta.get("CONTENT_LENGTH")
        return length not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in self.meta

    def named(self, axis: str) -> Part:
        """The value of an axis that is not a header, cookie or query parameter.

        :raises KeyError: for an axis that nobody knows here.
        """
        if self._named is not None and axis in self._named:
            return self._named[axis]
        answer = _ANSWERS.get(axis)
        if answer is not None:
            return answer(self)
        if axis.startswith(META):
            value = self.meta.get(axis[len(META) :])
            return None if value is None else str(value)
        if axis.startswith(PREFERRED_TYPE):
            types = tuple(axis[len(PREFERRED_TYPE) :].split(","))
            return self._rules.preferred_type(self.header("accept"), types)
        raise KeyError(axis)

    def language(self) -> str:
        """The language that is chosen where the path names none."""
        rules, get = self._rules, self.meta.get
        cookies, accepted = get("HTTP_COOKIE"), get("HTTP_ACCEPT_LANGUAGE")
        # most visitors have cookies, and few of them that one
        if cookies is None or rules.language_hint not in cookies:
            return rules.language_accepted(accepted)
        return rules.language(self.cookie(rules.language_cookie), accepted)


def _language_of_raw(accepted: bytes | None) -> str:
    return negotiation.language(None, None if accepted is None else accepted.decode("latin-1"))


def _yes(answer: bool) -> Part:
    return "yes" if answer else None


_ANSWERS: dict[str, Callable[[MetaRequest], Part]] = {
    LANGUAGE: lambda request: request.language(),
    TAKES_GZIP: lambda request: _yes(negotiation.takes_gzip(request.header("accept-encoding"))),
    TURNED_AWAY: lambda request: _yes(request._rules.is_turned_away(request.header("user-agent"))),
    INTERNAL: lambda request: _yes(negotiation.is_internal(request.meta.get("REMOTE_ADDR"))),
}


def _from_latin1(text: str) -> str:
    """Text whose bytes are spelled as Latin-1, in UTF-8 where they are that."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
