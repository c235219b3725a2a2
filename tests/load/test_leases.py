"""Leases on a Redis server, and that no render that ended badly holds another up."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from redis import Redis

from freshpage import runtime
from freshpage.settings import Settings
from freshpage.sharing import Share, Sharing
from freshpage.stores.leases import Grant
from freshpage.stores.redis_leases import RedisLeases
from tests.load.conftest import until
from tests.load.site import GATE, HOW, RENDERS
from tests.servers import redis_server


@pytest.fixture
def server(tmp_path):
    with redis_server(tmp_path) as running:
        yield running


@pytest.fixture
def make_leases(server):
    with server.client() as client:
        yield lambda: RedisLeases(lambda: client, b"site:")


def test_one_machine_at_a_time(make_leases):
    one, two = make_leases(), make_leases()
    assert one.take(b"page", 5) is Grant.TAKEN
    assert two.take(b"page", 5) is Grant.BUSY
    assert two.take(b"another", 5) is Grant.TAKEN
    two.free(b"page")  # not his
    assert two.take(b"page", 5) is Grant.BUSY
    one.free(b"page")
    assert two.take(b"page", 5) is Grant.TAKEN


def test_a_lease_that_ran_out_is_not_taken_from_its_next_owner(make_leases):
    one, two, three = make_leases(), make_leases(), make_leases()
    assert one.take(b"page", 0.001) is Grant.TAKEN
    until(lambda: two.take(b"page", 60) is Grant.TAKEN)
    one.free(b"page")
    assert three.take(b"page", 5) is Grant.BUSY


def test_a_machine_that_dies_frees_its_leases_with_their_time(server, make_leases):
    source = (
        "import os, redis; from freshpage.stores.redis_leases import RedisLeases\n"
        f"client = redis.Redis.from_url({server.url!r})\n"
        "assert RedisLeases(lambda: client, b'site:').take(b'page', 0.5).name == 'TAKEN'\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == -9
    here = make_leases()
    until(lambda: here.take(b"page", 5) is Grant.TAKEN)


def test_what_can_not_be_stored_until_it_can(make_leases):
    one, two = make_leases(), make_leases()
    assert one.take(b"page", 5) is Grant.TAKEN
    one.leave_open(b"page", 60)
    one.free(b"page")
    assert two.take(b"page", 5) is Grant.OPEN
    two.shut(b"page")
    assert two.take(b"page", 5) is Grant.TAKEN
    one.shut(b"page")  # ends no lease
    assert one.take(b"page", 5) is Grant.BUSY


# -- through doors -----------------------------------------------------------------------


def leased(url: str) -> int:
    with Redis.from_url(url) as client:
        return sum(client.get(key) != b"open" for key in client.scan_iter("*lease:*"))


@pytest.mark.parametrize("door", ["wsgi", "asgi"])
@pytest.mark.parametrize("how", ["raise", "Http404"])
def test_a_view_that_raises_gives_its_lease_back(make_crowd, server, door, how):
    """Behind ``page_cache`` alone, where it is an exception still."""
    visitor = make_crowd(door, STORE=server.url, WAIT=60).visitor
    visitor.application = visitor.bare
    GATE.set()
    HOW["how"] = how
    for number in (1, 2):
        assert visitor.get("/stale/").status_code == (500 if how == "raise" else 404)
        assert RENDERS["/stale/"] == number
    until(lambda: leased(server.url) == 0)


@pytest.mark.parametrize("door", ["asgi", "middleware-asgi"])
def test_a_visitor_who_goes_away_gives_it_back(make_crowd, server, door):
    crowd = make_crowd(door, STORE=server.url, WAIT=60)

    async def story():
        first = asyncio.create_task(crowd._one("/slow-async/"))
        second = asyncio.create_task(crowd._one("/slow-async/"))
        await asyncio.to_thread(until, lambda: crowd.waiting() and leased(server.url))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        GATE.set()
        return (await asyncio.wait_for(second, 20)).status_code

    assert asyncio.run(story()) == 200
    until(lambda: leased(server.url) == 0)


def test_who_goes_away_while_another_machine_renders(make_crowd, server):
    """He led his process's crowd: somebody else does, at once."""
    crowd = make_crowd("asgi", STORE=server.url, WAIT=60)
    sharing = runtime.runtime().sharing
    GATE.set()

    async def story():
        with Redis.from_url(server.url) as client:
            crowd.visitor.application.application = never
            away = asyncio.create_task(crowd._one("/slow-async/"))
            await asyncio.to_thread(until, lambda: leased(server.url))
            (lease,) = client.scan_iter("*lease:*")
            away.cancel()
            await asyncio.gather(away, return_exceptions=True)
            await asyncio.to_thread(until, lambda: not leased(server.url))
            client.set(lease, "another machine's")
            led = asyncio.create_task(crowd._one("/slow-async/"))
            await asyncio.to_thread(until, sharing.flights.under_way)
            led.cancel()
            await asyncio.gather(led, return_exceptions=True)
            return sharing.flights.under_way()

    async def never(scope, receive, send):
        await asyncio.Event().wait()

    assert asyncio.run(story()) == []


def test_who_lost_his_right_does_not_free_the_lease_of_the_next(make_leases):
    leases = make_leases()
    sharing = Sharing(Settings(), leases)
    flight, _ = sharing.flights.join(b"page", 0)  # over at once
    assert sharing.flights.join(b"page", 60)[1]
    assert leases.take(b"page", 60) is Grant.TAKEN
    old = Share(b"page", flight, leased=True, personal=False)
    assert list(sharing.leave(old, storable=True, failed=False)) == []
    assert make_leases().take(b"page", 5) is Grant.BUSY
