from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.shortcuts import render
from django.urls import include, path


def plain(request):
    """A page that is none of django-cms's, with its menu."""
    return render(request, "cms_site/plain.html")


urlpatterns = [
    path("plain/", plain),
    *i18n_patterns(path("admin/", admin.site.urls), path("", include("cms.urls"))),
]
