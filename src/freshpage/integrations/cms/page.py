"""django-cms's page cache: the functions it calls, over freshpage's engine and store.

Behind a front door they declare what the page is, and the door stores it: one entry a page.
Without one they store and serve themselves, below the site's middleware.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast

from cms.cache import invalidate_cms_page_cache as _renew_version
from cms.constants import MAX_EXPIRATION_TTL
from cms.toolbar.utils import get_toolbar_from_request
from cms.utils.conf import get_cms_setting
from cms.views import details as _details
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.template.response import TemplateResponse
from django.utils.timezone import get_current_timezone_name, get_default_timezone_name

from freshpage.headers import (
    add_never_cache_headers,
    get_max_age,
    patch_cache_control,
    patch_vary_headers,
)
from freshpage.http.dates import format_http_date
from freshpage.integrations.cms import without_door
from freshpage.integrations.cms.visit import TAG, made_for_one, visit_of
from freshpage.integrations.cms.xframe import XFRAME_TAG, get_xframe_cache, set_xframe_cache
from freshpage.invalidating import invalidate
from freshpage.request import HEADER
from freshpage.runtime import runtime_or_none
from freshpage.tracking.asking import tags_asked
from freshpage.tracking.cached_values import unseen
from freshpage.tracking.faults import unknown
from freshpage.tracking.record import Record
from freshpage.tracking.shapes import ANY_COLUMN, Shape

__all__ = [
    "get_page_cache",
    "get_xframe_cache",
    "invalidate_cms_page_cache",
    "set_page_cache",
    "set_xframe_cache",
]

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
    return without_door.judge_conditions(request, response) if visit.replayed else response


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
    exchange, answer = without_door.look_up(request, runtime)
    if answer is not None:
        visit.replayed = True
        return without_door.replay(answer)
    if exchange is not None:
        visit.adopt(exchange)
    return None


def _has_toolbar(request: HttpRequest) -> bool:
    toolbar = getattr(request, "toolbar", None)
    return toolbar is not None and bool(toolbar.edit_mode_active or toolbar.show_toolbar)


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
        return without_door.keep(visit.exchange, request, response)
    return response


def _life(response: HttpResponse, record: Record) -> int:
    """Seconds: the least of what placeholders, the site and the response itself say."""
    ttl = MAX_EXPIRATION_TTL if record.ttl is None else record.ttl
    stated = get_max_age(response)
    content = get_cms_setting("CACHE_DURATIONS")["content"]
    return int(min(ttl, content, MAX_EXPIRATION_TTL if stated is None else stated))


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
