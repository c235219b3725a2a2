"""How long a response answers (RFC 9111 §4.2)."""

from __future__ import annotations

import pytest

FRESH = [
    "max-age=3600",
    "MaX-aGe=3600",
    'max-age="3600"',
    "max-age=003600",
    "max-age=2147483647",
    "max-age=2147483648",
    "max-age=99999999999",
    "foobar, max-age=3600",
    's="max-age=1", max-age=3600',
    "s-maxage=3600",
    "max-age=1, s-maxage=3600",
    "max-age=3600, must-revalidate",
    "max-age=3600, no-store, must-understand",
    'max-age=3600, private="a"',
    'max-age=3600, no-cache="a"',
]
STALE = [
    "",
    "public",
    "max-age=0",
    "max-age=-1",
    "max-age=1",
    "max-age='3600'",
    "max-age=3600.0",
    "max-age=a3600",
    "max-age =3600",
    "max-age=3600, max-age=1",
    's="max-age=3600", max-age=1',
    'max-age=1, s="max-age=3600"',
    "s-maxage=1, max-age=3600",
    "max-age=3600, no-cache",
    "max-age=3600, No-CaChE",
    "no-store, max-age=3600",
    "max-age=3600, NO-STORE",
    "private, max-age=3600",
    "max-age=3600 private",
]


@pytest.mark.parametrize("line", FRESH)
def test_reused(chain, line):
    assert chain.reused(("Cache-Control", line))


@pytest.mark.parametrize("line", STALE)
def test_not_reused(chain, line):
    assert not chain.reused(("Cache-Control", line))


@pytest.mark.parametrize(
    ("lines", "reused"),
    [
        ({"Expires": 3600}, True),
        ({"Expires": 3600, "Date": 0}, True),
        ({"Expires": 3600, "Date": "junk"}, True),
        ({"Expires": -3600}, False),
        ({"Expires": 0}, False),
        ({"Expires": -5, "Date": -10}, False),  # five seconds of life, ten of apparent age
        ({"Expires": "0"}, False),
        ({"Expires": "Thu, 18 Aug 2050 02:01:18 UTC"}, False),
        ({"Expires": "Thu, 18 Aug 50 02:01:18 GMT"}, False),
        ({"Expires": "Thursday, 18-Aug-50 02:01:18 GMT"}, True),
        ({"Expires": "Thu Aug 18 02:01:18 2050"}, True),
        ({"Expires": "THU, 18 AUG 2050 02:01:18 gmt"}, True),
        ({"Expires": "Sun, 21 Nov 2286 04:46:39 GMT"}, True),
        ({"Expires": -3600, "Cache-Control": "max-age=60"}, True),
        ({"Expires": "0", "Cache-Control": "max-age=60"}, True),
        ({"Expires": 3600, "Cache-Control": "max-age=0"}, False),
        ({"Expires": 3600, "Cache-Control": "max-age=0, s-maxage=60"}, True),
        ({"Cache-Control": "max-age=60", "Age": "59"}, False),
        ({"Cache-Control": "max-age=60", "Age": "30"}, True),
        ({"Cache-Control": "max-age=60", "Age": "abc"}, True),  # §5.1
        ({"Cache-Control": "max-age=60", "Age": "-90"}, True),
        ({"Cache-Control": "max-age=60", "Age": "90, 0"}, False),
        ({"Cache-Control": "max-age=60", "Age": "0, 90"}, True),
        ({"Cache-Control": "max-age=60", "Date": -90}, False),  # apparent age
        ({"Cache-Control": "max-age=60", "Date": 90}, True),
        ({"Last-Modified": -100_000}, False),  # no heuristics unless set
    ],
)
def test_dates_and_ages(chain, lines, reused):
    dated = [(k, v if isinstance(v, str) else chain.date(v)) for k, v in lines.items()]
    assert chain.reused(*dated) is reused


