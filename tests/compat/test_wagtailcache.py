"""wagtail-cache's names, settings and hooks; its admin page is in tests/wagtail."""

from __future__ import annotations

from itertools import count

import pytest
from django.apps import apps
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import caches
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import RequestFactory
from wagtail import hooks

import freshpage
from freshpage import runtime
from freshpage.compat import wagtailcache as package
from freshpage.compat.wagtailcache import cache as wagtailcache
from freshpage.compat.wagtailcache.management.commands.clear_wagtail_cache import Command
from freshpage.compat.wagtailcache.patterns import beginning_of
from freshpage.compat.wagtailcache.settings import wagtailcache_settings
from freshpage.compat.wagtailcache.templatetags import wagtailcache_tags as tags
from tests.compat.conftest import Clock
from tests.compat.sites import WAGTAILS, MakeSite

HEADER = "X-Wagtail-Cache"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
PAIR = ("wagtailcache", "wagtailcache-async")

every_way = pytest.mark.parametrize("way", WAGTAILS)
each_pair = pytest.mark.parametrize("way", PAIR)


def numbered(status: int = 200, **headers: str):
    numbers = count(1)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: HttpResponse(f"page {next(numbers)}", status=status, headers=named)


def statuses(site, *paths: str, **headers: str) -> list[str | None]:
    return [site.ask(path, **headers).headers.get(HEADER) for path in paths or ("/page/",) * 2]


# -- names -------------------------------------------------------------------------------------


def test_the_names_are_in_the_package_and_in_its_module():
    assert set(package.__all__) == set(wagtailcache.__all__)
    for name in package.__all__:
        assert getattr(package, name) is getattr(wagtailcache, name)
    with pytest.raises(AttributeError, match="no attribute 'cash_page'"):
        package.cash_page  # noqa: B018


def test_what_the_enumerations_are():
    assert {one.value for one in wagtailcache.Status} == {"err", "hit", "miss", "skip"}
    assert {one.value for one in wagtailcache.CacheControl} == {"no-cache", "private"}


# -- keeping -----------------------------------------------------------------------------------


@every_way
def test_a_miss_then_a_hit(make_site: MakeSite, way: str) -> None:
    site = make_site(numbered(), way)
    first, second = site.ask(), site.ask()
    assert [first.headers[HEADER], second.headers[HEADER]] == ["miss", "hit"]
    assert first.text == second.text == "page 1"
    assert first.headers["Cache-Control"] == second.headers["Cache-Control"] == "max-age=300"


@every_way
def test_the_cache_s_timeout_or_the_page_s_max_age(
    make_site: MakeSite, clock: Clock, settings, way: str
) -> None:
    settings.CACHES["default"]["TIMEOUT"] = 120
    site = make_site(numbered(), way)
    assert site.ask().headers["Cache-Control"] == "max-age=120"
    clock.forward(119)
    assert site.ask().text == "page 1"
    clock.forward(1)
    assert site.ask().text == "page 2"
    site = make_site(numbered(Cache_Control="max-age=30"), way)
    assert site.ask("/other/").text == "page 1"
    clock.forward(30)
    assert site.ask("/other/").text == "page 2"


def test_a_cache_that_keeps_for_ever_leaves_it_to_django_s_setting(
    make_site: MakeSite, settings
) -> None:
    settings.CACHES["default"]["TIMEOUT"] = None
    site = make_site(numbered(), "wagtailcache")
    assert site.ask().headers["Cache-Control"] == "max-age=600"


@every_way
@pytest.mark.parametrize("status", [301, 404])
def test_redirects_and_what_is_not_found_are_kept(make_site: MakeSite, way: str, status) -> None:
    site = make_site(numbered(status, Location="/there/"), way)
    assert statuses(site) == ["miss", "hit"]
    assert site.ask().status_code == status


@every_way
def test_a_redirect_for_now_is_kept(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: HttpResponseRedirect("/there/"), way)
    assert statuses(site) == ["miss", "hit"]


@every_way
@pytest.mark.parametrize(
    ("status", "control"),
    [(500, ""), (304, ""), (200, "no-cache"), (200, "private"), (200, "No-Store"), (403, "")],
)
def test_what_is_not_kept_is_skipped(make_site: MakeSite, way: str, status, control) -> None:
    site = make_site(numbered(status, **({"Cache_Control": control} if control else {})), way)
    assert statuses(site) == ["skip", "skip"]
    assert site.ask().headers["Cache-Control"] == (control or "no-cache")


