"""What stands around a site's views: servers, middleware, settings. It makes pages neither
private nor many, and nothing gets past the key because of it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import replace
from importlib import import_module
from itertools import count
from types import ModuleType

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import messages
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.contrib.sites.models import Site
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.test import RequestFactory
from django.urls import path
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from freshpage import runtime
from freshpage.asgi import PageCache as AsgiPageCache
from freshpage.decorators import page_cache
from freshpage.wsgi import PageCache as WsgiPageCache
from tests.doors.conftest import MIDDLEWARE, OURS, Visitor
from tests.doors.raw import Raw, ask
from tests.doors.site import PROGRAM, RENDERS

PAGE = Raw(b"/program/")
_numbers = count()
PROJECT = [  # startproject's, and what sites add to it
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sites.middleware.CurrentSiteMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
]
PROCESSORS = [
    f"django.template.context_processors.{name}"
    for name in ("debug", "request", "csrf", "i18n", "tz", "static", "media")
] + ["django.contrib.auth.context_processors.auth"]
PROCESSORS += ["django.contrib.messages.context_processors.messages"]
NOISE = [
    (b"user-agent", b"noise %d"),
    (b"referer", b"http://elsewhere/%d"),
    (b"x-unknown", b"%d"),
    (b"accept", b"text/html;q=0.%d"),
    (b"accept-encoding", b"gzip, x%d"),
    (b"accept-language", b"en-%d, en"),
    (b"origin", b"http://elsewhere%d"),
    (b"cookie", b"_ga=%d; csrftoken=" + b"%d" * 32),
    (b"if-none-match", b'"%d"'),
]


def noisy(raw: Raw, number: int) -> Raw:
    assert number < 10
    fields = [(name, value.replace(b"%d", b"%d" % number)) for name, value in NOISE]
    return raw.having(*fields, query=b"utm_source=%d&fbclid=%d" % (number, number))


def having(**fields: str) -> Raw:
    return PAGE.having(
        *((name.replace("_", "-").encode(), value.encode()) for name, value in fields.items())
    )


class Client:
    """Sends raw requests to a visitor's site, and compares with what it says by itself."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    def get(self, raw: Raw):
        return ask(self.visitor.application, self.visitor.is_async, raw)

    def alone(self, raw: Raw):
        return ask(self.visitor.bare, self.visitor.is_async, raw)

    def right(self, *requests: Raw, times: int = 3):
        """The last answers to requests, each of which had to be the site's own."""
        for _ in range(times):
            got = []
            for raw in requests:
                alone = self.alone(raw)
                got.append(self.get(raw))
                assert got[-1].shown == alone.shown
        return got


@pytest.fixture
def urls(settings, monkeypatch):
    """Makes these the site's URLs."""

    def make(patterns) -> None:
        module = ModuleType(f"urls_{next(_numbers)}")  # Django remembers what it knows by name
        module.urlpatterns = patterns
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__

    return make


@pytest.fixture
def client(make_visitor, door):
    def make(program, middleware=MIDDLEWARE, **options) -> Client:
        PROGRAM[:] = [program]
        return Client(make_visitor(door, middleware, CACHE_STATUS_DETAIL=True, **options))

    return make


def rendered(source: str):
    return lambda request: engines["django"].from_string(source).render({}, request)


# -- the usual stack -------------------------------------------------------------------------


@pytest.fixture
def project(client, settings, transactional_db):
    settings.SITE_ID = Site.objects.get_or_create(domain="testserver", name="tests")[0].pk

    def make(program, debug=False):
        made = client(program, PROJECT)
        settings.DEBUG = debug
        settings.TEMPLATES = [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"context_processors": PROCESSORS},
            }
        ]
        return made

    return make


TEMPLATE = (
    """{% load i18n tz %}<html lang="{{ LANGUAGE_CODE }}">{{ TIME_ZONE }} {{ STATIC_URL }}
{% translate "Home" %} {% if debug %}debug{% endif %} {{ request.path }} """
    + "text " * 100
)


@pytest.mark.parametrize("debug", [False, True])
def test_noise_makes_no_variant_of_a_page_of_a_usual_project(project, monkeypatch, debug):
    site = project(rendered(TEMPLATE), debug)
    site.get(noisy(PAGE, 0))
    for number in range(1, 9):
        answer = site.get(noisy(PAGE, number))
        assert answer.hit, answer.headers
    assert RENDERS["/program/"] == 1


