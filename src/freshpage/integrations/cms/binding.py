"""Where our functions take the place of django-cms's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import cms.cache
import cms.cache.page
import cms.cache.placeholder
import cms.page_rendering
import cms.plugin_rendering
import cms.views
from cms.cms_menus import CMSMenu
from cms.middleware.language import LanguageCookieMiddleware
from cms.models import Page, PageContent, Placeholder
from cms.plugin_rendering import ContentRenderer
from django.apps import apps
from menus import menu_pool
from menus.menu_pool import MenuPool, MenuRenderer
from menus.templatetags.menu_tags import ShowBreadcrumb, ShowMenu, ShowSubMenu

from freshpage.integrations.cms import (
    ancestors,
    language,
    menu_askers,
    menus,
    page,
    placeholders,
    writes,
    xframe,
)


def install() -> None:
    """Put every function of ours in its place; a second time it changes nothing."""
    _replace(cms.views, "details", page.details)
    for module in (cms.page_rendering, cms.views):
        module.TemplateResponse = page.RecordedResponse
    _replace(cms.cache, "invalidate_cms_page_cache", page.invalidate_cms_page_cache)
    _replace(cms.cache.page, "get_page_cache", page.get_page_cache)
    _replace(cms.cache.page, "set_page_cache", page.set_page_cache)
    _replace(cms.cache.page, "get_xframe_cache", xframe.get_xframe_cache)
    _replace(cms.cache.page, "set_xframe_cache", xframe.set_xframe_cache)
    _replace(cms.cache.placeholder, "clear_placeholder_cache", placeholders.clear_placeholder_cache)
    # These two only where placeholders are rendered: what others keep with them is theirs.
    cms.plugin_rendering.get_placeholder_cache = placeholders.get_placeholder_cache
    cms.plugin_rendering.set_placeholder_cache = placeholders.set_placeholder_cache
    ContentRenderer.render_placeholder = placeholders.render_placeholder
    ContentRenderer.render_exception = placeholders.render_exception
    ContentRenderer._preload_placeholders_for_page = placeholders.preload
    CMSMenu.get_menu_node_for_page_content = menus.get_node
    MenuPool.get_renderer = menus.get_renderer
    MenuPool.clear = menus.clear
    MenuRenderer._build_nodes = menus.build_nodes
    MenuRenderer.get_menu = menus.get_menu
    MenuRenderer.get_nodes = menus.get_nodes
    menu_pool.cache = menus.MenuCache(menu_pool.cache)
    ShowMenu.get_context = menu_askers.show_menu
    ShowSubMenu.get_context = menu_askers.show_sub_menu
    ShowBreadcrumb.get_context = menu_askers.show_breadcrumb
    PageContent.get_ancestor_titles = ancestors.get_ancestor_titles
    Page.has_view_restrictions = ancestors.has_view_restrictions
    Page.clear_cache = page.of_django_cms(Page.clear_cache)
    Placeholder.clear_cache = page.of_django_cms(Placeholder.clear_cache)
    Placeholder._recalculate_plugin_positions = writes.recalculate_plugin_positions
    LanguageCookieMiddleware.process_response = language.process_response
    if apps.is_installed("djangocms_versioning"):
        import_module("freshpage.integrations.cms.versioning").watch_versions()


def _replace(module: Any, name: str, ours: Callable[..., Any]) -> None:
    """Give a function's name to ours, in its module and in all that imported it from there."""
    theirs = getattr(module, name)
    for holder in list(sys.modules.values()):
        if getattr(holder, "__dict__", {}).get(name) is theirs:
            setattr(holder, name, ours)
