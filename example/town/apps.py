"""The town's own plugins, templates and models."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class TownConfig(AppConfig):
    name = "town"
    verbose_name = "Town"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from town.signals import hours_changed

        for name in ("Place", "Hours"):
            post_save.connect(hours_changed, sender=f"town.{name}")
            post_delete.connect(hours_changed, sender=f"town.{name}")
