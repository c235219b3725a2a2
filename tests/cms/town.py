"""A site of a few sections, and what a change of it drops."""

from __future__ import annotations

from collections.abc import Callable

from cms.models import Page

from freshpage import purge
from tests.doors.conftest import is_hit

SECTION = {"template": "cms_site/section.html"}


class Town:
    """Pages in two levels, each of which shows the roots, its section and the footer."""

    def __init__(self, site) -> None:
        self.site = site
        self.contents = {
            title: site.page(title, ("PassagePlugin", f"about {title}"), **SECTION)
            for title in ("Parks", "Library", "Imprint")
        }
        self.page("Imprint").update(reverse_id="footer")
        for above, title in (
            ("Parks", "Orchard"),
            ("Parks", "Meadow"),
            ("Orchard", "Apples"),
            ("Library", "Circle"),
            ("Imprint", "Contact"),
        ):
            self.add(title, above)

    def add(self, title: str, above: str) -> None:
        options = {"parent": self.page(above), **SECTION}
        self.contents[title] = self.site.page(title, ("PassagePlugin", f"about {title}"), **options)

    def page(self, title: str) -> Page:
        return Page.objects.get(pk=self.contents[title].page_id)

    def path(self, title: str) -> str:
        return str(self.page(title).get_absolute_url("en"))

    def paths(self) -> dict[str, str]:
        return {title: self.path(title) for title in self.contents}

    def dropped(self, change: Callable[[], object]) -> set[str]:
        """The titles of the pages that a change drops."""
        paths = self.paths()
        for _ in range(2):  # what a render shows is told apart once its queries are known
            purge(everything=True)
            for path in paths.values():
                self.site.get(path)
        assert all(is_hit(self.site.get(path)) for path in paths.values())
        change()
        return {title for title, path in paths.items() if not is_hit(self.site.get(path))}

    def retitle(self, title: str, **changed: object) -> None:
        """Publish a version with other values."""
        version = self.contents[title].versions.get().copy(self.site.editor)
        version.content.update(**changed)
        version.publish(self.site.editor)
        self.contents[title] = version.content
