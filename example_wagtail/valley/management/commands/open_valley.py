"""Make what the site needs and does not have yet: tables, an editor, pages."""

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from valley.content import build
from valley.models import HomePage

USER, PASSWORD = "editor", "kestrel"


class Command(BaseCommand):
    help = "Make the tables, the editor's account and the pages, where they are missing."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args, port, **options):
        call_command("migrate", verbosity=0, interactive=False)
        users = get_user_model().objects
        if not users.filter(username=USER).exists():
            users.create_superuser(USER, "editor@example.org", PASSWORD)
        if not HomePage.objects.exists():
            self.stdout.write("Writing the pages ...")
            build("127.0.0.1", port)
