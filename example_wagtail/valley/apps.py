"""The pages of Kestrel Valley."""

from django.apps import AppConfig


class ValleyConfig(AppConfig):
    name = "valley"