def test_a_page_that_looks_for_messages_is_shared_by_those_who_have_none(project):
    site = project(rendered("{% for message in messages %}{{ message }}{% endfor %}" + TEMPLATE))
    site.get(noisy(PAGE, 0))
    assert site.get(noisy(PAGE, 1)).hit
    assert not site.get(having(cookie="messages=x")).hit


def test_a_page_that_greets_its_user_is_shared_by_the_anonymous(project):
    site = project(rendered("{% if user.is_authenticated %}you{% endif %}" + TEMPLATE))
    site.get(noisy(PAGE, 0))
    assert site.get(noisy(PAGE, 1)).hit
    private = site.get(having(cookie="sessionid=" + "a" * 32))
    assert (private.hit, private.detail) == (False, "session")


def test_a_page_with_a_token_is_its_visitors_alone(project):
    site = project(rendered("{% csrf_token %}" + TEMPLATE))
    for _ in range(2):
        answer = site.get(PAGE)
        assert (answer.hit, answer.detail) == (False, "csrf")


def test_a_token_that_sets_no_cookie_is_seen_as_well(client):
    site = client(get_token)  # without CsrfViewMiddleware
    assert site.get(PAGE).detail == site.get(PAGE).detail == "csrf"


def with_session(**data: str) -> Raw:
    session = SessionStore()
    session.update(data)
    session.save()
    return having(cookie=f"sessionid={session.session_key}")


def test_tokens_in_sessions_make_no_page_private_that_has_none(client, settings):
    settings.CSRF_USE_SESSIONS = True
    csrf = "django.middleware.csrf.CsrfViewMiddleware"
    site = client(lambda request: "page", [*MIDDLEWARE, csrf])
    mine, his = with_session(_csrftoken="a" * 32), with_session(_csrftoken="b" * 32)
    site.get(mine)
    assert site.get(his).hit
    PROGRAM[:] = [lambda request: get_token(request)]
    runtime.runtime().store.invalidate(["@all"])
    assert site.get(mine).detail == site.get(his).detail == "csrf"
    PROGRAM[:] = [lambda request: str(request.META.get("CSRF_COOKIE"))]
    assert site.get(mine).detail == site.get(his).detail == "csrf"
    assert site.get(PAGE).body == b"None"
    assert site.get(mine).body == b"a" * 32


# -- language, time zone, compression, agents ---------------------------------------------------


@pytest.mark.parametrize("debug", [False, True])
def test_internal_addresses_are_told_apart(project, settings, debug):
    settings.INTERNAL_IPS = ["192.0.2.9"]
    site = project(rendered("{% if debug %}debug{% endif %}"), debug)
    inside, outside = Raw(b"/program/", address="192.0.2.9"), PAGE
    site.right(inside, outside)
    assert site.get(Raw(b"/program/", address="192.0.2.77")).hit


def activating(get_response):
    """A middleware that knows a visitor's time zone by a cookie."""

    def middleware(request):
        timezone.activate(request.COOKIES.get("zone", "UTC"))
        return get_response(request)

    return middleware


def test_a_time_zone_of_a_cookie(client, settings):
    settings.USE_TZ = True
    site = client(
        lambda request: timezone.get_current_timezone_name(),
        [f"{__name__}.activating", *MIDDLEWARE],
    )
    berlin, tokyo = having(cookie="zone=Europe/Berlin"), having(cookie="zone=Asia/Tokyo")
    answers = site.right(berlin, tokyo, PAGE)
    assert all(answer.hit for answer in answers)
    assert len({answer.body for answer in answers}) == 3


LOCALE = [*MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]


