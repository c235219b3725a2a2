"""Writes to a generated news site, and after each of them every page beside a fresh render.

    python bench/oracle.py --steps 10000

A page that would still be served but differs from a fresh render is stale: there must be
none. Precision: of the pages dropped, those that really changed. Recall: of the pages that
changed, those dropped.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from freshpage.tracking.database import watch_database  # noqa: E402
from tests.oracle.keeping import TAGS, Kept  # noqa: E402
from tests.oracle.newsroom.pages import all_pages, news_pages  # noqa: E402
from tests.oracle.newsroom.writes import Newsroom  # noqa: E402


class Figures:
    """What became of the pages."""

    def __init__(self) -> None:
        self.writes: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.pages: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.stale: list[str] = []
        self.invalidated = 0

    def report(self) -> str:
        lines = [f"{'kind of write':<14} writes  dropped  changed  precision"]
        for kind, writes in self.writes.most_common():
            dropped, changed = self.dropped[kind], self.changed[kind]
            share = f"{changed / dropped:.3f}" if dropped else "-"
            lines.append(f"{kind:<14} {writes:>6} {dropped:>8} {changed:>8}  {share:>9}")
        dropped, changed = self.dropped.total(), self.changed.total()
        precision = changed / dropped if dropped else 1.0
        recall = changed / (changed + len(self.stale)) if changed else 1.0
        lines.append(
            f"{self.writes.total()} writes, {len(self.stale)} stale, "
            f"precision {precision:.4f}, recall {recall:.4f}, "
            f"{self.invalidated / max(1, self.writes.total()):.1f} tags a write"
        )
        return "\n".join(lines)

    def worst(self) -> str:
        by_loss = sorted(self.pages.items(), key=lambda item: -item[1]["needless"])
        return "\n".join(
            f"{name:<24} needless {seen['needless']:>5} changed {seen['changed']:>5}  "
            + ", ".join(f"{k}:{n}" for k, n in seen.most_common() if ":" in k)[:110]
            for name, seen in by_loss[:20]
        )


def run(steps: int, seed: int, mix: str, figures: Figures, articles: int = 200) -> None:
    newsroom = Newsroom(seed)
    newsroom.fill(articles)
    views = news_pages() if mix == "news" else all_pages()
    pages = {name: Kept(render) for name, render in views.items()}
    for one in pages.values():
        one.fill()  # the shapes are known now
    for step in range(steps):
        TAGS.counted = 0
        kind = getattr(newsroom, mix)()
        figures.writes[kind] += 1
        figures.invalidated += TAGS.counted
        for name, page in pages.items():
            if page.fresh:
                if not page.right:
                    figures.stale.append(f"step {step} {kind}: {name}")
                    page.fill()
                continue
            old = page.text
            page.fill()
            figures.dropped[kind] += 1
            if page.text != old:
                figures.changed[kind] += 1
                figures.pages[name]["changed"] += 1
            else:
                figures.pages[name]["needless"] += 1
                figures.pages[name][f":{kind}"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", choices=["news", "anything"], default="news")
    parser.add_argument("--pages", action="store_true", help="name the pages dropped needlessly")
    options = parser.parse_args()
    watch_database(lambda: [TAGS])
    call_command("migrate", run_syncdb=True, verbosity=0)
    figures, start = Figures(), time.perf_counter()
    run(options.steps, options.seed, options.mix, figures)
    print(figures.report())
    print(f"{time.perf_counter() - start:.0f} s")
    for stale in figures.stale[:20]:
        print("STALE", stale)
    if options.pages:
        print(figures.worst())
    sys.exit(bool(figures.stale))


if __name__ == "__main__":
    main()
