"""What the town's plugins show: places with their hours, lists of pages, notices."""

from __future__ import annotations

from cms.models import CMSPlugin, Page
from django.core.exceptions import ValidationError
from django.db import models

from town.hours import Span

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Place(models.Model):
    """A place visitors come to. Its hours are kept once and shown by many pages."""

    key = models.SlugField(unique=True)
    name_en = models.CharField("name (English)", max_length=80)
    name_de = models.CharField("name (German)", max_length=80)
    address = models.CharField(max_length=120)
    phone = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["name_en"]

    def __str__(self) -> str:
        return self.name_en

    def name(self, language: str) -> str:
        return self.name_de if language == "de" else self.name_en

    def week(self) -> tuple[Span, ...]:
        return tuple(Span(row.weekday, row.opens, row.closes) for row in self.hours.all())


class Hours(models.Model):
    """One stretch of a weekday in which a place is open."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)))
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name_plural = "hours"

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {self.opens:%H:%M}-{self.closes:%H:%M}"

    def clean(self) -> None:
        if self.opens and self.closes and self.opens >= self.closes:
            raise ValidationError({"closes": "Closes after it opens, on the same day."})


class OpeningHours(CMSPlugin):
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="plugins")

    def __str__(self) -> str:
        return str(self.place)


class TeaserList(CMSPlugin):
    """The pages of a section: the newest of all below it, or its children in their order."""

    NEWEST, CHILDREN = "newest", "children"
    CARDS, LINES = "cards", "lines"

    heading = models.CharField(max_length=80, blank=True)
    section = models.ForeignKey(
        Page,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the page this list is on.",
    )
    which = models.CharField(
        max_length=10,
        default=NEWEST,
        choices=[(NEWEST, "the newest below the section"), (CHILDREN, "the section's own pages")],
    )
    limit = models.PositiveSmallIntegerField(default=6)
    layout = models.CharField(
        max_length=10, default=CARDS, choices=[(CARDS, "cards"), (LINES, "lines")]
    )

    def __str__(self) -> str:
        return self.heading or self.get_which_display()


class RegionNotice(CMSPlugin):
    """A notice that reads differently in the north and the south of the town."""

    heading = models.CharField(max_length=80)
    everywhere = models.TextField()
    north = models.TextField()
    south = models.TextField()

    def __str__(self) -> str:
        return self.heading

    def text_for(self, region: str) -> str:
        return {"north": self.north, "south": self.south}.get(region, self.everywhere)


class WaitingTime(CMSPlugin):
    heading = models.CharField(max_length=80)
    desks = models.PositiveSmallIntegerField(default=4)

    def __str__(self) -> str:
        return self.heading