@every_way
def test_a_stream_is_skipped(make_site: MakeSite, way: str) -> None:
    site = make_site(lambda request: StreamingHttpResponse([b"a", b"b"]), way)
    assert statuses(site) == ["skip", "skip"]
    assert site.ask().text == "ab"


@every_way
def test_other_methods_are_skipped(make_site: MakeSite, way: str) -> None:
    site = make_site(numbered(), way)
    assert site.ask(method="POST").headers[HEADER] == "skip"
    assert statuses(site) == ["miss", "hit"]
    assert site.ask(method="HEAD").headers[HEADER] == "hit"


@every_way
def test_a_preview_is_skipped(make_site: MakeSite, way: str) -> None:
    middleware = ("tests.compat.test_wagtailcache.PreviewMiddleware",)
    site = make_site(numbered(), way, middleware=middleware)
    assert statuses(site, "/page/", "/page/", x_preview="1") == ["skip", "skip"]
    assert statuses(site) == ["miss", "hit"]
    assert statuses(site, x_preview="1") == ["skip", "skip"]


class PreviewMiddleware:
    def __init__(self, get_response) -> None:
        self._get_response = get_response

    def __call__(self, request):
        request.is_preview = request.headers.get("X-Preview") == "1"
        return self._get_response(request)


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["wagtailcache", "wagtail_page"])
def test_who_has_logged_in_gets_no_page_of_others_nor_gives_his(make_site: MakeSite, way) -> None:
    ann = User.objects.create_user("ann")

    def view(request) -> HttpResponse:
        if request.method == "POST":
            auth.login(request, ann)
        return HttpResponse("the same for all")

    site = make_site(view, way, middleware=(SESSIONS, USERS))
    assert statuses(site) == ["miss", "hit"]
    cookie = site.ask(method="POST").headers["Set-Cookie"].strip().partition(";")[0]
    assert statuses(site, cookie=cookie) == ["skip", "skip"]
    site.ask("/other/", cookie=cookie)
    assert statuses(site, "/other/", "/other/") == ["miss", "hit"]


def test_a_user_that_something_else_knows_counts_too():
    from freshpage.compat.wagtailcache.asked import is_logged_in

    request = RequestFactory().get("/")
    assert not is_logged_in(request)
    request.user = AnonymousUser()
    assert not is_logged_in(request)
    request.user = User(username="ann")
    assert is_logged_in(request)


@every_way
def test_a_cache_that_is_down_is_told(make_site: MakeSite, settings, way: str) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.compat.test_surroundings.BrokenCache"}}
    site = make_site(numbered(), way)
    assert statuses(site) == ["err", "err"]


def test_the_pair_and_a_view_s_own_are_one_page(make_site: MakeSite, settings) -> None:
    site = make_site(wagtailcache.cache_page(numbered()), "wagtailcache")
    assert statuses(site) == ["miss", "hit"]


# -- parameters and cookies --------------------------------------------------------------------


@every_way
def test_parameters_that_follow_campaigns_tell_no_pages_apart(make_site: MakeSite, way) -> None:
    seen: list[str] = []

    def view(request) -> HttpResponse:
        seen.append(request.META["QUERY_STRING"])
        return HttpResponse(" ".join(f"{name}={value}" for name, value in request.GET.items()))

    site = make_site(view, way)
    assert site.ask("/page/?a=1&utm_source=x&%75tm_term=y").text == "a=1"
    assert site.ask("/page/?a=1&fbclid=z").headers[HEADER] == "hit"
    assert site.ask("/page/?a=2").text == "a=2"
    assert seen == ["a=1", "a=2"]


def test_which_parameters_is_a_setting(make_site: MakeSite, settings) -> None:
    settings.WAGTAIL_CACHE_IGNORE_QS = [r"^x"]
    site = make_site(numbered(), "wagtailcache")
    assert statuses(site, "/?x1=a", "/?x2=b", "/?utm_source=c") == ["miss", "hit", "miss"]
    settings.WAGTAIL_CACHE_IGNORE_QS = None
    assert statuses(site, "/?x1=a", "/?x1=a") == ["miss", "hit"]


