"""Pages that show rows, for what is said of them on the command line."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

from tests.oracle.newsroom.models import Section


def section(request, pk):
    return HttpResponse(Section.objects.get(pk=pk).name)


def sections(request):
    return HttpResponse(" ".join(Section.objects.values_list("name", flat=True)))


urlpatterns = [
    path("sections/<int:pk>/", section),
    path("sections/", sections),
    path("plain/", lambda request: HttpResponse("plain")),
]
