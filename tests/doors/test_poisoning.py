"""Two requests that a page tells apart never share an entry, however alike they look.

Each case is a page (what it shows of a request) and requests sent one after the other, twice;
every answer must be the one the site gives without a cache.
"""

from __future__ import annotations

import copy
import json
import pickle
import threading

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.template import engines

from tests.doors.conftest import MIDDLEWARE
from tests.doors.raw import Raw, ask
from tests.doors.site import PROGRAM

FULL = [
    *MIDDLEWARE,
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

PAGE = Raw(b"/program/")


def having(*fields: tuple[str, str | bytes], query: bytes = b"", **changes) -> Raw:
    sent = tuple(
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in fields
    )
    return Raw(b"/program/", query, sent, **changes)


def cookie(*values: str | bytes) -> Raw:
    return having(*(("cookie", value) for value in values))


def in_template(source):
    return lambda r: engines["django"].from_string(source).render({"request": r}, r)


def in_a_thread(read):
    """What a thread of the view's own reads."""

    def program(request):
        found = []
        thread = threading.Thread(target=lambda: found.append(read(request)))
        thread.start()
        thread.join()
        return found[0]

    return program


def streamed(request):
    async def parts_async():
        yield "first "
        yield str(request.COOKIES.get("theme"))

    def parts():
        yield "first "
        yield str(request.COOKIES.get("theme"))

    is_async = isinstance(request, ASGIRequest)
    return StreamingHttpResponse(parts_async() if is_async else parts())


def late_cookie(request):
    return HttpResponse(iter([str(request.headers.get("X-Kind")), str(request.GET.get("a"))]))


def paginated(request):
    params = request.GET.copy()
    params["page"] = "2"
    return params.urlencode()


def mutable(request):
    request.GET._mutable = True
    return str(request.GET.pop("page", None))


def latin1(request):
    request.encoding = "latin-1"
    return ascii(request.GET.get("page"))


def raised(read):
    def program(request):
        try:
            return repr(read(request))
        except Exception as error:
            return type(error).__name__

    return program


A, B = having(("x-kind", "a")), having(("x-kind", "b"))
ONE, OTHER = cookie("theme=a"), cookie("theme=b")
Q1, Q2 = having(query=b"page=1"), having(query=b"page=2")

CASES = {
    # -- fields
    "fields copied": (lambda r: json.dumps(dict(r.headers)), A, B),
    "fields compared": (lambda r: str(r.headers == {"X-Kind": "a"}), A, B),
    "fields pickled": (lambda r: str(pickle.loads(pickle.dumps(r.headers))), A, B),
    "fields listed": (lambda r: ",".join(r.headers), A, having(("x-other", "a"))),
    "field in items": (lambda r: str(("X-Kind", "a") in r.headers.items()), A, B),
    "fields unpacked": (lambda r: str({**r.headers}), A, B),
    "field by underscore": (lambda r: str(r.headers.get("x_kind")), A, B),
    "field in a template": (in_template("{{ request.headers.x_kind }}"), A, B),
    "META in a template": (in_template("{{ request.META.HTTP_X_KIND }}"), A, B),
    "META in a thread": (in_a_thread(lambda r: str(r.META.get("HTTP_X_KIND"))), A, B),
    "META copied": (lambda r: str(r.META.copy().get("HTTP_X_KIND")), A, B),
    "META set": (lambda r: r.META.setdefault("HTTP_X_KIND", "none"), A, B),
    "META unpacked": (lambda r: str({**r.META}.get("HTTP_X_KIND")), A, B),
    "META filtered": (lambda r: str([v for k, v in r.META.items() if k == "HTTP_X_KIND"]), A, B),
    "absent and empty": (lambda r: str(r.headers.get("X-Kind")), having(("x-kind", "")), PAGE),
    "a field name from the query": (
        lambda r: str(r.headers.get(r.GET.get("name", ""))),
        having(("x-kind", "a"), query=b"name=x-kind"),
        having(("x-kind", "b"), query=b"name=x-kind"),
    ),
    "content type": (
        lambda r: str(r.content_type),
        having(("content-type", "a/b")),
        having(("content-type", "c/d")),
    ),
    "parameters of the content type": (
        lambda r: str(r.content_params),
        having(("content-type", "a/b; c=d")),
        having(("content-type", "a/b; c=e")),
    ),
    "a charset": (
        lambda r: ascii(r.GET.get("page")),
        having(("content-type", "text/plain; charset=latin-1"), query=b"page=%C3%A4"),
        having(query=b"page=%C3%A4"),
    ),
    "a charset last": (
        lambda r: ascii(r.GET.get("page")),
        having(query=b"page=%C3%A4"),
        having(("content-type", 'text/plain; CHARSET="latin-1"'), query=b"page=%C3%A4"),
    ),
    "a condition by hand": (
        lambda r: str(r.headers.get("If-None-Match") is None),
        PAGE,
        PAGE,
    ),
    # -- what is derived from a field
    "accepts": (
        lambda r: str(r.accepts("text/html")),
        having(("accept", "text/html;q=0")),
        having(("accept", "text/html")),
    ),
    "preferred type": (
        lambda r: str(r.get_preferred_type(["text/html", "application/json"])),
        having(("accept", "text/html;q=0.1, application/json")),
        having(("accept", "application/json;q=0.1, text/html")),
    ),
    "accepted type": (
        lambda r: str(r.accepted_type("text/html")),
        having(("accept", "text/html;q=0.3")),
        having(("accept", "text/html;q=0.4")),
    ),
    "accepted types": (
        lambda r: str(r.accepted_types),
        having(("accept", "text/html")),
        having(("accept", "text/*")),
    ),
    "language": (
        in_template("{% load i18n %}{% get_current_language as code %}{{ code }}"),
        having(("accept-language", "de")),
        having(("accept-language", "fr")),
    ),
    "language of a cookie": (
        in_template("{% load i18n %}{% get_current_language as code %}{{ code }}"),
        cookie("django_language=de"),
        cookie("django_language=fr"),
    ),
    "language of a cookie in odd bytes": (
        in_template("{% load i18n %}{% get_current_language as code %}{{ code }}"),
        cookie(b"django_language=de\xa0"),
        cookie("django_language=de"),
    ),
    # -- cookies
    "cookie in odd bytes": (
        lambda r: ascii(r.COOKIES.get("theme")),
        cookie(b"theme=a\xa0"),
        cookie("theme=a"),
    ),
    "cookie with an odd name": (
        lambda r: ascii(r.COOKIES),
        cookie("thème=a".encode()),
        cookie("thème=b".encode()),
    ),
    "cookie asked for by an odd name": (
        lambda r: ascii((r.COOKIES.get("thème"), r.COOKIES.get("th\xc3\xa8me"))),
        cookie("thème=a".encode()),
        cookie("thème=b".encode()),
    ),
    "cookies in two fields": (
        lambda r: str(r.COOKIES.get("theme")),
        cookie("seen=1", "theme=a"),
        cookie("seen=1", "theme=b"),
    ),
    "cookie given twice": (
        lambda r: str(r.COOKIES.get("theme")),
        cookie("theme=a; theme=b"),
        cookie("theme=b; theme=a"),
    ),
    "cookie in quotes": (
        lambda r: str(r.COOKIES.get("theme")),
        cookie('theme="a;b"'),
        cookie('theme="a'),
    ),
    "cookies pickled": (lambda r: str(pickle.loads(pickle.dumps(r.COOKIES))), ONE, OTHER),
    "cookies copied": (lambda r: str(copy.deepcopy(r.COOKIES)), ONE, OTHER),
    "cookies joined": (lambda r: str(r.COOKIES | {"x": "y"}), ONE, OTHER),
    "cookies joined from the right": (lambda r: str({"x": "y"} | r.COOKIES), ONE, OTHER),
    "cookies counted": (lambda r: str(len(r.COOKIES)), ONE, PAGE),
    "any cookies": (lambda r: str(bool(r.COOKIES)), ONE, PAGE),
    "cookie in a thread": (in_a_thread(lambda r: str(r.COOKIES.get("theme"))), ONE, OTHER),
    "cookie in a template": (in_template("{{ request.COOKIES.theme }}"), ONE, OTHER),
    "cookie while it streams": (streamed, ONE, OTHER),
    "cookie removed": (lambda r: str(r.COOKIES.pop("theme", None)), ONE, OTHER),
    # -- the query
    "query copied": (paginated, having(query=b"q=a"), having(query=b"q=b")),
    "query copied by copy": (lambda r: copy.copy(r.GET).urlencode(), Q1, Q2),
    "query pickled": (lambda r: pickle.loads(pickle.dumps(r.GET)).urlencode(), Q1, Q2),
    "query as dict": (lambda r: str(r.GET.dict()), Q1, Q2),
    "query lists": (lambda r: str(list(r.GET.lists())), Q1, Q2),
    "query values": (lambda r: str(list(r.GET.values())), Q1, Q2),
    "query compared": (lambda r: str(QueryDict("page=1") == r.GET), Q1, Q2),
    "query made mutable": (mutable, Q1, Q2),
    "any query": (lambda r: str(bool(r.GET)), Q1, PAGE),
    "query or none": (lambda r: (r.GET or QueryDict("page=0"))["page"], Q1, Q2),
    "no such parameter": (raised(lambda r: r.GET["page"]), Q1, PAGE),
    "parameter of no text": (raised(lambda r: (r.GET.get(None), r.GET.getlist(1))), PAGE, PAGE),
    "query of another encoding": (
        latin1,
        having(query=b"page=%E4"),
        having(query=b"page=%E5"),
    ),
    "query in raw bytes": (
        lambda r: ascii(r.GET.get("page")),
        having(query="page=ä".encode()),
        having(query="page=ä".encode() + b"&x=\xff"),
    ),
    "query in raw bytes of Latin-1": (
        lambda r: ascii(r.GET.get("page")),
        having(query="page=Ã¤".encode()),
        having(query="page=ä".encode()),
    ),
    "too many parameters": (
        raised(lambda r: r.GET.get("page")),
        having(query=b"page=1&" + b"&".join([b"x=y"] * 1001)),
        having(query=b"page=1"),
    ),
    "query in a template": (in_template("{{ request.GET.page }}"), Q1, Q2),
    "query looped over": (
        in_template("{% for k, v in request.GET.items %}{{ v }}{% endfor %}"),
        Q1,
        Q2,
    ),
    "querystring": (in_template("{% querystring page=3 %}"), having(query=b"a=1"), PAGE),
    "semicolons": (
        lambda r: str(r.GET.get("a")),
        having(query=b"a=1;page=2"),
        having(query=b"a=1&page=2"),
    ),
    "representation": (repr, Q1, Q2),
    # -- where it was sent
    "raw host": (lambda r: r.META["HTTP_HOST"], PAGE, having(host=b"testserver:80")),
    "raw path": (
        lambda r: ascii(r.META["PATH_INFO"]),
        Raw(b"/program/%C3%A9"),
        Raw(b"/program/e%CC%81"),
    ),
    # -- the visitor himself
    "session": (lambda r: str(r.session.is_empty()), cookie("sessionid=" + "a" * 32), PAGE),
    "session in a thread": (
        in_a_thread(lambda r: str(r.session.session_key)),
        cookie("sessionid=" + "a" * 32),
        cookie("sessionid=" + "b" * 32),
    ),
    "address": (
        lambda r: str(r.META.get("REMOTE_ADDR")),
        PAGE,
        having(address="192.0.2.2"),
    ),
    "address forwarded": (
        lambda r: str(r.headers.get("X-Forwarded-For")),
        having(("x-forwarded-for", "192.0.2.3")),
        having(("x-forwarded-for", "192.0.2.4")),
    ),
    "raw CSRF secret": (
        lambda r: str(r.META.get("CSRF_COOKIE")),
        cookie("csrftoken=" + "a" * 32),
        PAGE,
    ),
    "CSRF token by cookie": (
        lambda r: str(r.COOKIES.get("csrftoken")),
        cookie("csrftoken=" + "a" * 32),
        PAGE,
    ),
    "messages": (
        in_template("{% for message in request.messages %}{{ message }}{% endfor %}"),
        cookie("messages=x"),
        PAGE,
    ),
}


# What nobody shares, and the reason told.
ALONE = {
    **dict.fromkeys(("fields copied", "fields compared", "fields pickled"), "all-headers"),
    **dict.fromkeys(("fields listed", "field in items", "fields unpacked"), "all-headers"),
    **dict.fromkeys(("META copied", "META unpacked"), "client-address"),
    "META filtered": "all-meta",
    "a charset": "charset",
    "a charset last": "charset",
    "session": "session",
    "session in a thread": "session",
    "address": "client-address",
    "address forwarded": "client-address",
    "raw CSRF secret": "csrf",
}


@pytest.mark.parametrize("case", CASES)
def test_each_visitor_gets_the_page_the_site_would_give_him(make_visitor, door, case):
    visitor = make_visitor(door, FULL, CACHE_STATUS_DETAIL=True)
    program, *requests = CASES[case]
    PROGRAM[:] = [program]
    for _ in range(3):
        got = []
        for raw in requests:
            alone = ask(visitor.bare, visitor.is_async, raw)
            got.append(ask(visitor.application, visitor.is_async, raw))
            assert got[-1].shown == alone.shown
    for answer in got:
        assert answer.hit or answer.status == 400 or answer.detail == ALONE[case]
