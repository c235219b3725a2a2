from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from freshpage import runtime
from tests.doors.conftest import Visitor, make_visitor  # noqa: F401  (a fixture)
from tests.load import site

DEADLINE = 20.0  # seconds after which a test gives up


def until(condition) -> None:
    """Wait until something is so."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.002)


class Crowd:
    """Many who ask at once through one door."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    def waiting(self) -> int:
        return sum(flight.crowd for flight in runtime.runtime().sharing.flights.under_way())

    def ask(self, requests, waiting: int = 0, entered: int = 0):
        """The answers to (path, headers) that are asked for at once.

        :param waiting: how many are to wait for another's render, before it is let go.
        :param entered: how many are to render.
        """

        def ready() -> bool:
            return self.waiting() >= waiting and site.ENTERED.total() >= entered

        if self.visitor.is_async:
            return asyncio.run(self._async(requests, ready))
        with ThreadPoolExecutor(len(requests)) as pool:
            asked = [pool.submit(self.visitor.get, path, **how) for path, how in requests]
            until(ready)
            site.GATE.set()
            return [each.result() for each in asked]

    async def _async(self, requests, ready):
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(64))
        asked = [asyncio.create_task(self._one(path, **how)) for path, how in requests]
        await asyncio.to_thread(until, ready)
        site.GATE.set()
        return await asyncio.gather(*asked)

    async def _one(self, path, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request("GET", self.visitor.base + path, headers=named)
        transport = httpx.ASGITransport(app=self.visitor.application)
        response = await transport.handle_async_request(request)
        await response.aread()
        return response


@pytest.fixture
def make_crowd(make_visitor, settings):  # noqa: F811
    def make(door: str, **options) -> Crowd:
        visitor = make_visitor(door, **options)
        settings.ROOT_URLCONF = "tests.load.site"
        site.RENDERS.clear()
        site.ENTERED.clear()
        site.HOW.clear()
        site.ASKED.clear()
        site.GATE.clear()
        return Crowd(visitor)

    yield make
    site.GATE.set()
