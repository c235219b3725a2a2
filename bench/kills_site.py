"""A site whose pages show counters of its database: read, and raised, by anybody.

KILLS_STORE names freshpage's store, KILLS_DIRECTORY is where everything lies.
"""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.urls import path

DIRECTORY = os.environ["KILLS_DIRECTORY"]
COUNTERS = 8

settings.configure(
    SECRET_KEY="a bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["freshpage"],
    MIDDLEWARE=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{DIRECTORY}/site.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    },
    BASE_DIR=DIRECTORY,
    FRESHPAGE={"STORE": os.environ["KILLS_STORE"], "BUILD": "bench", "DEFAULT_TTL": 3600},
)
django.setup()


class Counter(models.Model):
    """A row that pages show."""

    value = models.IntegerField(default=0)

    class Meta:
        app_label = "kills"

    def __str__(self) -> str:
        return str(self.value)


def make() -> None:
    """The table and its rows, if they are not there."""
    with connection.schema_editor() as editor:
        editor.create_model(Counter)
    Counter.objects.bulk_create([Counter(pk=number) for number in range(COUNTERS)])


def show(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(Counter.objects.get(pk=number).value))


def total(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(sum(Counter.objects.values_list("value", flat=True))))


def raise_it(request: HttpRequest, number: int) -> HttpResponse:
    """One more, in a transaction or by a statement of its own."""
    if request.GET.get("atomic"):
        with transaction.atomic():
            counter = Counter.objects.select_for_update().get(pk=number)
            counter.value += 1
            counter.save()
            return HttpResponse(str(counter.value))
    Counter.objects.filter(pk=number).update(value=F("value") + 1)
    return HttpResponse(str(Counter.objects.get(pk=number).value))


urlpatterns = [
    path("<int:number>/", show),
    path("total/", total),
    path("raise/<int:number>/", raise_it),
]

application: Any = get_wsgi_application()
if __name__ == "__main__":
    make()
else:
    from freshpage.wsgi import PageCache

    application = PageCache(application)
