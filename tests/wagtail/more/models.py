"""A form, a setting of all sites, and a snippet in several languages that goes live by itself."""

from __future__ import annotations

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.forms.models import AbstractForm, AbstractFormField
from wagtail.contrib.routable_page.models import RoutablePageMixin, path
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    Page,
    RevisionMixin,
    TranslatableMixin,
    WorkflowMixin,
)
from wagtail.snippets.models import register_snippet


class Field(AbstractFormField):
    page = ParentalKey("AskPage", on_delete=models.CASCADE, related_name="form_fields")


class AskPage(AbstractForm):
    template = "ask.html"
    landing_page_template = "asked.html"


@register_setting
class Season(BaseGenericSetting):
    name = models.CharField(max_length=40, default="winter")
    remark = models.CharField(max_length=40, blank=True)  # not shown

    panels = [FieldPanel("name"), FieldPanel("remark")]


@register_snippet
class Hint(
    WorkflowMixin, LockableMixin, DraftStateMixin, RevisionMixin, TranslatableMixin, models.Model
):
    text = models.CharField(max_length=200)

    panels = [FieldPanel("text")]

    class Meta(TranslatableMixin.Meta):
        pass

    def __str__(self) -> str:
        return self.text


class DiaryPage(RoutablePageMixin, Page):
    """Lists the pages below it, two at a time, and by letter."""

    def below(self):
        return self.get_children().live().order_by("title")

    @path("")
    def some(self, request):
        from django.core.paginator import Paginator
        from django.http import HttpResponse

        shown = Paginator(self.below(), 2).get_page(request.GET.get("page"))
        return HttpResponse(", ".join(page.title for page in shown))

    @path("of/<str:letter>/")
    def of(self, request, letter: str):
        from django.http import HttpResponse

        shown = self.below().filter(title__startswith=letter)
        return HttpResponse(", ".join(page.title for page in shown))
