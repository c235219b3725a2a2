"""The visitor's request as the engine sees it, from a Django META; host, scheme and
language as Django would judge them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, get_language_from_request

from freshpage.http.fields import Headers
from freshpage.key import Part
from freshpage.request import LANGUAGE, META, TIMEZONE, cookie

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
        self.origin = lru_cache(maxsize=1024)(self._origin)
        self.language = lru_cache(maxsize=1024)(_language)

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


def _language(cookie: str | None, accept: str | None) -> str:
    """The language LocaleMiddleware would choose where the path names none."""
    request = HttpRequest()
    if cookie is not None:
        request.COOKIES[django_settings.LANGUAGE_COOKIE_NAME] = cookie
    if accept is not None:
        request.META["HTTP_ACCEPT_LANGUAGE"] = accept
    return get_language_from_request(request)


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

    :param named: axes that are known already, in place of what the rules say.
    """

    __slots__ = ("_named", "_rules", "host", "meta", "method", "path", "query", "scheme", "script")
    identity: Hashable = None

    def __init__(
        self,
        meta: Mapping[str, Any],
        rules: SiteRules,
        *,
        scheme: str,
        script: str,
        path: str,
        named: Mapping[str, Part] | None = None,
    ) -> None:
        self.meta = meta
        self.method: str = meta["REQUEST_METHOD"].upper()
        self.scheme, self.host = rules.origin_of(meta, scheme)
        self.script = script
        self.path = path
        self.query: str = meta.get("QUERY_STRING", "")
        self._rules = rules
        self._named = named

    @classmethod
    def from_django(
        cls, request: HttpRequest, rules: SiteRules, named: Mapping[str, Part] | None = None
    ) -> MetaRequest:
        """From a request that Django has made already."""
        return cls(
            request.META,
            rules,
            scheme=request._get_scheme(),  # type: ignore[attr-defined]
            script=request.path.removesuffix(request.path_info),
            path=request.path_info,
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
        if axis == LANGUAGE:
            rules = self._rules
            chosen = cookie(self.header("cookie"), rules.language_cookie)
            return rules.language(chosen, self.header("accept-language"))
        if axis.startswith(META):
            value = self.meta.get(axis[len(META) :])
            return None if value is None else str(value)
        raise KeyError(axis)
