"""The pages to be, as plain values, and those that were written by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de")
TEXTS = Path(__file__).parent / "texts"
FOUNDED = date(2025, 1, 7)  # the date of pages that are no news
NEWEST = date(2026, 11, 24)
BY_HAND = ("home", "services", "services_more", "waste", "library", "parks", "places", "town")
ROOTS = (
    "home",
    "services",
    "waste",
    "library",
    "parks",
    "places",
    "news",
    "events",
    "council",
    "town",
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A page in one language; ``slots`` are the texts of its placeholders, in our markup."""

    title: str
    summary: str
    menu: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that is not text; ``fields`` by language, "" holding what both share."""

    slot: str
    type: str
    fields: Mapping[str, Mapping[str, Any]]

    def values(self, language: str) -> dict[str, Any]:
        return {**self.fields.get("", {}), **self.fields.get(language, {})}


@dataclass(frozen=True, slots=True)
class Page:
    """A page; its ``key`` is its place in the tree: "services/citizens/passport"."""

    key: str
    template: str
    words: Mapping[str, Wording]
    plugins: tuple[Plugin, ...] = ()
    day: date = FOUNDED
    in_menu: bool = True

    @property
    def parent(self) -> str:
        return self.key.rpartition("/")[0]


def load(name: str) -> dict[str, Any]:
    """The texts of a file, by its name without the ending."""
    return tomllib.loads((TEXTS / f"{name}.toml").read_text(encoding="utf-8"))


def written() -> Iterator[Page]:
    """The pages written by hand."""
    for name in BY_HAND:
        yield from (page(given) for given in load(name)["page"])


def page(given: Mapping[str, Any]) -> Page:
    """A page as it stands in a file: [page], [page.en], [page.de], [[page.plugin]]."""
    plugins = [_plugin(each) for each in given.get("plugin", ())]
    if "list" in given:
        layout = {"which": given["list"], "limit": given.get("limit", 60)}
        plugins.append(Plugin("list", "TeaserListPlugin", {"": layout}))
    if "hours" in given:
        plugins.append(Plugin("hours", "OpeningHoursPlugin", {"": {"place": given["hours"]}}))
    words = {language: wording(given[language]) for language in LANGUAGES if language in given}
    return Page(given["key"], given["template"], words, tuple(plugins))


def wording(given: Mapping[str, str]) -> Wording:
    slots = {slot: text for slot, text in given.items() if slot not in ("title", "menu", "summary")}
    return Wording(given["title"], given["summary"], given.get("menu", ""), slots)


def _plugin(given: Mapping[str, Any]) -> Plugin:
    fields = {language: given[language] for language in LANGUAGES if language in given}
    shared = {name: value for name, value in given.items() if name not in ("slot", "type", *fields)}
    return Plugin(given["slot"], given["type"], {"": shared, **fields})
