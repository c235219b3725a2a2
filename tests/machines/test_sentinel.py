"""A master that dies, under steady requests; sentinels make its replica the master."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from bench import faults
from bench.crowd import machine
from freshpage.settings import Settings
from freshpage.stores import StoreError, open_store
from tests.machines.test_hearing import keep, until, valid
from tests.servers import free_port, program, redis_server
from tests.stores.examples import CODEC

SENTINEL = """
port {port}
bind 127.0.0.1
dir {directory}
sentinel monitor pages 127.0.0.1 {master} 2
sentinel down-after-milliseconds pages 500
sentinel failover-timeout pages 3000
sentinel parallel-syncs pages 1
"""


class Trio:
    """A master, its replica, and three sentinels."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.ports = [free_port() for _ in range(3)]
        self.masters = [free_port(), free_port()]
        replicate = ["--replicaof", "127.0.0.1", str(self.masters[0])]
        self.servers = []
        for port, options in zip(self.masters, ([], replicate), strict=True):
            folder = directory / f"server-{port}"
            folder.mkdir()
            server = redis_server(folder, *options, "--repl-diskless-sync-delay", "0", port=port)
            self.servers.append(stack.enter_context(server))
        for port in self.ports:
            folder = directory / f"sentinel-{port}"
            folder.mkdir()
            config = folder / "sentinel.conf"
            config.write_text(SENTINEL.format(port=port, directory=folder, master=self.masters[0]))
            command = [program("redis-server"), str(config), "--sentinel", "--logfile", "log"]
            process = subprocess.Popen(command, cwd=folder)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        self.url = f"redis+sentinel://{hosts}/pages/0"
        until(self._is_known, 20)

    def _is_known(self) -> bool:
        """Each sentinel knows the replica and the others."""
        try:
            found = []
            for port in self.ports:
                with Redis(port=port) as sentinel:
                    (state,) = sentinel.sentinel_masters().values()
                    found.append((state["num-slaves"], state["num-other-sentinels"]))
            return all(slaves == 1 and others == 2 for slaves, others in found)
        except (RedisError, ValueError):
            return False

    def kill_master(self) -> None:
        """Without a goodbye."""

        os.kill(self.servers[0].pid, signal.SIGKILL)


@pytest.fixture
def trio(tmp_path) -> Iterator[Trio]:
    with ExitStack() as stack:
        yield Trio(tmp_path, stack)


def test_the_replica_takes_over(trio, tmp_path):
    store = open_store(trio.url, codec=CODEC, settings=Settings(), directory=tmp_path / "machine")
    until(lambda: _kept(store))
    trio.kill_master()
    until(lambda: _kept(store), 30)
    store.invalidate(["a"])
    assert not valid(store)
    store.close()


def _kept(store) -> bool:
    try:
        keep(store)
    except (StoreError, AssertionError):
        return False
    return True


def test_visitors_get_their_pages_meanwhile(trio, tmp_path):
    log = tmp_path / "renders"
    log.touch()
    with machine("gunicorn", trio.url, log, CROWD_RENDER="0.01") as port:
        phases = [
            (faults.Phase("normal"), lambda: None),
            (faults.Phase("killed"), trio.kill_master),
            (faults.Phase("again"), lambda: time.sleep(1.0)),
        ]
        faults.asyncio.run(faults.steady(port, 60, phases, 3.0))
    answers = {phase.name: phase for phase, _ in phases}
    assert all(set(phase.statuses) == {200} for phase in answers.values())
    assert answers["normal"].hits > 0
    assert answers["again"].hits > 0


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://host/pages",
        "redis+sentinel://host:26379",
        "redis+sentinel://host:26379/pages/x",
        "redis+sentinel://:1,b:2/pages",
    ],
)
def test_a_wrong_url_is_told(url):
    with pytest.raises(StoreError, match=r"did you mean redis.sentinel://host:26379,other"):
        open_store(url, codec=CODEC)
