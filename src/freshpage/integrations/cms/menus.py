"""django-cms's menus, which it keeps in Django's cache."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction
from django.http import HttpRequest
from menus.menu_pool import MenuPool, MenuRenderer
from menus.models import CacheKey

from freshpage.declaring import tag
from freshpage.integrations.cms.visit import TAG, standing_since, visit_of
from freshpage.sequence import Standing
from freshpage.tracking import ignored
from freshpage.tracking.cached_values import lasting, unseen

_get_renderer = MenuPool.get_renderer
_build = MenuRenderer._build_nodes
_clear = MenuPool.clear

ignored.TABLES.add(CacheKey._meta.db_table)  # where it keeps account of them


def get_renderer(self: Any, request: HttpRequest) -> Any:
    """A menu renderer, with S0 read before its first query."""
    visit_of(request)
    return _get_renderer(self, request)


def build_nodes(self: Any) -> Any:
    """A menu's nodes; whatever shows them depends on django-cms's pages.

    A menu that was built while an edit was committed is taken out of the cache again: the
    edit's own clearing may have come before it was put there.
    """
    tag(TAG)
    with lasting():
        nodes = _build(self)
    standing = standing_since(visit_of(self.request).sequence, (TAG,))
    if standing not in (Standing.VALID, None):
        with unseen():
            _clear(self.pool, site_id=self.site.pk, language=self.request_language)
    return nodes


def clear(self: Any, site_id: Any = None, language: Any = None, all: bool = False) -> None:
    """Clear menus, and once more when the edit is committed.

    Until then others build them from the old pages. An edit of a page has invalidated the
    pages first, see :func:`build_nodes`; and when there is none, django-cms only means the
    menus of a user (whose every login clears them).
    """

    def again() -> None:
        with unseen():  # that a menu has to be built again does not change it
            _clear(self, site_id=site_id, language=language, all=all)

    alias = router.db_for_write(CacheKey)
    if transaction.get_connection(alias).in_atomic_block:
        again()
    transaction.on_commit(again, using=alias, robust=True)
