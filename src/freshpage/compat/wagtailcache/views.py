"""The page of the cache in Wagtail's admin."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from freshpage.compat.wagtailcache.cache import clear_cache


def index(request: HttpRequest) -> HttpResponse:
    """What the cache is set to, and a button that clears it."""
    _require_superuser(request)
    return render(request, "freshpage/wagtailcache/index.html")


@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """Drop every page, and go back."""
    _require_superuser(request)
    clear_cache()
    return HttpResponseRedirect(reverse("wagtailcache_admin:index"))


def _require_superuser(request: HttpRequest) -> None:
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied
