"""``manage.py freshpage invalidate|purge|status``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from freshpage.ops import commands
from freshpage.settings import SettingError
from freshpage.stores.base import StoreError


class Command(BaseCommand):
    """Tells the cache what changed where Django could not see it, and asks how it is."""

    help = "Invalidate or purge pages, or show what the cache holds."
    requires_system_checks = ()  # what else is wrong with the site does not matter

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        invalidate = actions.add_parser("invalidate", help="drop pages by what they show")
        invalidate.add_argument(
            "names", nargs="+", metavar="TAG|app.Model[:pk]", help="a tag, a model, or one row"
        )
        invalidate.add_argument(
            "--soft", action="store_true", help="they may be served until they are made anew"
        )
        purge = actions.add_parser("purge", help="drop pages by where they are")
        purge.add_argument("urls", nargs="*", metavar="URL", help="a path, or an absolute URL")
        purge.add_argument(
            "--prefix", action="append", default=[], help="all below a path that ends in '/'"
        )
        purge.add_argument("--everything", action="store_true", help="all pages of this site")
        actions.add_parser("status", help="show what the store holds")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            return self._act(options)
        except (SettingError, StoreError, ValueError) as fault:
            raise CommandError(str(fault)) from fault

    def _act(self, options: dict[str, Any]) -> str:
        if options["action"] == "invalidate":
            return commands.invalidate(options["names"], soft=options["soft"])
        if options["action"] == "purge":
            return commands.purge(
                options["urls"], options["prefix"], everything=options["everything"]
            )
        return commands.status()
