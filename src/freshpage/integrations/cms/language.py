"""django-cms's language cookie, on pages that anybody may be given."""

from __future__ import annotations

from typing import Any

from cms.middleware.language import LanguageCookieMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_path

from freshpage.integrations.cms.visit import TAG
from freshpage.tracking.record import current

_set_cookie = LanguageCookieMiddleware.process_response


def process_response(self: Any, request: HttpRequest, response: HttpResponseBase) -> Any:
    """Set the cookie, but not on a page of django-cms that a front door may store.

    It only says what the page's URL says already, and no page with a cookie is ever stored:
    visitors who keep none (crawlers) would have each page rendered for them.
    """
    record = current()
    storable = record is not None and TAG in record.tags and not record.refusal
    if storable and get_language_from_path(request.path_info) is not None:
        return response
    return _set_cookie(self, request, response)
