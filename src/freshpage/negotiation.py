"""What Django makes of a request's fields: few answers to many spellings.

A page that asked one of these questions has the answer in its key, not the spelling.
"""

from __future__ import annotations

from django.conf import settings as django_settings
from django.http import HttpRequest, parse_cookie
from django.middleware.gzip import re_accepts_gzip
from django.utils.translation import get_language_from_request


def language(cookie: str | None, accept: str | None) -> str:
    """The language that is chosen where the path names none.

    :param cookie: the language cookie's value, as sent.
    :param accept: Accept-Language.
    """
    request = HttpRequest()
    if cookie is not None:
        # parsed as Django does, which takes off quotes
        request.COOKIES = parse_cookie(f"{django_settings.LANGUAGE_COOKIE_NAME}={cookie}")
    if accept is not None:
        request.META["HTTP_ACCEPT_LANGUAGE"] = accept
    return get_language_from_request(request)


def preferred_type(accept: str | None, types: tuple[str, ...]) -> str | None:
    """Which of these media types a visitor likes best; None: he takes none of them."""
    request = HttpRequest()
    if accept is not None:
        request.META["HTTP_ACCEPT"] = accept
    chosen: str | None = request.get_preferred_type(types)
    return chosen


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether GZipMiddleware compresses for a visitor."""
    return re_accepts_gzip.search(accept_encoding or "") is not None


def is_turned_away(agent: str | None) -> bool:
    """Whether CommonMiddleware refuses a user agent."""
    refused = django_settings.DISALLOWED_USER_AGENTS
    return agent is not None and any(pattern.search(agent) for pattern in refused)


def is_internal(address: str | None) -> bool:
    """Whether an address is one of INTERNAL_IPS."""
    return address in django_settings.INTERNAL_IPS