@pytest.mark.parametrize(
    ("lines", "reused"),
    [
        ([("CDN-Cache-Control", "max-age=60")], True),
        ([("CDN-Cache-Control", "max-age=60"), ("Cache-Control", "no-store")], True),
        ([("CDN-Cache-Control", "max-age=60"), ("Expires", "0")], True),
        ([("CDN-Cache-Control", "max-age=1"), ("Cache-Control", "max-age=60")], False),
        ([("CDN-Cache-Control", "private"), ("Cache-Control", "max-age=60")], False),
        ([("CDN-Cache-Control", "no-cache"), ("Cache-Control", "max-age=60")], False),
        ([("CDN-Cache-Control", "no-store"), ("Cache-Control", "max-age=60")], False),
        ([("CDN-Cache-Control", "max-age=60, &&"), ("Cache-Control", "no-store")], False),
        ([("CDN-Cache-Control", 'max-age="60"'), ("Cache-Control", "no-store")], False),
        ([("CDN-Cache-Control", "max-age=60"), ("Age", "90")], False),
    ],
)
def test_targeted_fields(chain, lines, reused):  # RFC 9213
    assert chain.reused(*lines) is reused


@pytest.mark.parametrize("status", [200, 203, 204, 299, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("fresh", [True, False])
def test_statuses(chain, status, fresh):
    assert chain.reused(("Cache-Control", f"max-age={60 if fresh else 1}"), status=status) is fresh


@pytest.mark.parametrize("status", [400, 404, 410, 499, 500, 502, 503, 504, 599])
def test_errors_with_a_freshness_of_their_own(chain, status):
    assert chain.reused(("Cache-Control", "max-age=60"), status=status)


@pytest.mark.parametrize("status", [200, 301, 404, 410, 500, 503])
def test_nothing_is_given_a_freshness_it_did_not_state(chain, status):
    assert not chain.reused(("Last-Modified", chain.date(-100_000)), status=status)


def test_an_unknown_status_that_must_be_understood(chain):
    line = ("Cache-Control", "max-age=60, must-understand")
    assert not chain.reused(line, status=599)


def test_age_and_date_of_an_answer(chain):
    chain.says(("Cache-Control", "max-age=3600"), ("Age", "30"))
    first = chain.get()
    chain.later(7)
    hit = chain.get()
    assert int(first.headers["Age"]) == 30
    assert int(hit.headers["Age"]) in (37, 38)
    assert hit.headers["Date"] == first.headers["Date"]


def test_every_answer_from_the_cache_has_an_age(chain):  # §4
    chain.says(("Cache-Control", "max-age=3600"))
    assert "Age" not in chain.get().headers
    chain.later(5)
    assert int(chain.get().headers["Age"]) in (5, 6)


@pytest.mark.parametrize(
    ("demand", "reused"),
    [
        ({"Cache_Control": "max-age=0"}, False),
        ({"Cache_Control": "max-age=10"}, True),
        ({"Cache_Control": "min-fresh=5000"}, False),
        ({"Cache_Control": "min-fresh=50"}, True),
        ({"Cache_Control": "no-cache"}, False),
        ({"Cache_Control": "no-store"}, False),
        ({"Pragma": "no-cache"}, False),
        ({"Pragma": "x"}, True),
    ],
)
def test_what_requests_ask_for_where_that_is_obeyed(obeying, demand, reused):  # §5.2.1
    obeying.says(("Cache-Control", "max-age=3600"))
    obeying.get()
    obeying.later(3)
    assert obeying.get(**demand).status_code == 200
    assert (obeying.forwarded() == 1) is reused


def test_only_if_cached_where_that_is_obeyed(obeying):
    assert obeying.get(Cache_Control="only-if-cached").status_code == 504
    assert obeying.forwarded() == 0


@pytest.mark.parametrize("line", ["no-cache", "no-store", "max-age=0", "only-if-cached"])
def test_what_requests_ask_for_is_not_obeyed_unless_set(chain, line):
    chain.says(("Cache-Control", "max-age=3600"))
    chain.get()
    assert chain.get(Cache_Control=line).status_code == 200
    assert chain.forwarded() == 1