@pytest.mark.parametrize("default_has_prefix", [True, False])
def test_languages_in_paths(client, urls, settings, default_has_prefix):
    def show(request):
        RENDERS[request.path] += 1
        return HttpResponse(f"{translation.get_language()} {request.path}")

    site = client(lambda request: "", LOCALE)
    urls(i18n_patterns(path("page/", show), prefix_default_language=default_has_prefix))
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("fr", "French")]
    own_way = Raw(b"/en/page/" if default_has_prefix else b"/page/")
    german = Raw(b"/de/page/")
    spoken = [
        (b"accept-language", b"fr"),
        (b"accept-language", b"de"),
        (b"cookie", b"django_language=fr"),
    ]
    site.right(*(raw.having(field) for raw in (own_way, german) for field in spoken))
    # a path that names its language is one page for all, and so is that of the default one
    RENDERS.clear()
    runtime.runtime().store.invalidate(["@all"])
    for raw in (own_way, german):
        for field in spoken:
            site.get(raw.having(field))
    assert {own_way.path.decode(): 1, "/de/page/": 1} == RENDERS
    redirects = site.right(*(Raw(b"/page/").having(field) for field in spoken))
    assert len({answer.headers.get("location") for answer in redirects}) == 2 - (
        not default_has_prefix
    )


def test_spellings_of_accept_encoding_are_two_variants(client):
    gzip = "django.middleware.gzip.GZipMiddleware"
    site = client(lambda request: "text " * 200, [gzip, *MIDDLEWARE])
    site.get(having(accept_encoding="gzip"))
    site.get(having(accept_encoding="br"))
    for spelled in ("gzip, deflate", "br;q=1, gzip;q=0.5", "deflate", "identity", ""):
        answer = site.get(having(accept_encoding=spelled))
        assert answer.hit
        assert (answer.headers.get("content-encoding") == "gzip") == ("gzip" in spelled)
    assert "Accept-Encoding" in answer.headers["vary"]


def test_spellings_of_accept_are_as_many_variants_as_answers(client):
    site = client(
        lambda request: str(request.get_preferred_type(["text/html", "application/json"]))
    )
    spelled = [f"text/html;q=0.{n}, application/json;q=0.{9 - n}" for n in range(1, 9)]
    answers = site.right(*(having(accept=each) for each in spelled))
    assert RENDERS["/program/"] - 3 * len(spelled) == 2
    assert "Accept" in answers[0].headers["vary"]


def test_agents_that_are_turned_away_get_no_page(client, settings):
    settings.DISALLOWED_USER_AGENTS = [re.compile("Bad")]
    site = client(lambda request: "page")
    site.right(having(user_agent="Good/1"), having(user_agent="Bad/1"), PAGE)
    assert site.get(having(user_agent="Good/2")).hit


# -- hosts and schemes behind proxies ------------------------------------------------------------


def test_a_host_that_is_not_the_one_in_the_key(client, settings):
    settings.USE_X_FORWARDED_HOST = True
    settings.ALLOWED_HOSTS = ["good"]
    site = client(lambda request: f"{request.get_host()} {request.META['HTTP_HOST']}")
    evil = Raw(b"/program/", host=b"evil").having((b"x-forwarded-host", b"good"))
    plain = Raw(b"/program/", host=b"good")
    assert site.right(evil, plain)[1].body == b"good good"


def test_a_forwarded_scheme_that_is_shown_as_it_was_sent(client, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    site = client(lambda request: f"{request.scheme} {request.headers.get('X-Forwarded-Proto')}")
    site.right(*(having(x_forwarded_proto=value) for value in ("https", "https, evil", "http")))


def test_a_port_that_is_forwarded(client, settings):
    settings.USE_X_FORWARDED_PORT = True
    site = client(lambda request: request.get_port())
    site.right(having(x_forwarded_port="1"), having(x_forwarded_port="2"), PAGE)


# -- between the door and Django -------------------------------------------------------------------


def by_country(application, is_async):
    """A server's plugin that puts where a visitor is into META."""
    if is_async:

        async def asgi(scope, receive, send):
            country = b"de" if scope["client"][0].endswith(".1") else b"fr"
            headers = [*scope["headers"], (b"x-country", country)]
            await application({**scope, "headers": headers}, receive, send)

        return asgi

    def wsgi(environ, start_response):
        country = "de" if environ["REMOTE_ADDR"].endswith(".1") else "fr"
        return application({**environ, "HTTP_X_COUNTRY": country}, start_response)

    return wsgi


def by_rewriting(application, is_async):
    """One that lets visitors name the path."""

    def rewritten(scope):
        return {**scope, "path": dict(scope["headers"])[b"x-original-url"].decode()}

    if is_async:

        async def asgi(scope, receive, send):
            await application(rewritten(scope), receive, send)

        return asgi

    def wsgi(environ, start_response):
        path = environ["HTTP_X_ORIGINAL_URL"]
        return application({**environ, "PATH_INFO": path}, start_response)

    return wsgi


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("plugin", "program", "one", "other"),
    [
        (
            by_country,
            lambda request: request.headers["X-Country"],
            PAGE,
            Raw(b"/program/", address="192.0.2.2"),
        ),
        (
            by_rewriting,
            lambda request: request.path,
            having(x_original_url="/program/one"),
            having(x_original_url="/program/other"),
        ),
    ],
)
def test_what_was_rewritten_below_the_door_is_not_stored(client, plugin, program, one, other):
    site = client(program)
    visitor = site.visitor
    door = AsgiPageCache if visitor.is_async else WsgiPageCache
    visitor.bare = plugin(visitor.bare, visitor.is_async)
    visitor.application = door(visitor.bare)
    answers = site.right(one, other)
    assert {(a.hit, a.detail) for a in answers[1:]} == {(False, "rewritten")}


