"""What recording adds to a render: the same page with and without a record, in turns.

    python bench/recording.py

The page makes 7 queries and includes 8 templates. CPU time of this thread is measured, the
least of many runs: what else the machine does only ever adds to it.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.template import Context, Engine  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from freshpage.tracking.database import watch_database  # noqa: E402
from freshpage.tracking.record import Record, recording  # noqa: E402
from tests.oracle.keeping import TAGS  # noqa: E402
from tests.oracle.newsroom.models import Article, Comment, Section, Topic  # noqa: E402
from tests.oracle.newsroom.writes import Newsroom  # noqa: E402

INCLUDES = {
    "head.html": "<title>{{ article.title }}</title>"
    "{% for t in topics %}<i>{{ t.name }}</i>{% endfor %}",
    "menu.html": "{% for s in sections %}<a href='{{ s.slug }}'>{{ s.name }} {{ s.number }}</a>"
    "{% endfor %}",
    "article.html": "<h1>{{ article.title|title }}</h1>{{ article.author }} {{ article.date|date }}"
    "{{ article.text|linebreaks|truncatewords_html:400 }}",
    "comments.html": "{% for c in comments %}<p>{{ c.text|linebreaksbr }} {{ c.date|date:'j F Y' }}"
    "{% if c.approved %}+{% endif %}</p>{% endfor %}",
    "latest.html": "{% for a in latest %}<li>{{ a.title|capfirst }}: {{ a.text|truncatewords:20 }}"
    " {{ a.section.name }} {{ a.date|date:'d.m.Y' }} <b>{{ a.views }}</b></li>{% endfor %}",
    "read.html": "{% for a in read %}<li>{{ forloop.counter }} {{ a.title }} {{ a.views }}</li>"
    "{% endfor %}",
    "topics.html": "{% for t in topics %}<a href='{{ t.slug|urlencode }}'>{{ t.name }}</a>"
    "{% endfor %}",
    "foot.html": "{% for s in sections %}<a>{{ s.name|upper }}</a>{% endfor %}",
}
PAGE = "".join(f"{{% include '{name}' %}}" for name in INCLUDES)


def view(engine: Engine, page: object, slug: str) -> str:
    article = Article.objects.select_related("author").get(slug=slug)
    context = {
        "article": article,
        "topics": list(Topic.objects.order_by("name")),
        "sections": list(Section.objects.annotate(number=Count("articles")).order_by("name")),
        "comments": list(Comment.objects.order_by("-date")[:30]),
        "latest": list(Article.objects.filter(status="public").select_related("section")[:30]),
        "read": list(article.section.articles.order_by("-views")[:20]),
    }
    return page.render(Context(context))


def measure(rounds: int) -> None:
    engine = Engine(
        loaders=[
            (
                "django.template.loaders.cached.Loader",
                [("django.template.loaders.locmem.Loader", INCLUDES)],
            )
        ]
    )
    page = engine.from_string(PAGE)
    Newsroom(1).fill(150)

    def plain() -> float:
        start = time.thread_time()
        view(engine, page, "article-20")
        return time.thread_time() - start

    def recorded() -> float:
        start = time.thread_time()
        record = Record()
        with recording(record):
            view(engine, page, "article-20")
        tags = record.cacheability.tags
        took = time.thread_time() - start
        recorded.tags = len(tags)
        return took

    with CaptureQueriesContext(
        connection,
    ) as queries:
        view(engine, page, "article-20")
    for _ in range(20):
        plain(), recorded()
    gc.collect()
    gc.disable()
    pairs = [(plain(), recorded()) for _ in range(rounds)]
    without, with_ = (sorted(column) for column in zip(*pairs, strict=True))
    tenth = rounds // 10
    least = sum(without[:tenth]) / tenth, sum(with_[:tenth]) / tenth
    print(f"{len(queries)} queries, {len(INCLUDES)} includes, {recorded.tags} tags")
    print(f"render {least[0] * 1e3:.2f} ms, recorded {least[1] * 1e3:.2f} ms")
    print(f"recording adds {(least[1] / least[0] - 1) * 100:.2f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    watch_database(lambda: [TAGS])
    call_command("migrate", run_syncdb=True, verbosity=0)
    measure(options.rounds)
