"""wagtail-cache's settings: Django's, or what they are when Django has none."""

from __future__ import annotations

from typing import Any

from django.conf import settings

# Parameters by which campaigns and mailings are followed: no page differs by them.
_FOLLOWED_BY = (
    *(r"^_bta_.*$", r"^_ga$", r"^_gl$", r"^affiliate$", r"^ck_subscriber_id$", r"^dm_i$"),
    *(r"^ef_.*$", r"^epik$", r"^fb_source$", r"^fbclid$", r"^gclid$", r"^gclsrc$", r"^hsa_.*$"),
    *(r"^matomo_.*$", r"^mc_.*$", r"^msclkid$", r"^mtm_.*$", r"^s_kwcid$", r"^trk_.*$"),
    r"^utm_.*$",
)


class _Settings:
    """Each as it is now: a test may have changed it."""

    WAGTAIL_CACHE = True
    WAGTAIL_CACHE_BACKEND = "default"
    WAGTAIL_CACHE_HEADER = "X-Wagtail-Cache"
    WAGTAIL_CACHE_IGNORE_COOKIES = True
    WAGTAIL_CACHE_IGNORE_QS = _FOLLOWED_BY
    WAGTAIL_CACHE_KEYRING = False

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("WAGTAIL_CACHE") and hasattr(settings, name):
            return getattr(settings, name)
        return super().__getattribute__(name)


wagtailcache_settings = _Settings()