def test_a_body_that_nobody_announced(client):
    site = client(lambda request: request.body.decode() or "empty")
    site.get(PAGE)
    with_body = Raw(b"/program/", body=b"fat")
    assert site.get(with_body).shown == site.alone(with_body).shown
    assert site.get(PAGE).body == b"empty"
    assert site.get(PAGE).detail == "body"


def test_post_and_files_of_a_get_are_empty_for_all(client):
    site = client(lambda request: str((dict(request.POST), dict(request.FILES))))
    site.get(PAGE)
    assert site.get(PAGE).hit


def test_a_field_name_cannot_split_an_answer(client):
    site = client(lambda request: str(request.headers.get(request.GET.get("name"))))
    raw = Raw(b"/program/", query=b"name=X-A%0D%0ASet-Cookie:%20a=b")
    for _ in range(2):
        answer = site.get(raw)
        assert "set-cookie" not in answer.headers
        assert "\n" not in answer.headers.get("vary", "")


# -- more middleware, more views ------------------------------------------------------------------


def theming(get_response):
    """A middleware whose views ask it for the theme."""

    def middleware(request):
        request.theme = request.COOKIES.get("theme")
        return get_response(request)

    return middleware


def test_what_middleware_above_the_door_has_read(make_visitor, settings):
    PROGRAM[:] = [lambda request: str(request.theme)]
    site = Client(make_visitor("wsgi"))
    settings.MIDDLEWARE = [f"{__name__}.theming", OURS, *MIDDLEWARE]
    site.visitor.application = WSGIHandler()
    settings.MIDDLEWARE = [f"{__name__}.theming", *MIDDLEWARE]
    site.visitor.bare = WSGIHandler()
    site.right(having(cookie="theme=a"), having(cookie="theme=b"))


def test_what_middleware_above_a_cached_view_has_read(make_visitor, urls, settings):
    @page_cache(ttl=60)
    def view(request):
        RENDERS[request.path] += 1
        return HttpResponse(str(request.theme))

    stack = [f"{__name__}.theming", *MIDDLEWARE]
    bare = make_visitor("wsgi", stack).bare
    urls([path("program/", view)])
    site = Client(Visitor(bare, is_async=False, bare=bare))
    one, other = having(cookie="theme=a"), having(cookie="theme=b")
    for _ in range(2):
        assert site.get(one).body == b"a"
        assert site.get(other).body == b"b"
    assert site.get(one.having(query=b"utm_source=x")).hit
    assert RENDERS["/program/"] == 2


def observing(get_response):
    """A middleware that logs who came."""

    def middleware(request):
        request.observed = (
            request.META["REMOTE_ADDR"],
            request.headers.get("User-Agent"),
            request.get_full_path(),
            request.COOKIES.get("id"),
            request.GET.get("utm_source"),
            request.session.session_key,
            dict(request.META),
        )
        request.META["observer"] = request.headers.get("User-Agent")
        return get_response(request)

    return middleware


def test_observers_do_not_count_when_the_site_says_so(client):
    middleware = [*MIDDLEWARE, f"{__name__}.observing"]
    site = client(lambda request: "page", middleware, OBSERVERS=[__name__])
    site.get(noisy(PAGE, 0))
    assert site.get(noisy(PAGE, 1)).hit
    site = client(lambda request: "page", middleware, KEY_PREFIX="other")
    site.get(noisy(PAGE, 0))
    assert not site.get(noisy(PAGE, 1)).hit


