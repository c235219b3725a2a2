"""{% load wagtailcache_tags %}: the cache's settings, for its page in the admin."""

from __future__ import annotations

from django import template
from django.core.cache import caches
from django.utils.translation import gettext, ngettext

from freshpage.compat.wagtailcache.settings import wagtailcache_settings

register = template.Library()


def seconds_to_readable(seconds: int) -> str:
    """A time in days, hours, minutes and seconds."""
    parts = (
        (seconds // 86400, ngettext("%d day", "%d days", seconds // 86400)),
        (seconds // 3600 % 24, ngettext("%d hour", "%d hours", seconds // 3600 % 24)),
        (seconds // 60 % 60, ngettext("%d minute", "%d minutes", seconds // 60 % 60)),
        (seconds % 60, ngettext("%d second", "%d seconds", seconds % 60)),
    )
    said = [text % count for count, text in parts if count > 0]
    return " ".join(said) if seconds > 0 and said else ngettext("%d second", "%d seconds", 0) % 0


@register.filter
def get_wagtailcache_setting(value: str) -> object:
    """A setting of wagtail-cache's; None: there is none of that name."""
    return getattr(wagtailcache_settings, value, None)


@register.simple_tag
def cache_timeout() -> str:
    """How long a page lives that does not say."""
    timeout = caches[wagtailcache_settings.WAGTAIL_CACHE_BACKEND].default_timeout
    return gettext("for ever") if timeout is None else seconds_to_readable(int(timeout))
