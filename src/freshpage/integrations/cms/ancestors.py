"""What django-cms asks of the pages above one, asked for by their paths.

It asks for it in ways that any change of any page could answer otherwise; so each page
depends on those above it, and on no others.
"""

from __future__ import annotations

from typing import Any

from cms.models import PageContent, PagePermission
from cms.utils.conf import get_cms_setting


def get_ancestor_titles(self: Any) -> Any:
    """In place of PageContent's: the contents of the pages above, in this language."""
    above = _line(self.page)[:-1]
    return PageContent.objects.filter(page__path__in=above, language=self.language)


def has_view_restrictions(self: Any, site: Any) -> bool:
    """In place of Page's: whether not everybody may see a page."""
    if not get_cms_setting("PERMISSION"):
        return False
    rights = PagePermission.objects.for_page(self).filter(can_view=True)
    return bool(rights.filter(page__path__in=_line(self)).exists())


def _line(page: Any) -> list[str]:
    """The paths of the pages above one, and its own."""
    path, step = page.path, page.steplen
    return [path[:end] for end in range(step, len(path) + 1, step)]
