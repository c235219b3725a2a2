"""Who asks for a menu: what each template tag of django-cms's hands to its template.

Whoever asks without one of them may show any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import wraps
from inspect import signature
from typing import Any

from cms.cms_menus import NavExtender, SoftRootCutter
from menus.modifiers import AuthVisibility, Level
from menus.templatetags.menu_tags import ShowBreadcrumb, ShowMenu, ShowSubMenu

from freshpage.integrations.cms import menu_tags
from freshpage.integrations.cms.menu_reads import Reads, watched

# These look at nodes, their ancestors and the current page, and at nothing else.
_KNOWN = {NavExtender, SoftRootCutter, AuthVisibility, Level}
_KNOWN_NAMES = {"djangocms_alias.cms_menus.AliasDisableMenu"}


class _Asked:
    """A template tag that asks for nodes."""

    def __init__(self) -> None:
        self.reads: Reads | None = None
        self.nodes: list[Any] = []


_asked: ContextVar[_Asked | None] = ContextVar("freshpage-menu", default=None)


def watch(nodes: list[Any], renderer: Any) -> list[Any]:
    """The nodes, with lists that tell who reads them."""
    reads = watched(nodes, renderer)
    asked = _asked.get()
    if asked is not None:
        asked.reads = reads
    else:
        reads.whole()
    # what is removed from one of them stays in the other
    return list(reads.nodes)


def given(nodes: list[Any], renderer: Any) -> None:
    """Nodes were marked for a page."""
    asked = _asked.get()
    if asked is None or asked.reads is None:
        return
    asked.nodes = list(nodes)
    for modifier in renderer.pool.get_registered_modifiers():
        name = f"{modifier.__module__}.{modifier.__qualname__}"
        if modifier not in _KNOWN and name not in _KNOWN_NAMES:
            asked.reads.whole()  # it may go by anything


def _noting(get_context: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    """A template tag's method, after which it is noted what its template is given."""
    parameters = signature(get_context)

    @wraps(get_context)
    def noted(self: Any, context: Any, *args: Any, **options: Any) -> Any:
        asked = _Asked()
        token = _asked.set(asked)
        try:
            context = get_context(self, context, *args, **options)
        finally:
            _asked.reset(token)
        if asked.reads is not None:
            given = parameters.bind(self, context, *args, **options).arguments
            note(asked.reads, asked.nodes, context, given)
            asked.reads.shown = True
        return context

    return noted


def _chain(nodes: Iterable[Any], reads: Reads) -> list[Any]:
    """The current page's node and those above it."""
    selected = next((node for node in nodes if node.selected), None)
    if selected is None:
        reads.whole()  # which page would have to appear for it to be there
        return []
    return [selected, *reads.above(selected)]


def _note_menu(reads: Reads, nodes: list[Any], context: Any, given: Mapping[str, Any]) -> None:
    reads.places(_chain(nodes, reads))
    shown = list(context["children"])
    reads.faces(shown)
    reads.places(above for node in shown for above in reads.above(node))
    level, root_id = given["from_level"], given["root_id"]
    if root_id:
        found = [node for node in reads.nodes if node.attr.get("reverse_id") == root_id]
        if level or len(found) != 1:
            reads.whole()
        reads.note(lambda: menu_tags.named(root_id))
        reads.places([above for node in found for above in (node, *reads.above(node))])
        reads.children(found)
        return
    reads.roots()
    if level:
        reads.children(
            node
            for node in reads.nodes
            if (node.level or 0) < level
            and (given["extra_inactive"] or node.selected or node.ancestor or node.descendant)
        )


def _note_sub_menu(reads: Reads, nodes: list[Any], context: Any, given: Mapping[str, Any]) -> None:
    chain = _chain(nodes, reads)
    reads.places(chain)
    reads.faces(context["children"])
    level = given["root_level"]
    if chain:
        level = chain[0].level if not level and level != 0 else max(0, level - 1)
        reads.children(node for node in chain if node.level == level)


def _note_breadcrumb(
    reads: Reads, nodes: list[Any], context: Any, given: Mapping[str, Any]
) -> None:
    reads.places(_chain(nodes, reads))
    reads.faces(node for node in context["ancestors"] if node is not None)
    home = [node for node in reads.nodes if node.attr.get("is_home")]
    reads.faces(home)
    if not home:
        reads.roots()


show_menu = _noting(ShowMenu.get_context, _note_menu)
show_sub_menu = _noting(ShowSubMenu.get_context, _note_sub_menu)
show_breadcrumb = _noting(ShowBreadcrumb.get_context, _note_breadcrumb)
