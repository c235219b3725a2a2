"""Kestrel Valley's pages, what they share, and what is said of the whole site."""

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import DraftStateMixin, Orderable, Page, RevisionMixin
from wagtail.snippets.blocks import SnippetChooserBlock
from wagtail.snippets.models import register_snippet


@register_snippet
class Notice(DraftStateMixin, RevisionMixin, models.Model):
    """Something to know, shown on whichever pages name it."""

    text = models.CharField(max_length=200)
    remark = models.CharField(max_length=200, blank=True)  # for the editors

    panels = [FieldPanel("text"), FieldPanel("remark")]

    def __str__(self):
        return self.text


@register_setting
class Contact(BaseSiteSetting):
    """What stands at the foot of every page."""

    phone = models.CharField(max_length=40, blank=True)
    keeper = models.CharField(max_length=80, blank=True)  # not shown

    panels = [FieldPanel("phone"), FieldPanel("keeper")]


class Body(blocks.StreamBlock):
    text = blocks.RichTextBlock()
    picture = ImageChooserBlock(template="valley/blocks/picture.html")
    notice = SnippetChooserBlock(Notice, template="valley/blocks/notice.html")
    document = DocumentChooserBlock(template="valley/blocks/document.html")
    page = blocks.PageChooserBlock(template="valley/blocks/page.html")


class HomePage(Page):
    intro = RichTextField(blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    template = "valley/home.html"


class SectionPage(Page):
    """Lists the pages below it by title, and the last three by when they were published."""

    intro = RichTextField(blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    template = "valley/section.html"

    def entries(self):
        return self.get_children().live().order_by("title")


class StoryPage(Page):
    summary = models.CharField(max_length=200, blank=True)
    body = StreamField(Body(), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("body"),
        InlinePanel("related", label="Related pages"),
    ]
    template = "valley/story.html"


class Related(Orderable):
    story = ParentalKey(StoryPage, on_delete=models.CASCADE, related_name="related")
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="+")

    panels = [FieldPanel("page")]
