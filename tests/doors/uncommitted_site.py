"""A page that shows rows, for tests within transactions."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

from freshpage.decorators import page_cache
from tests.oracle.newsroom.models import Section


@page_cache(ttl=60)
def names(request):
    return HttpResponse(" ".join(Section.objects.values_list("name", flat=True)))


urlpatterns = [path("names/", names)]