def test_what_an_observer_writes_is_not_a_pages_to_show(client):
    middleware = [*MIDDLEWARE, f"{__name__}.observing"]
    site = client(reading("observer"), middleware, OBSERVERS=[__name__])
    site.right(having(user_agent="a"), having(user_agent="b"))


def reading(name):
    """A page that shows one of META, read by another module than this one."""
    template = f"{{{{ request.META.{name} }}}}"
    return lambda request: engines["django"].from_string(template).render({"request": request})


def test_requests_that_a_page_makes_itself_are_its_own_affair(client):
    from django.core.handlers.wsgi import WSGIHandler

    @csrf_exempt
    def program(request):
        if "inner" in request.path:
            return str(request.COOKIES.get("theme"))
        inner = RequestFactory().get("/program/inner", headers={"cookie": "theme=inner"})
        return WSGIHandler().get_response(inner).content

    site = client(program)
    site.get(having(cookie="theme=a"))
    answer = site.get(having(cookie="theme=b"))
    assert answer.body == b"inner"
    assert answer.hit


def test_messages_reach_whom_they_are_for(client, settings):
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
    stack = [*MIDDLEWARE, "django.contrib.messages.middleware.MessageMiddleware"]

    def program(request):
        if "add" in request.GET:
            messages.info(request, "saved")
        return "".join(map(str, messages.get_messages(request)))

    site = client(program, stack)
    assert site.get(PAGE).body == b""
    added = site.get(Raw(b"/program/", query=b"add"))
    assert added.body == b"saved"
    assert site.get(PAGE).body == b""


SESSION = {
    "in": lambda session: "a" in session,
    "keys": lambda session: list(session.keys()),
    "items": lambda session: list(session.items()),
    "values": lambda session: list(session.values()),
    "item": lambda session: session.get("a"),
    "has_key": lambda session: session.has_key("a"),
    "test cookie": lambda session: session.test_cookie_worked(),
    "key": lambda session: session.session_key,
    "expiry": lambda session: session.get_expire_at_browser_close(),
    "empty": lambda session: session.is_empty(),
    "pop": lambda session: session.pop("a", None),
}
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", SESSION)
def test_whoever_looks_into_a_session_shows_it_to_nobody_else(
    make_visitor, settings, engine, what, tmp_path, db
):
    settings.SESSION_FILE_PATH = str(tmp_path)
    PROGRAM[:] = [lambda request: str(SESSION[what](request.session))]
    site = Client(make_visitor("wsgi", CACHE_STATUS_DETAIL=True))
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["a"] = "mine"
    session.save()
    mine = having(cookie=f"sessionid={session.session_key}")
    assert site.get(mine).detail in ("session", "set-cookie")
    assert not site.get(mine).hit
    site.get(PAGE)
    shared = site.get(having(cookie="_ga=1"))
    assert shared.hit
    assert shared.shown == site.alone(PAGE).shown
    assert not site.get(mine).hit


async def who(request):
    user = await request.auser()
    return f"{user.is_authenticated} {await request.session.aget('name')}"


async def in_tasks(request):
    """What tasks of the view's own, and threads of theirs, read."""

    async def read(name):
        await asyncio.sleep(0)
        return await asyncio.to_thread(lambda: str(request.COOKIES.get(name)))

    return " ".join(await asyncio.gather(read("theme"), read("size")))


@pytest.mark.parametrize(
    ("program", "one", "other", "shared"),
    [
        (who, having(cookie="_ga=1"), with_session(name="mine"), [True, False]),
        (
            in_tasks,
            having(cookie="theme=a; size=s"),
            having(cookie="theme=a; size=l"),
            [True, True],
        ),
    ],
)
def test_async_views(client, program, one, other, shared, transactional_db):
    auth = "django.contrib.auth.middleware.AuthenticationMiddleware"
    site = client(program, [*MIDDLEWARE, auth])
    requests = [replace(raw, path=b"/program-async/") for raw in (one, other)]
    assert [answer.hit for answer in site.right(*requests)] == shared
