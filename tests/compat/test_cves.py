"""The seven advisories on Django's page cache of 2026, through every drop-in and every door.

Each is a page that a cache handed to the wrong visitor, or kept although it was told not to.
"""

from __future__ import annotations

from itertools import count

import pytest
from django.http import HttpResponse

from tests.compat.sites import DOORS, DROP_INS, WAGTAILS, MakeSite

SESSIONS = ("django.contrib.sessions.middleware.SessionMiddleware",)

pytestmark = pytest.mark.parametrize("way", DROP_INS + WAGTAILS + DOORS)


def saying(**headers: str):
    """A view whose pages are numbered and carry these headers."""
    numbers = count(1)

    def view(request) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return HttpResponse(f"page {next(numbers)}", headers=named)

    return view


def test_a_page_that_may_be_kept_is_kept(make_site: MakeSite, way: str) -> None:
    """What the other tests stand on."""
    site = make_site(saying(Vary="Accept", Cache_Control="max-age=60"), way)
    assert site.ask().text == site.ask().text == "page 1"


def test_cve_2026_6907_vary_on_everything(make_site: MakeSite, way: str) -> None:
    site = make_site(saying(Vary="*"), way)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]


@pytest.mark.parametrize("vary", [" *", "* ", "*,", ",*", "Cookie , *", "Accept,\t*\t,Cookie"])
def test_cve_2026_48587_padding_in_vary(make_site: MakeSite, way: str, vary: str) -> None:
    site = make_site(saying(Vary=vary), way)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]


def test_cve_2026_48587_padded_names_are_still_names(make_site: MakeSite, way: str) -> None:
    site = make_site(saying(Vary="Accept ,  X-Tenant  ,"), way)
    assert [site.ask(x_tenant="a").text, site.ask(x_tenant="b").text] == ["page 1", "page 2"]
    assert site.ask(x_tenant="a").text == "page 1"


@pytest.mark.parametrize(
    "control",
    ["Private", "PRIVATE, max-age=60", "NO-STORE", "max-age=60,No-Store", "max-age=60 , pRiVaTe"],
)
def test_cve_2026_8404_case_of_cache_control(make_site: MakeSite, way: str, control: str) -> None:
    site = make_site(saying(Cache_Control=control), way)
    assert [site.ask().text, site.ask().text] == ["page 1", "page 2"]


@pytest.mark.parametrize(
    "control", ["x-private, max-age=60", 'ext="no-store", max-age=60', "no-storefront, max-age=60"]
)
def test_cve_2026_8404_look_alikes_forbid_nothing(
    make_site: MakeSite, way: str, control: str
) -> None:
    site = make_site(saying(Cache_Control=control), way)
    assert site.ask().text == site.ask().text == "page 1"


def test_cve_2026_35193_a_page_for_the_authorized(make_site: MakeSite, way: str) -> None:
    site = make_site(saying(), way)
    assert site.ask(authorization="Bearer 1").text == "page 1"
    assert site.ask(authorization="Bearer 2").text == "page 2"
    assert site.ask().text == "page 3"
    # and what is kept for all is not taken to be for somebody who authorizes himself
    assert site.ask(authorization="Bearer 1").text == "page 4"


@pytest.mark.parametrize("cookie", ["", "unrelated=1", "seen=old"])
def test_cve_2026_48588_a_page_that_sets_a_cookie(
    make_site: MakeSite, way: str, cookie: str
) -> None:
    numbers = count(1)

    def view(request) -> HttpResponse:
        response = HttpResponse(f"page {next(numbers)}")
        response.set_cookie("seen", "secret")
        return response

    site = make_site(view, way)
    sent = {"cookie": cookie} if cookie else {}
    assert site.ask(**sent).headers["Set-Cookie"].strip().startswith("seen=secret")
    assert site.ask(**sent).text == "page 2"


def test_cve_2026_35192_a_session_saved_with_every_page(
    make_site: MakeSite, way: str, settings
) -> None:
    """SESSION_SAVE_EVERY_REQUEST renews the session's cookie on pages that never look at it."""
    settings.SESSION_SAVE_EVERY_REQUEST = True
    login = make_site(lambda request: _logged_in(request), way, middleware=SESSIONS).ask()
    session = login.headers["Set-Cookie"].strip().partition(";")[0]
    site = make_site(saying(), way, middleware=SESSIONS)
    renewed = site.ask(cookie=session)
    assert renewed.headers["Set-Cookie"].strip().startswith("sessionid=")
    after = site.ask()
    assert "Set-Cookie" not in after.headers
    if not way.startswith(("cache_page", "wagtail_page")):
        # cache_page stands below the sessions: the page itself is nobody's, and may be kept
        assert after.text == "page 2"


def _logged_in(request) -> HttpResponse:
    request.session["user"] = 1
    return HttpResponse("welcome")


def test_cve_2026_113593_absent_is_not_empty(make_site: MakeSite, way: str) -> None:
    site = make_site(saying(Vary="X-Tenant"), way)
    assert site.ask(x_tenant="").text == "page 1"
    assert site.ask().text == "page 2"
    assert [site.ask(x_tenant="").text, site.ask().text] == ["page 1", "page 2"]
