"""The example's pages, made anew for every test.

These tests have settings of their own: test_modules.py runs them in a process of their own.
"""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

collect_ignore_glob = []
if "wagtail" not in django_settings.INSTALLED_APPS:
    collect_ignore_glob = ["test_[!i]*.py"]


@pytest.fixture
def valley(settings, tmp_path, transactional_db):
    """The site behind the WSGI door, on a store of its own."""
    from django.contrib.contenttypes.models import ContentType
    from django.core.cache import cache
    from valley.content import build

    from freshpage import runtime
    from tests.wagtail.valley_site import ValleySite

    settings.FRESHPAGE = {
        "STORE": f"sqlite:///{tmp_path / 'store.sqlite3'}",
        "CACHE_STATUS_DETAIL": True,
        "BUILD": "tests",
        "JITTER": 0,
    }
    settings.MEDIA_ROOT = tmp_path / "media"
    runtime.reset()
    cache.clear()
    ContentType.objects.clear_cache()
    build()
    yield ValleySite()
    runtime.reset()
