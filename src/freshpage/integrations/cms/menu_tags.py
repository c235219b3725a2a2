"""The tags of what a menu of django-cms is made of: pages, and lists of a page's children.

One set of tables decides every menu: what is published of pages, where they stand, their
addresses, and who may see them. A page shows a few nodes of it, and of those a few columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from cms.models import Page, PageContent, PagePermission, PageUrl
from cms.utils.conf import get_cms_setting

from freshpage.tracking.asking import tags_asked
from freshpage.tracking.columns import SPELLERS, table
from freshpage.tracking.published import published, source
from freshpage.tracking.shapes import ANY_COLUMN, Column, Hop, Shape

CONTENTS, PAGES = PageContent._meta.db_table, Page._meta.db_table
URLS, RIGHTS = PageUrl._meta.db_table, PagePermission._meta.db_table

# Whether a node stands in its list, and what is put below it.
_PLACE: dict[str, Sequence[str]] = {
    CONTENTS: (*("in_navigation", "language", "limit_visibility_in_menu", "page_id", "soft_root"),),
    PAGES: (
        *("application_urls", "is_home", "navigation_extenders", "parent_id", "path", "site_id"),
    ),
    RIGHTS: ANY_COLUMN,
}
# That, and what is read at a glance: its title and where it leads.
_FACE: dict[str, Sequence[str]] = {
    CONTENTS: (*_PLACE[CONTENTS], "menu_title", "title"),
    PAGES: _PLACE[PAGES],
    URLS: ("language", "managed", "page_id", "path", "slug"),
    RIGHTS: ANY_COLUMN,
}
# All that django-cms puts into a node.
_WHOLE: dict[str, Sequence[str]] = {
    CONTENTS: (*_FACE[CONTENTS], "redirect"),
    PAGES: (*_FACE[PAGES], "login_required", "reverse_id"),
    URLS: _FACE[URLS],
    RIGHTS: ANY_COLUMN,
}
_OWN = {CONTENTS: "page_id", PAGES: "id", URLS: "page_id", RIGHTS: "page_id"}
_HOME = ("is_home",)

Ids = Collection[Any]


def whole() -> set[str]:
    """The tags of all that menus are made of."""
    return {tag for name in _tables(_WHOLE) for tag in tags_asked(_shape(name, _WHOLE[name], ()))}


def attributes(pages: Ids, languages: Ids, addresses: Ids) -> set[str]:
    """The tags of nodes, with all they have.

    :param addresses: the languages in which they may have theirs.
    """
    return _nodes(_WHOLE, pages, languages, addresses)


def faces(pages: Ids, languages: Ids, addresses: Ids) -> set[str]:
    """The tags of nodes, with their titles and addresses."""
    return _nodes(_FACE, pages, languages, addresses)


def places(pages: Ids, languages: Ids) -> set[str]:
    """The tags of there being these nodes, where they are."""
    return _nodes(_PLACE, pages, languages)


def children(parents: Ids, languages: Ids) -> set[str]:
    """The tags of which nodes the pages have below them, in which order."""
    return _lists({"parent_id": parents}, languages)


def roots(site: Any, languages: Ids) -> set[str]:
    """The tags of which nodes a site has at the top, in which order."""
    found = _lists({"depth": (1,), "site_id": (site,)}, languages)
    return found | set(tags_asked(_shape(PAGES, _HOME, ("is_home",)), (True,)))


def named(reverse_id: str) -> set[str]:
    """The tags of which page has an id of its own."""
    shape = _shape(PAGES, ("reverse_id",), ("reverse_id",))
    return set(tags_asked(shape, *((reverse_id,) for _ in shape.equal)))


def _nodes(
    columns: dict[str, Sequence[str]], pages: Ids, languages: Ids, addresses: Ids = ()
) -> set[str]:
    found: set[str] = set()
    if not pages:
        return found
    for name in _tables(columns):
        asked = {CONTENTS: {"language": languages}, URLS: {"language": addresses}}
        said = asked.get(name, {})
        shape = _shape(name, tuple(columns[name]), (*said, _OWN[name]))
        values = {**said, _OWN[name]: pages}
        found.update(tags_asked(shape, *(values[column.name] for column in shape.equal)))
    return found


def _lists(of: dict[str, Ids], languages: Ids) -> set[str]:
    found: set[str] = set()
    for name in _tables(_PLACE):
        asked = {"language": languages} if name == CONTENTS else {}
        shape = _shape(name, tuple(_PLACE[name]), tuple(asked), tuple(of))
        values = {**asked, **of}
        found.update(tags_asked(shape, *(values[column.name] for column in shape.equal)))
    return found


def _tables(columns: Iterable[str]) -> Iterator[str]:
    """Those of the tables that count; without CMS_PERMISSION rights do not."""
    return (name for name in columns if name != RIGHTS or get_cms_setting("PERMISSION"))


@cache
def _shape(
    name: str, columns: Sequence[str], own: Sequence[str], of_page: Sequence[str] = ()
) -> Shape:
    """A shape with some of its own columns to compare, and some of the page it belongs to."""
    hops = () if name == PAGES else (Hop("page_id", PAGES, "id"),)
    equal = [_column(name, column, ()) for column in own]
    equal += [_column(PAGES, column, hops) for column in of_page]
    rows = published(name) if name == CONTENTS else name
    compared = sorted(column for column in equal if column.kind in SPELLERS)
    return Shape(rows, tuple(columns), tuple(compared))


def _column(name: str, column: str, hops: tuple[Hop, ...]) -> Column:
    known = table(source(name))
    assert known is not None
    return Column(column, known.kinds[column], hops)
