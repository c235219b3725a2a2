"""The pages made in numbers: news, events, minutes by year, and the districts' collection days.

The same number of pages gives the same pages: every choice comes from a seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from content.plan import LANGUAGES, NEWEST, Page, Plugin, Wording, load, page, wording

KINDS = "news council events news news events council news events news"  # their turns
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "de": ("montags", "dienstags", "mittwochs", "donnerstags", "freitags"),
}
POOLS = load("pools")
MADE = load("made")


def filled(fixed: list[Page], count: int) -> list[Page]:
    """``fixed`` and the districts, and as many stories as make ``count`` pages.

    :raises ValueError: if ``count`` leaves no room for stories.
    """
    pages = [*fixed, *districts(), *(index(kind) for kind in ("news", "events", "council"))]
    if count < len(pages) + 16:
        raise ValueError(f"the town has at least {len(pages) + 16} pages, so not {count}")
    makers = {"news": news(), "events": events(), "council": minutes()}
    known = {each.key for each in pages}
    for kind in cycle(KINDS.split()):
        if len(pages) >= count:
            return pages
        story = next(makers[kind])
        if story.parent not in known and len(pages) + 2 <= count:
            pages.append(year(kind, story.day.year))
            known.add(story.parent)
        elif story.parent not in known:
            continue
        pages.append(story)
    raise AssertionError("cycle() does not end")


def index(kind: str) -> Page:
    """The page above all years: its newest, and the years in their menu."""
    given = load(kind)["index"]
    return page({**given, "template": "section", "list": "newest", "limit": 10})


def year(kind: str, number: int) -> Page:
    words = {
        language: Wording(**{name: text.format(year=number) for name, text in frame[kind].items()})
        for language, frame in MADE["year"].items()
    }
    everything = {"": {"which": "newest", "limit": 100, "layout": "lines"}}
    plugins = (Plugin("list", "TeaserListPlugin", everything),)
    return Page(f"{kind}/{number}", "section", words, plugins, date(number, 1, 2))


def districts() -> Iterator[Page]:
    chance = random.Random("districts")
    for number, district in enumerate(POOLS["district"]):
        days = chance.sample(range(5), 4)
        odd = chance.choice(["grey", "blue"])
        words = {}
        for language in LANGUAGES:
            names = {
                colour: DAYS[language][day]
                for colour, day in zip(("grey", "brown", "blue", "yellow"), days, strict=True)
            }
            facts = {**names, "district": district[language], "odd": MADE["odd"][language][odd]}
            words[language] = wording(_told(MADE["district"][language], facts))
        yield Page(f"waste/district-{number + 1}", "page", words)


def news() -> Iterator[Page]:
    """News backwards in time, one every eight to ten days; a few in one language only."""
    chance = random.Random("news")
    day = NEWEST
    for number, story in enumerate(_stories("news", chance)):
        languages = ("de",) if number % 11 == 7 else LANGUAGES
        facts = _facts(story, chance)
        words = {
            language: wording(_told(story[language], facts[language])) for language in languages
        }
        yield _dated("news", number, "page", words, day)
        day -= timedelta(days=chance.randint(8, 10))


def events() -> Iterator[Page]:
    """Events backwards in time, from four weeks after the newest page."""
    chance = random.Random("events")
    day = NEWEST + timedelta(days=25)
    for number, story in enumerate(_stories("events", chance)):
        facts = _facts(story, chance, day)
        words = {
            language: wording(_told(story[language], facts[language])) for language in LANGUAGES
        }
        yield _dated("events", number, "page", words, day)
        day -= timedelta(days=chance.randint(10, 16))


def minutes() -> Iterator[Page]:
    """Meetings on Thursdays, every two weeks backwards, each with four to six items."""
    texts, chance = load("council"), random.Random("council")
    day = NEWEST - timedelta(days=(NEWEST.weekday() - 3) % 7)
    items = _shuffled(texts["item"], chance)
    for number, body in enumerate(cycle(texts["body"])):
        agenda = [
            (next(items), _facts({}, chance), _vote(chance)) for _ in range(chance.randint(4, 6))
        ]
        meeting = _meeting(chance, day, body)
        words = {
            language: _minuted(texts, language, meeting[language], agenda) for language in LANGUAGES
        }
        yield _dated("council", number, "minutes", words, day)
        day -= timedelta(days=14)


def _minuted(
    texts: Mapping[str, Any], language: str, facts: dict[str, Any], agenda: list[Any]
) -> Wording:
    told = [_told(item[language], about[language]) for item, about, _ in agenda]
    votes = [texts["vote"][language][kind].format(**count) for _, _, (kind, count) in agenda]
    facts |= {"first": told[0]["title"], "more": len(told)}
    given = _told(texts["meeting"][language], facts)
    points = [
        f"## {number}. {item['title']}\n\n{item['text']}\n\n{vote}"
        for number, (item, vote) in enumerate(zip(told, votes, strict=True), start=2)
    ]
    given["agenda"] = "\n\n".join([given.pop("questions").strip(), *points])
    return wording(given)


def _meeting(chance: random.Random, day: date, body: Mapping[str, Any]) -> dict[str, dict]:
    facts = _facts({}, chance, day)
    other, count = chance.choice(POOLS["person"]), chance.randint(9, 26)
    public, end = chance.randint(3, 48), f"{chance.randint(20, 21)}:{chance.randint(10, 55)}"
    for language in LANGUAGES:
        facts[language] |= {"body": body[language], "other": other[language]}
        facts[language] |= {"count": count, "public": public, "end": end}
    return facts


def _vote(chance: random.Random) -> tuple[str, dict[str, int]]:
    kind = chance.choice(["line", "line", "unanimous", "unanimous", "back"])
    return kind, {
        "yes": chance.randint(14, 21),
        "no": chance.randint(1, 6),
        "abstained": chance.randint(1, 3),
    }


def _dated(kind: str, number: int, template: str, words: Mapping[str, Wording], day: date) -> Page:
    return Page(f"{kind}/{day.year}/{number:04}", template, words, (), day, in_menu=False)


def _stories(kind: str, chance: random.Random) -> Iterator[Mapping[str, Any]]:
    return _shuffled(load(kind)["story"], chance)


def _shuffled(given: list[Any], chance: random.Random) -> Iterator[Any]:
    """All of ``given`` in one order, then all in another, and so on."""
    while True:
        yield from chance.sample(given, len(given))


def _facts(
    story: Mapping[str, Any], chance: random.Random, day: date = NEWEST
) -> dict[str, dict[str, Any]]:
    """What a story is about, in each language: the same places, persons and numbers."""
    chosen = {pool: chance.choice(names) for pool, names in POOLS.items()}
    numbers = {name: chance.randint(*story[name]) for name in ("count", "hour") if name in story}
    numbers |= {"amount": chance.randrange(35, 420, 5), "small": chance.randint(4, 11)}
    numbers["half"] = numbers.get("count", 2) // 2
    return {
        language: {pool: name[language] for pool, name in chosen.items()}
        | numbers
        | {"day": _spoken(day, language)}
        for language in LANGUAGES
    }


def _told(story: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: text.format(**facts) for name, text in story.items()}


def _spoken(day: date, language: str) -> str:
    month = MONTHS[language].split()[day.month - 1]
    return f"{day.day}. {month} {day.year}" if language == "de" else f"{day.day} {month} {day.year}"