@every_way
def test_cookies_that_no_page_reads_tell_no_pages_apart(make_site: MakeSite, way: str) -> None:
    def view(request) -> HttpResponse:
        return HttpResponse(request.COOKIES.get("theme", "plain"), headers={"Vary": "Accept"})

    site = make_site(view, way)
    assert site.ask(cookie="_ga=1").headers[HEADER] == "miss"
    assert site.ask(cookie="_ga=2; _gid=3").headers[HEADER] == "hit"
    assert site.ask(cookie="theme=dark; _ga=2").text == "dark"
    assert site.ask(cookie="_ga=4").text == "plain"


def session_reader(request) -> HttpResponse:
    request.session.get("basket")
    return HttpResponse("empty basket")


def test_cookies_count_as_a_whole_where_the_setting_says_so(make_site: MakeSite, settings) -> None:
    site = make_site(session_reader, "wagtailcache", middleware=(SESSIONS,))
    assert statuses(site, "/a/", cookie="_ga=1") == ["miss"]
    assert statuses(site, "/a/", cookie="_ga=2") == ["hit"]
    settings.WAGTAIL_CACHE_IGNORE_COOKIES = False
    assert statuses(site, "/b/", cookie="_ga=1") == ["miss"]
    assert statuses(site, "/b/", cookie="_ga=2") == ["miss"]
    assert statuses(site, "/b/", cookie="_ga=1") == ["hit"]


def test_vary_on_cookies_is_not_taken_away(make_site: MakeSite) -> None:
    """A cache in front of us is to know what the page was made from."""
    site = make_site(session_reader, "wagtailcache", middleware=(SESSIONS,))
    for _ in range(2):
        assert site.ask().headers["Vary"] == "Cookie"


# -- settings ----------------------------------------------------------------------------------


def test_the_settings_and_their_defaults(settings) -> None:
    assert wagtailcache_settings.WAGTAIL_CACHE is True
    assert wagtailcache_settings.WAGTAIL_CACHE_BACKEND == "default"
    assert wagtailcache_settings.WAGTAIL_CACHE_HEADER == HEADER
    assert wagtailcache_settings.WAGTAIL_CACHE_IGNORE_COOKIES is True
    assert wagtailcache_settings.WAGTAIL_CACHE_KEYRING is False
    assert len(wagtailcache_settings.WAGTAIL_CACHE_IGNORE_QS) == 20
    settings.WAGTAIL_CACHE_BACKEND = "pages"
    assert wagtailcache_settings.WAGTAIL_CACHE_BACKEND == "pages"


@every_way
def test_it_can_be_turned_off(make_site: MakeSite, settings, way: str) -> None:
    site = make_site(numbered(), way)
    site.ask()
    settings.WAGTAIL_CACHE = False
    assert site.ask("/page/?utm_source=x").text == "page 2"
    assert HEADER not in site.ask().headers
    view = wagtailcache.nocache_page(numbered())
    assert "Cache-Control" not in view(RequestFactory().get("/")).headers
    wagtailcache.clear_cache()
    settings.WAGTAIL_CACHE = True
    assert site.ask().text == "page 1"


@each_pair
@pytest.mark.parametrize("name", ["X-Cache", "", None])
def test_the_header_has_another_name_or_is_not_sent(
    make_site: MakeSite, settings, way: str, name
) -> None:
    settings.WAGTAIL_CACHE_HEADER = name
    site = make_site(numbered(), way)
    for said in ("miss", "hit"):
        answer = site.ask()
        assert HEADER not in answer.headers
        assert answer.headers.get("X-Cache") == (said if name else None)


@every_way
def test_another_cache(make_site: MakeSite, settings, way: str) -> None:
    settings.WAGTAIL_CACHE_BACKEND = "other"
    site = make_site(numbered(), way)
    assert statuses(site) == ["miss", "hit"]
    caches["default"].clear()
    assert statuses(site) == ["hit", "hit"]
    caches["other"].clear()
    assert statuses(site) == ["miss", "hit"]


# -- hooks -------------------------------------------------------------------------------------


@every_way
def test_a_hook_has_a_request_skipped(make_site: MakeSite, way: str) -> None:
    def unless_inside(request, decision):
        return False if request.path.startswith("/inside/") else None

    site = make_site(numbered(), way)
    with hooks.register_temporarily("is_request_cacheable", unless_inside):
        assert statuses(site, "/inside/", "/inside/") == ["skip", "skip"]
        assert statuses(site) == ["miss", "hit"]
    assert statuses(site, "/inside/", "/inside/") == ["miss", "hit"]


