"""A page's contents in its languages: one shown in German does not depend on the English one."""

from __future__ import annotations

from typing import Any

from cms.models import Page, PageContent
from cms.utils.i18n import get_fallback_languages
from django.utils.translation import get_language

from freshpage.tracking.record import current

_load = Page._get_page_content_cache


class Contents(dict[str, Any]):
    """A page's contents by language, each read when it is asked for."""

    def __init__(self, page: Any, languages: list[str]) -> None:
        super().__init__(dict.fromkeys(languages))
        self._page = page

    def __getitem__(self, language: str) -> Any:
        found = super().__getitem__(language)
        if found is None:
            contents = PageContent.objects.filter(page=self._page, language=language)
            found = self[language] = next(iter(contents), None)
            if found is None:  # it was deleted meanwhile
                del self[language]
                raise KeyError(language)
            found.page = self._page
        return found

    def get(self, language: str, default: Any = None) -> Any:
        try:
            return self[language]
        except KeyError:
            return default

    def values(self) -> Any:
        return [self[language] for language in tuple(self)]

    def items(self) -> Any:
        return [(language, self[language]) for language in tuple(self)]


def get_page_content_cache(
    self: Any, language: str | None, fallback: bool, force_reload: bool
) -> Any:
    """In place of Page's, within a render."""
    prefetched = "pagecontent_set" in getattr(self, "_prefetched_objects_cache", ())
    if current() is None or prefetched:
        return _load(self, language, fallback, force_reload)
    language = language or get_language()
    if force_reload or language not in self.page_content_cache:
        found = PageContent.objects.filter(page=self).values_list("language", flat=True)
        self.page_content_cache = Contents(self, list(found))
    if fallback and not self.page_content_cache.get(language):
        for other in get_fallback_languages(language, site_id=self.site_id):
            if self.page_content_cache.get(other):
                return other
    return language
