"""django-cms's page cache: the functions it calls, over freshpage's engine and store.

Behind a front door they declare what the page is, and the door stores it: one entry a page.
Without one they store and serve themselves, below the site's middleware.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, cast

from cms.cache import invalidate_cms_page_cache as _renew_version
from cms.constants import MAX_EXPIRATION_TTL
from cms.toolbar.utils import get_toolbar_from_request
from cms.utils import get_current_site
from cms.utils.conf import get_cms_setting
from cms.views import details as _details
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.template.response import TemplateResponse
from django.utils.timezone import get_current_timezone_name, get_default_timezone_name
from django.utils.translation import get_language

from freshpage.exchange import Exchange
from freshpage.headers import (
    add_never_cache_headers,
    get_conditional_response,
    get_max_age,
    patch_cache_control,
    patch_vary_headers,
)
from freshpage.http.dates import format_http_date, parse_http_date
from freshpage.http.fields import Headers
from freshpage.integrations.cms.visit import TAG, made_for_one, visit_of
from freshpage.integrations.cms.xframe import XFRAME_TAG, get_xframe_cache, set_xframe_cache
from freshpage.invalidating import invalidate
from freshpage.key import Part
from freshpage.outcome import Answer, Head
from freshpage.performing import run, tell
from freshpage.request import HEADER, LANGUAGE, TIMEZONE
from freshpage.runtime import Runtime, runtime_or_none
from freshpage.tracking.asking import tags_asked
from freshpage.tracking.cached_values import unseen
from freshpage.tracking.faults import unknown
from freshpage.tracking.record import Record, recording
from freshpage.tracking.shapes import ANY_COLUMN, Shape
from freshpage.visitor import MetaRequest

__all__ = [
    "get_page_cache",
    "get_xframe_cache",
    "invalidate_cms_page_cache",
    "set_page_cache",
    "set_xframe_cache",
]

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


# -- the view -------------------------------------------------------------------------


@wraps(_details)
def details(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The view of a page of django-cms, with S0 read before its first query.

    Whatever it answers depends on django-cms's pages, also that there is no such page.
    """
    visit = visit_of(request)
    visit.record.tags.add(TAG)
    _end_with_the_cache(visit.record)
    if visit.has_door:
        if reason := _refusal(request):
            visit.record.refuse(reason)
        return cast(HttpResponseBase, _details(request, slug))
    # what a middleware has read of the page was not recorded
    request.__dict__.pop("_current_page_cache", None)
    with visit.recording():
        response = _details(request, slug)
    return _judge_conditions(request, response) if visit.replayed else response


# What django-cms keeps in Django's cache, as if its pages were still there.
_IN_CACHE = Shape(f"cache {DEFAULT_CACHE_ALIAS} {TAG}", ANY_COLUMN)


def _end_with_the_cache(record: Record) -> None:
    """``cache.clear()`` ends django-cms's pages, as it does where it keeps them itself."""
    try:
        record.tags.update(tags_asked(_IN_CACHE))
    except Exception as fault:
        unknown(record, fault)


class RecordedResponse(TemplateResponse):
    """A page of django-cms's, which is rendered when its view has returned."""

    def render(self) -> Any:
        """As the superclass, but recorded where no front door does it."""
        with visit_of(self._request).recording():
            return super().render()


def _refusal(request: HttpRequest) -> str:
    """Why what is made for this request is not for others; empty when it may be."""
    if not get_cms_setting("PAGE_CACHE"):
        return "cms-page-cache"
    if visit_of(request).has_door and settings.USE_TZ and _is_in_another_time_zone():
        return "time-zone"  # a door can't tell who else is in it
    return made_for_one(request)


def _is_in_another_time_zone() -> bool:
    return get_current_timezone_name() != get_default_timezone_name()


# -- the functions ----------------------------------------------------------------------


def get_page_cache(
    request: HttpRequest,
) -> tuple[bytes, ResponseHeaders, datetime, bool] | None:
    """The page a request asks for, from the cache.

    :returns: the body, the fields, when it expires, and whether X-Frame-Options is to be
        left off; None where it must be rendered, or a front door stands before.
    """
    visit = visit_of(request)
    if visit.has_door or request.method not in ("GET", "HEAD"):
        return None
    runtime = runtime_or_none()
    if runtime is None or _refusal(request) or _has_toolbar(request):
        return None
    with recording(Record()):  # what is read to find the page is not read by the page
        try:
            named = _named(request)
            exchange = Exchange(runtime, PageRequest.of(request, runtime, named), axes=tuple(named))
        except Exception as fault:
            tell("a request could not be read", fault)
            return None
        answer = run(exchange.lookup(), exchange.store)
    if answer is not None:
        visit.replayed = True
        return _replay(answer)
    visit.adopt(exchange)
    return None


