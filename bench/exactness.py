"""How exact a change at the demo site is: pages dropped, beside pages whose bytes changed.

    python bench/exactness.py --pages 2000

Makes a site in a temporary folder, asks for every page until it comes from the cache, and
after each change asks for all of them again. Prints a table, or with --json what is in it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MADE = re.compile(rb"<time>\d\d:\d\d:\d\d</time>")  # when a page was put together

Pages = dict[str, tuple[int, bytes]]


class Town:
    """The site in this process, behind freshpage."""

    def __init__(self, pages: int) -> None:
        from django.core.management import call_command
        from django.test import Client
        from townsite.wsgi import application

        call_command("open_town", pages=pages, verbosity=0, stdout=sys.stderr)
        from django.contrib.auth.models import User

        self.editor = User.objects.get()
        self._application = application
        self._environ = Client()._base_environ
        self.content = _content

    def paths(self) -> list[str]:
        from cms.models import PageUrl

        found = PageUrl.objects.filter(path__isnull=False).values_list("language", "path")
        return [f"/{language}/{path}/".replace("//", "/") for language, path in found]

    def get(self, path: str) -> tuple[bool, tuple[int, bytes]]:
        """Whether a page came from the cache, and what it is."""
        told: list[Any] = []
        environ = self._environ(PATH_INFO=path, HTTP_HOST="localhost", REQUEST_METHOD="GET")
        answer = self._application(environ, lambda *given: told.append(given))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        (status, headers, *_) = told[0]
        hit = "hit" in dict(headers)["Cache-Status"]
        return hit, (int(status[:3]), MADE.sub(b"", body))

    def warm(self) -> Pages:
        """All pages that can be stored, each from the cache."""
        for path in self.paths():
            self.get(path)
        found = {path: self.get(path) for path in self.paths()}
        return {path: page for path, (hit, page) in found.items() if hit}

    def publish(self, version: Any) -> None:
        version.publish(self.editor)

    def draft(self, key: str, language: str = "en") -> Any:
        return _content(key, language).versions.get().copy(self.editor)


def _content(key: str, language: str = "en") -> Any:
    from cms.models import PageContent

    return PageContent.objects.get(page__reverse_id=key, language=language)


def _rewrite(content: Any, text: str) -> None:
    from djangocms_text.models import Text

    placeholders = [placeholder.pk for placeholder in content.get_placeholders()]
    passage = Text.objects.filter(placeholder__in=placeholders).first()
    assert passage is not None
    passage.body += f"<p>{text}</p>"
    passage.save()
    passage.placeholder.clear_cache(content.language)


# -- changes -----------------------------------------------------------------------------


def changes(town: Town) -> dict[str, Callable[[], None]]:
    """What an editor does, in this order."""
    from cms.models import Page, PageContent
    from django.db import transaction
    from djangocms_alias.models import AliasContent

    story = Page.objects.filter(reverse_id__startswith="news/", numchild=0).last().reverse_id
    passport = "services/citizens/passport"
    kept: dict[str, Any] = {}

    def draft() -> None:
        kept["text"] = town.draft(story)

    def save_draft() -> None:
        _rewrite(kept["text"].content, "A sentence more.")
        kept["text"].content.update(menu_title="Not yet")
        kept["text"].content.update(menu_title=None)

    def archive() -> None:
        town.draft(passport).archive(town.editor)

    def publish_text() -> None:
        town.publish(kept["text"])

    def publish_menu_title() -> None:
        version = town.draft(passport)
        version.content.update(menu_title="Passports")
        town.publish(version)

    def move() -> None:
        page = Page.objects.get(reverse_id="parks/orchard")
        with transaction.atomic():
            page.move_page(Page.objects.get(reverse_id="library"), position="last-child")

    def delete_translation() -> None:
        page = Page.objects.get(reverse_id="parks/ziegelei")
        content = _content("parks/ziegelei", "de")
        content.versions.get().delete()
        PageContent._base_manager.filter(pk=content.pk).delete()
        page.urls.filter(language="de").delete()
        page.clear_cache(menu=True)

    def make_private() -> None:
        Page.objects.get(reverse_id="town/history").update(login_required=True)

    def edit_alias() -> None:
        version = AliasContent.objects.get(language="en").versions.get().copy(town.editor)
        _rewrite(version.content, "Closed on Friday.")
        town.publish(version)

    return {
        "a draft begun": draft,
        "a draft saved": save_draft,
        "a draft archived": archive,
        "a text published": publish_text,
        "a menu title published": publish_menu_title,
        "a page moved": move,
        "a translation deleted": delete_translation,
        "a page made private": make_private,
        "an alias edited": edit_alias,
    }


def measure(pages: int) -> dict[str, Any]:
    """By change, how many pages were dropped, and how many changed."""
    town = Town(pages)
    began = time.perf_counter()
    before = town.warm()
    told: dict[str, Any] = {
        "stored": len(before),
        "seconds to fill": round(time.perf_counter() - began, 1),
        "changes": {},
    }
    for name, change in changes(town).items():
        change()
        now = {path: town.get(path) for path in before}
        changed = {path for path, (_, page) in now.items() if page != before[path]}
        dropped = {path for path, (hit, _) in now.items() if not hit}
        told["changes"][name] = [len(dropped), len(changed), len(changed - dropped)]
        print(f"{name:24} {told['changes'][name]}", sorted(dropped ^ changed)[:9], file=sys.stderr)
        again = {path: town.get(path) for path in town.paths()}
        before = {path: page for path, (hit, page) in again.items() if hit}
    return told


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEMO_VAR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "townsite.settings"
        sys.path[:0] = [str(ROOT / "example"), str(ROOT / "src")]
        told = measure(given.pages)
    if given.json:
        print(json.dumps(told))
        return
    print(f"{told['stored']} pages stored in {told['seconds to fill']} s")
    print(f"{'':24} {'dropped':>8} {'changed':>8} {'stale':>6}")
    for name, (dropped, changed, stale) in told["changes"].items():
        print(f"{name:24} {dropped:8} {changed:8} {stale:6}")


if __name__ == "__main__":
    main()
