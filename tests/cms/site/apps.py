from __future__ import annotations

from django.apps import AppConfig


class CmsSiteConfig(AppConfig):
    name = "tests.cms.site"
    label = "cms_site"
