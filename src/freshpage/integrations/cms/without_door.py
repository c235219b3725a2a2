"""Pages of django-cms where no front door stands before: kept, and answered from the store,
below the site's middleware.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from cms.utils import get_current_site
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from freshpage.exchange import Exchange
from freshpage.headers import get_conditional_response
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers
from freshpage.integrations.cms.visit import TAG
from freshpage.key import Part
from freshpage.outcome import Answer, Head
from freshpage.performing import run, tell
from freshpage.request import LANGUAGE, TIMEZONE
from freshpage.runtime import Runtime, runtime_or_none
from freshpage.tracking.record import Record, recording
from freshpage.visitor import MetaRequest

SITE = "cms-site"  # an axis

# Kept with a page, never sent: the page is to have no X-Frame-Options, from nobody.
_XFRAME_EXEMPT = "Freshpage-Xframe-Exempt"
_NOT_REPLAYED = frozenset({"age", "content-length", _XFRAME_EXEMPT.lower()})
# Conditions are judged once the response is there; ranges are for the middleware above, and
# what visitors ask of caches for a front door: django-cms's view can only say 200.
_NOT_OURS = frozenset(
    {"cache-control", "if-modified-since", "if-none-match", "if-range", "pragma", "range"}
)


class PageRequest(MetaRequest):
    """A request to django-cms's view.

    What the view answers is not what a front door sends, for the middleware adds to it: so
    its entries have another scheme, where no door finds them.
    """

    __slots__ = ()

    @classmethod
    def of(cls, request: HttpRequest, runtime: Runtime, named: Mapping[str, Part]) -> PageRequest:
        """Read a request of which the ``named`` axes are known."""
        found = cast(PageRequest, cls.from_django(request, runtime.rules, named))
        found.scheme = f"{TAG}+{found.scheme}"
        found.method = "GET"  # django-cms renders HEAD alike, and Django takes the body off
        return found

    def header(self, name: str) -> str | None:
        """As the superclass, but for what is not ours to judge."""
        return None if name in _NOT_OURS else super().header(name)

    def headers(self) -> Headers:
        """As the superclass, but for what is not ours to judge."""
        return tuple([field for field in super().headers() if field[0] not in _NOT_OURS])


def _named(request: HttpRequest) -> dict[str, Part]:
    """What else rules a page of django-cms, as it stands when its view is called."""
    named: dict[str, Part] = {
        LANGUAGE: getattr(request, "LANGUAGE_CODE", None) or get_language(),
        SITE: str(get_current_site(request).pk),
    }
    if settings.USE_TZ:
        named[TIMEZONE] = get_current_timezone_name()
    return named


def look_up(request: HttpRequest, runtime: Runtime) -> tuple[Exchange | None, Answer | None]:
    """The look-up for a request, and the page it found; (None, None): it can't be read."""
    with recording(Record()):  # what is read to find the page is not read by the page
        try:
            named = _named(request)
            exchange = Exchange(runtime, PageRequest.of(request, runtime, named), axes=tuple(named))
        except Exception as fault:
            tell("a request could not be read", fault)
            return None, None
        return exchange, run(exchange.lookup(), exchange.store)


def replay(answer: Answer) -> tuple[bytes, ResponseHeaders, datetime, bool]:
    """An answer from the store, as django-cms's view takes it."""
    kept = ResponseHeaders(dict(answer.headers))
    exempt = _XFRAME_EXEMPT in kept
    seconds = parse_http_date(kept["Expires"], time.time()) or 0
    expires = datetime.fromtimestamp(seconds, tz=UTC if settings.USE_TZ else None)
    for name in _NOT_REPLAYED:
        kept.pop(name, None)
    return answer.body, kept, expires, exempt


def keep(exchange: Exchange, request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Store a page that no front door will store."""
    runtime = runtime_or_none()
    # the view makes a 200 of what it gets from the cache
    if runtime is None or request.method != "GET" or response.status_code != 200:
        return response
    if response.cookies:
        return response
    fields = list(response.items())
    if getattr(response, "xframe_options_exempt", False):
        fields.append((_XFRAME_EXEMPT, "1"))
    told = exchange.receive(Head(200, response.reason_phrase, tuple(fields)))
    if exchange.keep:
        answer = run(exchange.complete(response.content), exchange.store)
        told = tuple(answer.headers) if answer else told
    for name, value in told:
        if name in ("Cache-Status", "ETag"):
            response.headers[name] = value
    return judge_conditions(request, response) if exchange.keep else response


def judge_conditions(request: HttpRequest, response: Any) -> HttpResponseBase:
    """The response, or a 304 where the visitor has it already."""
    modified = response.get("Last-Modified")
    seconds = parse_http_date(modified, time.time()) if modified else None
    judged: Any = get_conditional_response(request, response.get("ETag"), seconds, response)
    if judged is not response:
        # the browser keeps the X-Frame-Options it has (RFC 9111 §4.3.4)
        judged.xframe_options_exempt = True
    return cast(HttpResponseBase, judged)
