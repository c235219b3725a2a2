"""django-cms's menus, which it keeps in Django's cache.

A kept menu has beside it what it was made of, and is used while nothing of that changed. A
page that shows parts of it depends on these parts: see :mod:`menu_askers`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cms.cms_menus import CMSMenu
from django.http import HttpRequest
from menus.menu_pool import MenuPool, MenuRenderer
from menus.models import CacheKey

from freshpage.cacheability import Cacheability
from freshpage.integrations.cms import menu_askers, menu_tags
from freshpage.integrations.cms.visit import standing_since, visit_of
from freshpage.sequence import Sequence, Standing
from freshpage.tracking import ignored
from freshpage.tracking.cached_values import unseen
from freshpage.tracking.record import Record, recording

_get_renderer = MenuPool.get_renderer
_build = MenuRenderer._build_nodes
_get_menu = MenuRenderer.get_menu
_get_nodes = MenuRenderer.get_nodes
_get_node = CMSMenu.get_menu_node_for_page_content
_clear = MenuPool.clear

ignored.TABLES.add(CacheKey._meta.db_table)  # where it keeps account of them


class Nodes(list[Any]):
    """A menu's nodes as they are kept.

    ``tags``: what they were made of; ``others``: those that are of no page's node;
    ``axes``: what they vary on; ``sequence``: S0.
    """

    tags: tuple[str, ...]
    others: tuple[str, ...]
    axes: tuple[str, ...]
    sequence: tuple[int, ...]


class Build:
    """A menu that is being got for a request.

    ``record``: of what it is made of, but for the nodes of pages. ``made``: it was not kept.
    """

    def __init__(self, record: Record, sequence: Sequence | None) -> None:
        self.record = record
        self.sequence = sequence
        self.made = False
        self.tags = menu_tags.whole()

    def keep(self, nodes: Any) -> Nodes | None:
        """The nodes with what is known of them; None: they are not to be kept."""
        record, said = self.record, self.record.cacheability
        if record.refusal or record.loss or record.doubt or said.ttl is not None:
            return None
        if self.sequence is None or said.unstated_ttl is not None:
            return None
        kept = Nodes(nodes)
        kept.others, kept.axes = tuple(said.tags), said.axes
        kept.tags = tuple(said.tags | self.tags)
        kept.sequence = tuple(self.sequence)
        return kept


class _Now(threading.local):
    build: Build | None = None


_now = _Now()


@contextmanager
def _building(build: Build) -> Iterator[None]:
    before, _now.build = _now.build, build
    try:
        with recording(build.record):
            yield
    finally:
        _now.build = before


class MenuCache:
    """In the place of the cache that django-cms keeps menus in."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def get(self, key: str, default: Any = None) -> Any:
        """The nodes, while nothing they are made of has changed."""
        with unseen():
            nodes = self._cache.get(key)
        if not isinstance(nodes, Nodes) or _now.build is None:
            return default
        standing = standing_since(Sequence(*nodes.sequence), nodes.tags)
        return nodes if standing is Standing.VALID else default

    def set(self, key: str, nodes: Any, timeout: Any) -> None:
        """Keep nodes with what they are made of."""
        kept = _now.build.keep(nodes) if _now.build is not None else None
        with unseen():
            if kept is None:
                self._cache.delete(key)
            else:
                self._cache.set(key, kept, timeout)

    def delete_many(self, keys: Any) -> None:
        """Forget menus; that they have to be built again does not change them."""
        with unseen():
            self._cache.delete_many(keys)


def get_renderer(self: Any, request: HttpRequest) -> Any:
    """A menu renderer, with S0 read before its first query."""
    visit_of(request)
    return _get_renderer(self, request)


def build_nodes(self: Any) -> Any:
    """A menu's nodes; what is read of them from here on is noted."""
    visit = visit_of(self.request)
    outer = visit.record
    build = Build(outer.part(), visit.sequence)
    with _building(build):
        nodes = _build(self)
    if isinstance(nodes, Nodes):
        outer.declare(Cacheability(axes=nodes.axes, tags=frozenset(nodes.others)))
    else:
        outer.absorb(build.record)
    return menu_askers.watch(nodes, self)


def get_menu(self: Any, menu_name: str) -> Any:
    """One of the menus; of django-cms's own it is known what its nodes are made of."""
    menu = _get_menu(self, menu_name)
    build = _now.build
    if build is not None and type(menu) is CMSMenu:
        menu.get_nodes = _unlisted(menu.get_nodes, build.record)
    return menu


def _unlisted(get_nodes: Any, record: Record) -> Any:
    def without_tags(request: HttpRequest) -> Any:
        part = record.part()
        with recording(part):
            nodes = get_nodes(request)
        part.cacheability  # noqa: B018 (whatever is to come late has come)
        part.late, part.tags = None, set()
        record.absorb(part)
        return nodes

    return without_tags


def get_node(self: Any, page_content: Any, *args: Any, **options: Any) -> Any:
    """A page's node; it is noted whether another language's address stands in for its own."""
    node = _get_node(self, page_content, *args, **options)
    node.has_own_address = page_content.language in (page_content.page.urls_cache or ())
    return node


def get_nodes(
    self: Any, namespace: Any = None, root_id: Any = None, breadcrumb: bool = False
) -> Any:
    """The nodes of a menu for a page; who asks for them without one of the template tags may
    show any of them.
    """
    nodes = _get_nodes(self, namespace, root_id, breadcrumb)
    menu_askers.given(nodes, self)
    return nodes


def clear(self: Any, site_id: Any = None, language: Any = None, all: bool = False) -> None:
    """Clear menus: they are built anew, which by itself changes no page."""
    with unseen():
        _clear(self, site_id=site_id, language=language, all=all)
