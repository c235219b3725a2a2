"""django CMS's language cookie, on pages that anybody may be given."""

from __future__ import annotations

from typing import Any

from cms.middleware.language import LanguageCookieMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_path

from freshpage.tracking.record import current

_set_cookie = LanguageCookieMiddleware.process_response


def process_response(self: Any, request: HttpRequest, response: HttpResponseBase) -> Any:
    """Set the cookie, but not on a page that a front door may store.

    The cookie only says what the page's URL says already, and no page with a cookie is ever
    stored: visitors who keep none (crawlers) would have each page rendered for them.
    """
    record = current()
    if record is None or record.refusal or get_language_from_path(request.path_info) is None:
        return _set_cookie(self, request, response)
    return response