@every_way
def test_a_hook_has_a_response_skipped(make_site: MakeSite, way: str) -> None:
    heard: list[bool] = []

    def unless_found(response, decision):
        heard.append(decision)
        return response.status_code == 200 and decision

    site = make_site(numbered(404), way)
    with hooks.register_temporarily("is_response_cacheable", unless_found):
        assert statuses(site) == ["skip", "skip"]
    assert heard == [True, True]
    assert statuses(site) == ["miss", "hit"]


@every_way
def test_the_last_hook_that_says_something_counts(make_site: MakeSite, way: str) -> None:
    site = make_site(numbered(), way)
    said = [
        ("is_request_cacheable", lambda request, decision, one=one: one)
        for one in (False, True, None)
    ]
    with hooks.register_temporarily(said):
        assert statuses(site) == ["miss", "hit"]


@every_way
@pytest.mark.parametrize("headers", [{"Cache_Control": "private"}, {"Vary": "*"}])
def test_no_hook_has_kept_what_is_not_for_all(make_site: MakeSite, way: str, headers) -> None:
    site = make_site(numbered(**headers), way)
    always = [
        (name, lambda about, decision: True)
        for name in ("is_request_cacheable", "is_response_cacheable")
    ]
    with hooks.register_temporarily(always):
        assert statuses(site) == ["skip", "skip"]


# -- views -------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", ["", "max-age=60"])
@pytest.mark.parametrize("way", ["wagtailcache", "wagtail_page", "wsgi", "middleware"])
def test_nocache_page(make_site: MakeSite, way: str, control: str) -> None:
    headers = {"Cache_Control": control} if control else {}
    site = make_site(wagtailcache.nocache_page(numbered(**headers)), way)
    assert statuses(site) == ["skip", "skip"]
    assert site.ask().text == "page 3"
    assert site.ask().headers["Cache-Control"] == (control or "no-cache")


async def test_nocache_page_of_a_coroutine():
    async def view(request) -> HttpResponse:
        return HttpResponse("page")

    response = await wagtailcache.nocache_page(view)(RequestFactory().get("/"))
    assert response.headers[HEADER] == "skip"


class Served:
    """What a page model has of Wagtail's Page, as far as the mixin asks."""

    restrictions: tuple[str, ...] = ()

    def serve(self, request, *args, **kwargs) -> HttpResponse:
        return HttpResponse("page")

    def serve_password_required_response(self, request, form, action_url) -> HttpResponse:
        return HttpResponse("password?")

    def get_view_restrictions(self):
        return self.restrictions


class Plain(wagtailcache.WagtailCacheMixin, Served):
    pass


class Lasting(Plain):
    cache_control = "max-age=60"


class Asked(Plain):
    def cache_control(self) -> str:
        return "no-cache"


class Restricted(Lasting):
    restrictions = ("login",)


@pytest.mark.parametrize(
    ("model", "control"),
    [(Plain, None), (Lasting, "max-age=60"), (Asked, "no-cache"), (Restricted, "private")],
)
def test_the_mixin_says_how_long(model, control) -> None:
    response = model().serve(RequestFactory().get("/"))
    assert response.headers.get("Cache-Control") == control


def test_the_mixin_keeps_the_question_for_the_password_private() -> None:
    response = Plain().serve_password_required_response(RequestFactory().get("/"), None, "/")
    assert response.headers["Cache-Control"] == "private"


# -- clearing ----------------------------------------------------------------------------------


@every_way
def test_everything_is_cleared_and_the_cache_s_other_values_stay(
    make_site: MakeSite, way: str
) -> None:
    site = make_site(numbered(), way)
    site.ask()
    caches["default"].set("rates", 5)
    wagtailcache.clear_cache()
    assert statuses(site) == ["miss", "hit"]
    assert caches["default"].get("rates") == 5


