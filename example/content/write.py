"""The planned pages into the database, in bulk.

django-cms's own API writes a page in some fifty queries, which is fine for an editor and takes
minutes for two thousand pages. Here rows of one kind are written together, level by level, and
all in one transaction: an interrupted start leaves nothing half done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from cms.api import add_plugin
from cms.models import CMSPlugin, PageContent, PageUrl, Placeholder
from cms.models import Page as CMSPage
from cms.plugin_pool import plugin_pool
from cms.utils.placeholder import get_placeholders
from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.core.cache import caches
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from djangocms_alias.models import Alias, AliasContent, Category
from djangocms_versioning.constants import PUBLISHED
from djangocms_versioning.models import Version
from town.models import Hours, Place

from content import markup, stories
from content.plan import LANGUAGES, ROOTS, Page, load, written

SITE, TOWN = 1, "Ellerbrück"
BATCH = 500
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def count() -> int:
    """How many pages there are now."""
    return int(CMSPage.objects.count())


@transaction.atomic
def build(pages: int, author: AbstractUser) -> None:
    """Write ``pages`` pages and what they show.

    :raises ValueError: if that is fewer than the town has at least.
    """
    plan = _in_order(stories.filled(list(written()), pages))
    Site.objects.update_or_create(pk=SITE, defaults={"name": TOWN, "domain": "localhost"})
    _write_places()
    rows = _write_pages(plan, author)
    paths = _paths(plan)
    contents = _write_contents(plan, rows, paths, author)
    _write_plugins(plan, rows, paths, contents, _write_alias(author))
    transaction.on_commit(caches["menus"].clear)


def _in_order(plan: Iterable[Page]) -> list[Page]:
    """Parents before children, roots as in the menu, years and their stories newest first."""
    by_parent: defaultdict[str, list[Page]] = defaultdict(list)
    for page in plan:
        by_parent[page.parent].append(page)
    for key, pages in by_parent.items():
        if key in ("news", "events", "council"):
            pages.sort(key=lambda page: page.key, reverse=True)
    by_parent[""].sort(key=lambda page: ROOTS.index(page.key))
    ordered = list(by_parent[""])
    for page in ordered:  # grows while it is walked: breadth first
        ordered.extend(by_parent[page.key])
    return ordered


def _write_places() -> None:
    for given in load("places")["place"]:
        names = {"name_en": given["en"], "name_de": given["de"]}
        facts = {name: given[name] for name in ("key", "address", "phone")}
        place = Place.objects.create(**facts, **names)
        Hours.objects.bulk_create(_hours(place, span) for span in given["week"])


def _hours(place: Place, span: str) -> Hours:
    day, clock = span.split()
    opens, closes = (time.fromisoformat(part) for part in clock.split("-"))
    return Hours(place=place, weekday=WEEKDAYS.index(day), opens=opens, closes=closes)


def _write_pages(plan: list[Page], author: AbstractUser) -> dict[str, CMSPage]:
    """The tree. Treebeard's path, depth and number of children are reckoned here."""
    rows: dict[str, CMSPage] = {}
    children: defaultdict[str, int] = defaultdict(int)
    for page in plan:
        children[page.parent] += 1
        above = rows.get(page.parent)
        depth = above.depth + 1 if above else 1
        rows[page.key] = CMSPage(
            site_id=SITE,
            depth=depth,
            path=CMSPage._get_path(above.path if above else "", depth, children[page.parent]),
            reverse_id=page.key,
            is_home=page.key == "home",
            created_by=author.get_username(),
            changed_by=author.get_username(),
        )
    by_depth: defaultdict[int, list[Page]] = defaultdict(list)
    for page in plan:
        rows[page.key].numchild = children[page.key]
        by_depth[rows[page.key].depth].append(page)
    for _, level in sorted(by_depth.items()):
        for page in level:
            rows[page.key].parent = rows.get(page.parent)
        CMSPage.objects.bulk_create([rows[page.key] for page in level], batch_size=BATCH)
    for page in plan:  # bulk_create has put today into them
        rows[page.key].creation_date = _moment(page)
    CMSPage.objects.bulk_update(rows.values(), ["creation_date"], batch_size=BATCH)
    return rows


def _moment(page: Page) -> datetime:
    return timezone.make_aware(datetime.combine(page.day, time(9)))


def _paths(plan: list[Page]) -> dict[tuple[str, str], str]:
    """The path of each page in each language it has, without the language's prefix."""
    paths: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, str]] = set()
    for page in plan:
        for language, words in page.words.items():
            if page.key == "home":
                paths[language, page.key] = ""
                continue
            slug = slugify((words.menu or words.title).lower().translate(UMLAUTS))
            above = paths.get((language, page.parent), "")
            path = base = f"{above}/{slug}".strip("/")
            number = 1
            while (language, path) in taken:
                number += 1
                path = f"{base}-{number}"
            taken.add((language, path))
            paths[language, page.key] = path
    return paths


