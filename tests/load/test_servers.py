"""One render for a crowd at real servers: threads, tasks, processes, machines."""

from __future__ import annotations

import pytest

from bench.crowd import crowd
from tests.servers import redis_server

SIZE = 60


@pytest.mark.parametrize("server", ["gunicorn", "gunicorn --preload", "gunicorn gevent", "uvicorn"])
def test_processes_of_a_machine(server):
    found = crowd(server, "sqlite", size=SIZE)
    assert found.statuses == {200: SIZE}
    assert found.renders == 1
    assert found.hits == SIZE - 1


def test_machines_that_share_a_redis_server(tmp_path):
    with redis_server(tmp_path) as server:
        found = crowd("gunicorn", server.url, machines=3, size=SIZE)
    assert found.statuses == {200: SIZE}
    assert found.renders == 1
