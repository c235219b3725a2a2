"""The addresses of the admin's page."""

from __future__ import annotations

from django.urls import path

from freshpage.compat.wagtailcache.views import clear, index

urlpatterns = [
    path("", index, name="index"),
    path("clearcache", clear, name="clearcache"),
]
