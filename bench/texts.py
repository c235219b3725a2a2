"""The words on the page, made once and the same on every run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice


@dataclass(frozen=True)
class Article:
    """One article of the page."""

    title: str
    published: date
    text: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """The page in one language."""

    title: str
    sections: dict[str, list[Article]]


_ENGLISH = (
    "The library stays open until nine from Monday on.",
    "Volunteers planted four hundred young oaks along the old railway line.",
    "The council asks everybody to look at the plans for the market square.",
    "Buses to the harbour run every ten minutes in the morning.",
    "A concert in the town hall closes the week of choirs.",
    "The swimming pool is being repaired and opens again in spring.",
    "Schools collect old telephones, and the museum shows the finest of them.",
)
_GERMAN = (
    "Die Bücherei bleibt ab Montag bis neun Uhr geöffnet.",
    "Freiwillige pflanzten vierhundert junge Eichen an der alten Bahnlinie.",
    "Der Rat bittet alle, sich die Pläne für den Marktplatz anzusehen.",
    "Die Busse zum Hafen fahren morgens alle zehn Minuten.",
    "Ein Konzert im Rathaus beschließt die Woche der Chöre.",
    "Das Schwimmbad wird erneuert und öffnet wieder im Frühling.",
    "Schulen sammeln alte Telefone, und das Museum zeigt die schönsten davon.",
)
_FIRST_DAY = date(2026, 1, 5)


def _article(number: int, sentences: tuple[str, ...]) -> Article:
    told = islice(cycle(sentences), number % 5, number % 5 + 8)
    title = sentences[number % len(sentences)].rstrip(".")
    topics = tuple(sorted({word.strip(".,") for word in title.split() if len(word) > 6}))
    return Article(title, _FIRST_DAY + timedelta(days=number), " ".join(told), topics)


def _edition(title: str, sections: tuple[str, ...], sentences: tuple[str, ...]) -> Edition:
    articles = [_article(number, sentences) for number in range(36)]
    each = len(articles) // len(sections)
    parted = {
        name: articles[index * each : (index + 1) * each] for index, name in enumerate(sections)
    }
    return Edition(title, parted)


EDITIONS = {
    "en": _edition("News of the town", ("Town", "Culture", "Traffic", "Schools"), _ENGLISH),
    "de": _edition("Neues aus der Stadt", ("Stadt", "Kultur", "Verkehr", "Schulen"), _GERMAN),
}