def _has_toolbar(request: HttpRequest) -> bool:
    toolbar = getattr(request, "toolbar", None)
    return toolbar is not None and bool(toolbar.edit_mode_active or toolbar.show_toolbar)


def _replay(answer: Answer) -> tuple[bytes, ResponseHeaders, datetime, bool]:
    kept = ResponseHeaders(dict(answer.headers))
    exempt = _XFRAME_EXEMPT in kept
    seconds = parse_http_date(kept["Expires"], time.time()) or 0
    expires = datetime.fromtimestamp(seconds, tz=UTC if settings.USE_TZ else None)
    for name in _NOT_REPLAYED:
        kept.pop(name, None)
    return answer.body, kept, expires, exempt


def set_page_cache(response: Any) -> Any:
    """Say of a rendered page how long it lives and what it varies on; keep it.

    :param response: a rendered ``TemplateResponse`` of django-cms's.
    :returns: it, with Vary, and with Expires and Cache-Control where no front door stands
        before that keeps it; or a 304 where the visitor has it.
    """
    request = response._request
    visit = visit_of(request)
    record = visit.record
    record.tags.add(TAG)
    reason = _refusal(request)
    if not reason and get_toolbar_from_request(request)._cache_disabled:
        reason = "cms-toolbar"
    if reason:
        record.refuse(reason)
    life = _life(response, record)
    if life <= 0:
        record.refuse("expire-now")
    if record.refusal:
        add_never_cache_headers(response)
        return response
    if not visit.has_door or response.has_header("Cache-Control"):
        response.headers["Expires"] = format_http_date(time.time() + life)
        patch_cache_control(response, max_age=life)
    else:
        # the door's to keep: browsers ask again, so what was published shows in them too
        response.headers["Freshpage-Cache-Control"] = f"max-age={life}"
    axes = record.cacheability.axes
    patch_vary_headers(
        response, sorted(axis.removeprefix(HEADER) for axis in axes if axis.startswith(HEADER))
    )
    if not visit.has_door and visit.exchange is not None:
        visit.settle(visit.exchange)
        return _keep(visit.exchange, request, response)
    return response


def _life(response: HttpResponse, record: Record) -> int:
    """Seconds: the least of what placeholders, the site and the response itself say."""
    ttl = MAX_EXPIRATION_TTL if record.ttl is None else record.ttl
    stated = get_max_age(response)
    content = get_cms_setting("CACHE_DURATIONS")["content"]
    return int(min(ttl, content, MAX_EXPIRATION_TTL if stated is None else stated))


def _keep(exchange: Exchange, request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
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
    return _judge_conditions(request, response) if exchange.keep else response


def _judge_conditions(request: HttpRequest, response: Any) -> HttpResponseBase:
    """The response, or a 304 where the visitor has it already."""
    modified = response.get("Last-Modified")
    seconds = parse_http_date(modified, time.time()) if modified else None
    judged: Any = get_conditional_response(request, response.get("ETag"), seconds, response)
    if judged is not response:
        # the browser keeps the X-Frame-Options it has (RFC 9111 §4.3.4)
        judged.xframe_options_exempt = True
    return cast(HttpResponseBase, judged)


class _Clearing(threading.local):
    by_django_cms = False


_clearing = _Clearing()


def of_django_cms(clear_cache: Callable[..., None]) -> Callable[..., None]:
    """A method by which django-cms drops all pages when it has changed something.

    Pages that show what was changed are dropped for that, so it drops none by itself.
    """

    @wraps(clear_cache)
    def clear(*args: Any, **options: Any) -> None:
        before, _clearing.by_django_cms = _clearing.by_django_cms, True
        try:
            clear_cache(*args, **options)
        finally:
            _clearing.by_django_cms = before

    return clear


def invalidate_cms_page_cache() -> None:
    """Drop every page of django-cms, once the transaction commits.

    django-cms's own version number still guards the page URLs in its cache.
    """
    with unseen():
        _renew_version()
    transaction.on_commit(_renew_version_unseen, robust=True)
    invalidate(XFRAME_TAG if _clearing.by_django_cms else TAG)


def _renew_version_unseen() -> None:
    with unseen():
        _renew_version()