@each_pair
@pytest.mark.parametrize("keyring", [True, False])
def test_some_urls_are_cleared(make_site: MakeSite, settings, way: str, keyring) -> None:
    settings.WAGTAIL_CACHE_KEYRING = keyring
    site = make_site(numbered(), way)
    paths = ("/news/1/", "/news/2/?a=1", "/about/")
    statuses(site, *paths)
    wagtailcache.clear_cache([r"https?://testserver/news/\d/"])
    assert statuses(site, *paths) == ["miss", "miss", "hit"]


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        (r"https?://example\.com/news/20\d\d/", "https://example.com/news/"),
        (r"^http://example.com/", None),
        (r"http://example\.com:8000/a/b", "http://example.com:8000/a/"),
        (r"http://example\.com/a/b?/c/", "http://example.com/a/"),
        (r"http://example\.com/a/?", "http://example.com/"),
        (r"http://example\.com/a/b/{0}c", "http://example.com/a/"),
        (r"http://example\.com/a|b", None),
        (r".*/news/", None),
        (r"http://example\.com", None),
        ("", None),
    ],
)
def test_where_what_a_pattern_matches_lies(pattern: str, beginning: str | None) -> None:
    assert beginning_of(pattern) == beginning


@each_pair
def test_the_command_clears_everything(make_site: MakeSite, way: str) -> None:
    site = make_site(numbered(), way)
    site.ask()
    call_command(Command())
    assert statuses(site) == ["miss", "hit"]


@each_pair
def test_freshpage_s_own_invalidations_reach_the_pages(make_site: MakeSite, way: str) -> None:
    def view(request) -> HttpResponse:
        freshpage.tag("news")
        return HttpResponse("page")

    site = make_site(view, way)
    assert statuses(site) == ["miss", "hit"]
    freshpage.invalidate("news")
    assert statuses(site) == ["miss", "hit"]
    freshpage.purge("/page/")
    assert statuses(site) == ["miss", "hit"]


# -- with a front door -------------------------------------------------------------------------


def test_behind_a_front_door_the_door_keeps_the_page(make_site: MakeSite) -> None:
    site = make_site(
        wagtailcache.cache_page(numbered(Cache_Control="max-age=60")), "wsgi", middleware=()
    )
    assert [site.ask().text, site.ask().text] == ["page 1", "page 1"]
    answer = site.ask()
    assert answer.headers["Cache-Status"].startswith("freshpage; hit")
    assert HEADER not in answer.headers
    # somebody who may have logged in is asked about again
    assert site.ask(cookie="sessionid=x").text == "page 2"


def test_what_is_skipped_behind_a_front_door_is_kept_by_nobody(make_site: MakeSite) -> None:
    site = make_site(wagtailcache.cache_page(numbered()), "wsgi")
    for hook in ("is_request_cacheable", "is_response_cacheable"):
        with hooks.register_temporarily(hook, lambda about, decision: False):
            assert statuses(site, f"/{hook}/", f"/{hook}/") == ["skip", "skip"]
            assert not site.ask(f"/{hook}/").headers["Cache-Status"].startswith("freshpage; hit")


# -- the app -----------------------------------------------------------------------------------


def test_the_app_has_wagtail_cache_s_label(make_site: MakeSite, settings) -> None:
    from freshpage.compat.wagtailcache.apps import WagtailCacheAppConfig

    config = WagtailCacheAppConfig.create("freshpage.compat.wagtailcache")
    assert (config.label, type(config)) == ("wagtailcache", WagtailCacheAppConfig)
    settings.WAGTAIL_CACHE_BACKEND = "other"
    runtime.reset()
    config.ready()
    assert [one.settings.store for one in runtime.runtimes()][-1] == "django:other"
    runtime.reset()


def test_with_the_middleware_alone_every_process_knows_of_the_pages(
    make_site: MakeSite, settings
) -> None:
    settings.MIDDLEWARE = ["freshpage.compat.wagtailcache.cache.UpdateCacheMiddleware"]
    settings.WAGTAIL_CACHE_BACKEND = "other"
    runtime.reset()
    apps.get_app_config("freshpage").ready()
    assert [one.settings.store for one in runtime.runtimes()][-1] == "django:other"
    runtime.reset()


# -- template tags -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (300, "5 minutes"),
        (90061, "1 day 1 hour 1 minute 1 second"),
        (7200, "2 hours"),
        (0, "0 seconds"),
        (-1, "0 seconds"),
    ],
)
def test_times_are_readable(seconds: int, said: str) -> None:
    assert tags.seconds_to_readable(seconds) == said


def test_the_tags_say_what_is_set(settings) -> None:
    assert tags.get_wagtailcache_setting("WAGTAIL_CACHE") is True
    assert tags.get_wagtailcache_setting("WAGTAIL_CACHE_COLOUR") is None
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": None}
    }
    assert tags.cache_timeout() == "for ever"