def _write_contents(
    plan: list[Page],
    rows: dict[str, CMSPage],
    paths: dict[tuple[str, str], str],
    author: AbstractUser,
) -> dict[tuple[str, str], PageContent]:
    """The pages' contents in each language, published, with their addresses."""
    contents: dict[tuple[str, str], PageContent] = {}
    urls = []
    for page in plan:
        for language, words in page.words.items():
            path = paths[language, page.key]
            slug = path.rpartition("/")[2] or "home"
            contents[language, page.key] = PageContent(
                page=rows[page.key],
                language=language,
                title=words.title,
                menu_title=words.menu or None,
                slug=slug,
                meta_description=words.summary,
                template=f"town/{page.template}.html",
                in_navigation=page.in_menu,
                created_by=author.get_username(),
                changed_by=author.get_username(),
            )
            urls.append(
                PageUrl(
                    page=rows[page.key],
                    site_id=SITE,
                    language=language,
                    slug=slug,
                    path=path,
                    managed=True,
                )
            )
    PageContent.objects.bulk_create(contents.values(), batch_size=BATCH)
    PageUrl.objects.bulk_create(urls, batch_size=BATCH)
    kind = ContentType.objects.get_for_model(PageContent)
    Version.objects.bulk_create(
        (
            Version(
                content_type=kind,
                object_id=content.pk,
                number="1",
                state=PUBLISHED,
                created_by=author,
            )
            for content in contents.values()
        ),
        batch_size=BATCH,
    )
    return contents


def _write_alias(author: AbstractUser) -> Alias:
    """What all pages of the parks show: written once, edited in one place."""
    given = load("made")["alias"]
    category = Category.objects.create()
    alias = Alias.objects.create(category=category)
    for language in LANGUAGES:
        words = given[language]
        category.translations.create(language_code=language, name=words["category"])
        content = AliasContent.objects.with_user(author).create(
            alias=alias, name=words["name"], language=language
        )
        add_plugin(content.placeholder, "TextPlugin", language, body=words["text"])
        content.versions.get().publish(author)
    return alias


def _write_plugins(
    plan: list[Page],
    rows: dict[str, CMSPage],
    paths: dict[tuple[str, str], str],
    contents: dict[tuple[str, str], PageContent],
    alias: Alias,
) -> None:
    """The placeholders of each content, and what they hold."""
    kind = ContentType.objects.get_for_model(PageContent)
    slots = {
        template: [declared.slot for declared in get_placeholders(template)]
        for template in {content.template for content in contents.values()}
    }
    holders = {
        (language, key, slot): Placeholder(slot=slot, content_type=kind, object_id=content.pk)
        for (language, key), content in contents.items()
        for slot in slots[content.template]
    }
    Placeholder.objects.bulk_create(holders.values(), batch_size=BATCH)
    places = {place.key: place for place in Place.objects.all()}
    fill = _Filling(rows, paths, places, {page.key: page for page in plan}, alias)
    bases, fields = [], []
    for (language, key, slot), holder in holders.items():
        for position, (type_, values) in enumerate(fill.plugins(language, key, slot), start=1):
            base = CMSPlugin(
                placeholder=holder, position=position, language=language, plugin_type=type_
            )
            bases.append(base)
            fields.append(values)
    CMSPlugin.objects.bulk_create(bases, batch_size=BATCH)
    for base, values in zip(bases, fields, strict=True):
        plugin = plugin_pool.get_plugin(base.plugin_type).model(**values)
        base.set_base_attr(plugin)
        plugin.pk = plugin.cmsplugin_ptr_id = base.pk
        plugin.save_base(raw=True, force_insert=True)  # the plugin's own table only


class _Filling:
    """What goes into a placeholder: text first, then the plugins planned for it."""

    def __init__(
        self,
        rows: dict[str, CMSPage],
        paths: dict[tuple[str, str], str],
        places: dict[str, Place],
        plan: dict[str, Page],
        alias: Alias,
    ) -> None:
        self.rows, self.paths, self.places, self.plan = rows, paths, places, plan
        self.alias = alias

    def plugins(self, language: str, key: str, slot: str) -> list[tuple[str, dict[str, Any]]]:
        page = self.plan[key]
        text = self._text(language, page, slot)
        found: list[tuple[str, dict[str, Any]]] = []
        if text:
            html = markup.to_html(text, lambda link: f"/{language}/{self.paths[language, link]}/")
            found.append(("TextPlugin", {"body": html}))
        found += [
            (plugin.type, self._values(plugin.values(language)))
            for plugin in page.plugins
            if plugin.slot == slot
        ]
        if slot == "aside" and key.startswith("parks/"):
            found.append(("Alias", {"alias": self.alias}))
        return found

    def _text(self, language: str, page: Page, slot: str) -> str:
        if slot == "lead":
            return page.words[language].summary
        own = page.words[language].slots.get(slot, "")
        if own or slot != "aside" or any(plugin.slot == slot for plugin in page.plugins):
            return own
        above = self.plan.get(page.parent)
        return self._text(language, above, slot) if above else ""

    def _values(self, given: dict[str, Any]) -> dict[str, Any]:
        values = dict(given)
        if "section" in values:
            values["section"] = self.rows[values["section"]]
        if "place" in values:
            values["place"] = self.places[values["place"]]
        return values
