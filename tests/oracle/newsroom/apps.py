from django.apps import AppConfig


class NewsroomConfig(AppConfig):
    name = "tests.oracle.newsroom"
    label = "newsroom"
