"""Make what the site needs and does not have yet: tables, an editor, pages."""

from __future__ import annotations

from typing import Any

from content import write
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

USER, PASSWORD = "editor", "ellerbrueck"
EDITED = ("cms", "djangocms_alias", "djangocms_text", "djangocms_versioning", "town")
DEFAULT_PAGES = 170


class Command(BaseCommand):
    help = "Make the tables, the editor's account and the pages, where they are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pages", type=int, help=f"how many ({DEFAULT_PAGES})")

    def handle(self, *args: Any, pages: int | None, **options: Any) -> None:
        self._migrate()
        author = _editor()
        there = write.count()
        if there and pages not in (None, there):
            self.stdout.write(
                f"There are {there} pages already. For {pages}, remove example/var first."
            )
        if not there:
            self._write(pages or DEFAULT_PAGES, author)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Making the database ...")
            call_command("migrate", verbosity=0, interactive=False)

    def _write(self, pages: int, author: User) -> None:
        self.stdout.write(f"Writing {pages} pages in two languages ...")
        try:
            write.build(pages, author)
        except ValueError as error:
            raise CommandError(str(error)) from error


def _editor() -> User:
    """The account that may edit and publish every page, and is no superuser."""
    editor, made = User.objects.get_or_create(
        username=USER, defaults={"is_staff": True, "email": "editor@example.org"}
    )
    if made:
        editor.set_password(PASSWORD)
        editor.save()
        editor.user_permissions.set(Permission.objects.filter(content_type__app_label__in=EDITED))
    return editor
