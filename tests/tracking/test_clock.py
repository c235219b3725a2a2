"""Looking at the clock bounds the life of a page."""

from __future__ import annotations

import datetime

import pytest
from django.db.models import Q
from django.db.models.functions import Now
from django.template import Context, Engine
from django.utils import timezone
from django.utils.timezone import now

from freshpage.tracking.clock import stays_until
from tests.oracle.keeping import Kept
from tests.oracle.newsroom.models import Article

UTC = datetime.UTC


def render(source, **context):
    engine = Engine(libraries={"humanize": "django.contrib.humanize.templatetags.humanize"})
    return Kept(lambda: engine.from_string(source).render(Context(context))).declared


@pytest.mark.parametrize(
    "read",
    [
        lambda: str(timezone.now()),
        lambda: str(now()),
        lambda: str(timezone.localdate()),
        lambda: str(timezone.now() - datetime.timedelta(days=1)),
    ],
)
def test_who_reads_it_lives_shortly(read):
    declared = Kept(read).declared
    assert (declared.ttl, declared.unstated_ttl) == (None, 60)


@pytest.mark.parametrize(
    "source",
    [
        "{% now 'H:i' %}",
        "{{ date|timesince }}",
        "{{ date|timeuntil }}",
        "{% load humanize %}{{ date|naturaltime }}",
    ],
)
def test_template_tags_read_it(source):
    assert render(source, date=datetime.datetime(2020, 1, 1, tzinfo=UTC)).unstated_ttl == 60


def test_a_difference_between_two_dates_does_not():
    date = datetime.datetime(2020, 1, 1, tzinfo=UTC)
    declared = render("{{ date|timesince:date }}", date=date)
    assert declared.unstated_ttl is None


@pytest.mark.parametrize(
    ("shown", "until"),
    [
        ("Y", datetime.datetime(2027, 1, 1, tzinfo=UTC)),
        ("F Y", datetime.datetime(2026, 6, 1, tzinfo=UTC)),
        ("j. F", datetime.datetime(2026, 5, 18, tzinfo=UTC)),
        ("DATE_FORMAT", datetime.datetime(2026, 5, 18, tzinfo=UTC)),
        (r"\a\t Y", datetime.datetime(2027, 1, 1, tzinfo=UTC)),
        ("H", None),
        ("DATETIME_FORMAT", None),
        ("c", None),
    ],
)
def test_a_date_stays_as_long_as_what_is_shown_of_it(shown, until):
    assert stays_until(shown, datetime.datetime(2026, 5, 17, 13, 5, tzinfo=UTC)) == until


def test_a_year_in_the_footer_does_not_cut_the_page_short():
    declared = render("{% now 'Y' %}")
    assert declared.unstated_ttl is None
    assert declared.ttl <= 366 * 86400


def scheduled(site, **delta):
    return Article.objects.create(
        title="Later",
        slug="later",
        section=site.sport,
        author=site.ann,
        date=timezone.now() + datetime.timedelta(**delta),
    )


def up_to_now():
    return str(list(Article.objects.filter(date__lte=timezone.now())))


def up_to_a_name():
    present = timezone.now()
    chosen = Article.objects.filter(Q(date__lt=present) | Q(title="x"), date__lt=present)
    return str(list(chosen))


@pytest.mark.parametrize("view", [up_to_now, up_to_a_name])
def test_a_bound_lasts_until_the_next_rows_turn(site, view):
    Article.objects.filter(pk=site.articles[0].pk).update(date=timezone.now())
    Article.objects.filter(date__gt=timezone.now()).delete()
    declared = Kept(view).declared
    assert (declared.ttl, declared.unstated_ttl) == (None, None)
    scheduled(site, minutes=10)
    declared = Kept(view).declared
    assert 590 < declared.ttl <= 600
    assert declared.unstated_ttl is None


def test_a_row_scheduled_later_drops_the_page(site):
    page = Kept(up_to_now)
    scheduled(site, seconds=5)
    assert not page.fresh


def shown_too():
    present = timezone.now()
    return f"{present} {list(Article.objects.filter(date__lte=present))}"


def of_another_kind():
    return str(list(Article.objects.filter(date__date__lte=timezone.now())))


def never_asked():
    Article.objects.filter(date__lte=timezone.now())
    return ""


@pytest.mark.parametrize("view", [shown_too, of_another_kind, never_asked])
def test_what_is_not_only_a_bound_counts(site, view):
    assert Kept(view).declared.unstated_ttl == 60


def test_the_databases_clock_counts(site):
    view = Kept(lambda: str(Article.objects.filter(date__lte=Now()).count()))
    assert view.declared.unstated_ttl == 60
