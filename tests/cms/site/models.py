from __future__ import annotations

from cms.models import CMSPlugin
from django.db import models


class Passage(CMSPlugin):  # type: ignore[misc]
    """A text; what becomes of it depends on the plugin."""

    text = models.CharField(max_length=200, blank=True)
    seconds = models.IntegerField(default=0)
