"""Make the tables a case needs, and the page of django-cms; in a process of its own."""

from __future__ import annotations

import django
from django.core.management import call_command
from django.db import transaction


def main() -> None:
    """Prepare the case BENCH_CASE names."""
    django.setup()
    from bench.site import case

    call_command("migrate", verbosity=0)
    if case.cms:
        _cms_page()
    else:
        call_command("createcachetable")


def _cms_page() -> None:
    """The home page, in both languages."""
    from cms.api import create_page, create_page_content

    page = create_page("News of the town", "cms_page.html", "en", slug="news")
    create_page_content("de", "Neues aus der Stadt", page, slug="neues")
    with transaction.atomic():
        page.set_as_homepage()


if __name__ == "__main__":
    main()
