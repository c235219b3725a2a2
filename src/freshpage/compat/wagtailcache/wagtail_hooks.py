"""The cache in the menus of Wagtail's admin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import include, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from freshpage.compat.wagtailcache import urls


class CacheMenuItem(MenuItem):  # type: ignore[misc]
    """Among the settings, for superusers."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))


@hooks.register("register_admin_urls")  # type: ignore[untyped-decorator]
def register_admin_urls() -> list[Any]:
    """Below the admin's own addresses."""
    return [path("cache/", include((urls, "wagtailcache"), namespace="wagtailcache_admin"))]


@hooks.register("register_settings_menu_item")  # type: ignore[untyped-decorator]
def register_cache_menu() -> MenuItem:
    """The way to the page."""
    return CacheMenuItem(_("Cache"), reverse("wagtailcache_admin:index"), icon_name="history")
