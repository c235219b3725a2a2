"""What of a menu a page shows: noted as its templates read it.

django-cms marks and cuts the nodes of the whole site for each page; that is its machinery,
and not what the page shows. Once it is done, the lists of children that are still whole tell
who reads them. A list that was cut off is another one, and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from cms.cms_menus import CMSMenu
from cms.utils.i18n import get_fallback_languages

from freshpage.integrations.cms import menu_tags
from freshpage.integrations.cms.visit import visit_of
from freshpage.tracking.faults import unknown


class Reads:
    """What is read of one set of nodes.

    ``shown``: they are in the hands of a template.
    """

    def __init__(self, nodes: list[Any], renderer: Any) -> None:
        self.shown = False
        self.nodes = nodes
        self.languages: list[str] = CMSMenu(renderer).languages
        self._site = renderer.site.pk
        self._request = renderer.request
        self._parents = {id(node): node.parent for node in nodes}  # before any is cut off

    def above(self, node: Any) -> Iterator[Any]:
        """The nodes above one."""
        while (node := self._parents.get(id(node))) is not None:
            yield node

    # -- noting --------------------------------------------------------------------------

    def note(self, tags: Callable[[], Iterable[str]]) -> None:
        """Add tags to whatever is rendered now."""
        record = visit_of(self._request).record
        try:
            record.tags.update(tags())
        except Exception as fault:
            unknown(record, fault)

    def whole(self) -> None:
        """Anything of the menu may be shown."""
        self.note(menu_tags.whole)

    def faces(self, nodes: Iterable[Any]) -> None:
        """These nodes are shown."""
        for languages, pages, addresses in self._pages(nodes):
            self.note(partial(menu_tags.faces, pages, languages, addresses))

    def attributes(self, node: Any) -> None:
        """Somebody looks at what else there is of a node."""
        if self.shown:
            for languages, pages, addresses in self._pages([node]):
                self.note(partial(menu_tags.attributes, pages, languages, addresses))

    def places(self, nodes: Iterable[Any]) -> None:
        """It matters where these nodes are."""
        for languages, pages, _ in self._pages(nodes):
            self.note(partial(menu_tags.places, pages, languages))

    def children(self, nodes: Iterable[Any]) -> None:
        """It matters which nodes are below these."""
        pages = [node.id for node in nodes if _is_page(node)]
        self.note(lambda: menu_tags.children(pages, self.languages))

    def roots(self) -> None:
        """It matters which nodes are at the top: a home page that is not seen hands its
        children up.
        """
        self.note(lambda: menu_tags.roots(self._site, self.languages))
        self.children(node for node in self.nodes if node.attr.get("is_home") and not node.visible)

    def list_read(self, children: Children) -> None:
        """Somebody looks at a list of children."""
        if self.shown and not children.noted:
            children.noted = True
            self.children([children.owner])
            self.faces(list.__iter__(children))

    def _pages(self, nodes: Iterable[Any]) -> Iterator[tuple[list[str], list[Any], set[str]]]:
        """Pages, by the languages that decide in which one they are shown, and by those whose
        addresses decide which one they have.
        """
        found: dict[tuple[int, bool], list[Any]] = {}
        for node in nodes:
            if _is_page(node):
                language = getattr(node, "language", None)
                place = self.languages.index(language) if language in self.languages else 0
                own = getattr(node, "has_own_address", False)
                found.setdefault((place + 1, own), []).append(node.id)
        for (count, own), pages in found.items():
            languages = self.languages[:count]
            yield languages, pages, {languages[-1]} if own else self._addresses(languages)

    def _addresses(self, languages: list[str]) -> set[str]:
        """The languages, and those whose addresses stand in for one that is missing."""
        others = (get_fallback_languages(one, site_id=self._site) for one in languages)
        return {*languages, *chain.from_iterable(others)}


class Children(list[Any]):
    """A node's children, as django-cms has put them together."""

    reads: Reads
    owner: Any
    noted = False

    def __iter__(self) -> Iterator[Any]:
        self.reads.list_read(self)
        return super().__iter__()

    def __len__(self) -> int:
        self.reads.list_read(self)
        return super().__len__()

    def __getitem__(self, place: Any) -> Any:
        self.reads.list_read(self)
        return super().__getitem__(place)

    def __contains__(self, node: object) -> bool:
        self.reads.list_read(self)
        return super().__contains__(node)

    def __reversed__(self) -> Iterator[Any]:
        self.reads.list_read(self)
        return super().__reversed__()

    def __add__(self, other: Any) -> Any:
        return [*self, *other]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (list(self),)


class Attributes(dict[str, Any]):
    """A node's ``attr``."""

    reads: Reads
    owner: Any

    def __getitem__(self, name: str) -> Any:
        self.reads.attributes(self.owner)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.reads.attributes(self.owner)
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self.reads.attributes(self.owner)
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        self.reads.attributes(self.owner)
        return super().get(name, default)

    def items(self) -> Any:
        self.reads.attributes(self.owner)
        return super().items()

    def values(self) -> Any:
        self.reads.attributes(self.owner)
        return super().values()


def watched(nodes: list[Any], renderer: Any) -> Reads:
    """What is read of nodes, whose lists tell it from here on."""
    reads = Reads(list(nodes), renderer)
    for node in reads.nodes:
        children = Children(node.children)
        children.reads, children.owner = reads, node
        node.children = children
        attributes = Attributes(node.attr)
        attributes.reads, attributes.owner = reads, node
        node.attr = attributes
    return reads


def _is_page(node: Any) -> bool:
    return bool(dict.get(node.attr, "is_page")) and node.namespace == CMSMenu.__name__
