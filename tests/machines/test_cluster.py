"""A cluster of three nodes, one of which goes away under steady requests."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from bench import faults
from bench.crowd import machine
from freshpage.settings import Settings
from freshpage.stores import open_store
from tests.machines.test_hearing import keep, until, valid
from tests.servers import free_port, program, redis_server
from tests.stores.examples import CODEC


class Cluster:
    """Three nodes, all masters."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self.ports: list[int] = []
        self.servers = {}
        for _ in range(3):
            port = free_port()
            (directory / str(port)).mkdir()
            self.ports.append(port)
            self.start(port)
        nodes = [f"127.0.0.1:{port}" for port in self.ports]
        subprocess.run(
            [program("redis-cli"), "--cluster", "create", *nodes, "--cluster-yes"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.url = f"redis+cluster://{nodes[0]}"
        until(lambda: all(map(self._is_well, self.ports)), 20)

    def _is_well(self, port: int) -> bool:
        with Redis(port=port) as node:
            return node.cluster("INFO")["cluster_state"] == "ok" and self.owner() in self.ports

    def start(self, port: int) -> None:
        """Start a node, or start it again as what it was."""
        options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
        options += ["--cluster-require-full-coverage", "no", "--cluster-node-timeout", "1000"]
        folder = self.directory / str(port)
        self.servers[port] = self._stack.enter_context(redis_server(folder, *options, port=port))

    def owner(self) -> int:
        """The port of the node that has this site's keys."""
        try:
            with RedisCluster.from_url(f"redis://127.0.0.1:{self.ports[0]}") as client:
                return client.get_node_from_key("{freshpage:}:tags").port
        except (RedisError, RedisClusterException, AttributeError):
            return 0

    def kill(self, port: int) -> None:
        """End a node without a goodbye."""
        os.kill(self.servers[port].pid, signal.SIGKILL)


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


def test_three_nodes(cluster, tmp_path):
    one, two = (
        open_store(cluster.url, codec=CODEC, settings=Settings(), directory=tmp_path / name)
        for name in ("one", "two")
    )
    keep(one)
    until(lambda: valid(two))
    until(lambda: two.pulse() >= 0)
    one.invalidate(["a"])
    assert not valid(one)
    until(lambda: not valid(two), 1.0)
    assert one.notes(0) == (0, [])
    one.note(b"shape")
    assert two.notes(0) == (1, [b"shape"])
    assert one.leases().take(b"page", 5).name == "TAKEN"
    assert two.leases().take(b"page", 5).name == "BUSY"
    one.close()
    two.close()


def test_visitors_get_their_pages_while_a_node_is_gone(cluster, tmp_path):
    log = tmp_path / "renders"
    log.touch()
    gone = cluster.owner()
    with machine("gunicorn", cluster.url, log, CROWD_RENDER="0.01") as port:
        plan = [
            (faults.Phase("normal"), lambda: None),
            (faults.Phase("killed"), lambda: cluster.kill(gone)),
            (faults.Phase("back"), lambda: cluster.start(gone)),
            (faults.Phase("again"), lambda: None),
        ]
        asyncio.run(faults.steady(port, 60, plan, 3.0))
    phases = {phase.name: phase for phase, _ in plan}
    assert all(set(phase.statuses) == {200} for phase in phases.values())
    assert phases["normal"].hits > 0
    assert phases["again"].hits > 0
