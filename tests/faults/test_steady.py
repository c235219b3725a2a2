"""Steady requests while a store or a worker goes away: nobody gets anything but his page."""

from __future__ import annotations

from bench import faults, kills
from tests.servers import program


def test_a_redis_server_that_is_frozen_killed_and_restarted():
    program("redis-server")
    phases = {phase.name: phase for phase in faults.run(rate=60, seconds=1.5)}
    assert all(set(phase.statuses) == {200} for phase in phases.values())
    assert phases["normal"].hits > 0
    assert phases["normal again"].hits > 0.5 * len(phases["normal again"].times)


def test_workers_that_are_killed():
    site = kills.run(seconds=6, store="sqlite")
    assert site.seen["kills"] > 0
    assert site.seen["compared"] > 0
    assert site.stale == []
    assert site.broken == []
    assert {what for what in site.seen if what.startswith(("reads", "writes"))} <= {
        "reads 200",
        "writes 200",
    }
