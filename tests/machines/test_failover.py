"""A replica takes over that had not heard of the last invalidations."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from freshpage.stores import Store
from tests.machines.proxy import Wire
from tests.machines.test_hearing import KEY, keep, machine, until, valid  # noqa: F401
from tests.servers import RedisServer, redis_server


class Pair:
    """A master and its replica, with a wire between them and one that leads to the master."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.master = self._server(directory / "master", stack)
        self.between = Wire(_port(self.master))
        stack.callback(self.between.close)
        follow = ("--replicaof", "127.0.0.1", str(self.between.port))
        diskless = ("--repl-diskless-sync-delay", "0")
        self.replica = self._server(directory / "replica", stack, *follow, *diskless)
        self.way = Wire(_port(self.master))
        stack.callback(self.way.close)
        self.url = f"redis://127.0.0.1:{self.way.port}/0"

    def _server(self, directory: Path, stack: ExitStack, *options: str) -> RedisServer:
        directory.mkdir()
        return stack.enter_context(redis_server(directory, *options))

    def replica_has_it(self) -> bool:
        """Whether everything the master has told so far has arrived."""
        told = []
        for server in (self.master, self.replica):
            with server.client() as client:
                told.append(client.info("replication"))
        up = told[1].get("master_link_status") == "up"
        return up and told[0]["master_repl_offset"] == told[1]["master_repl_offset"]

    def fail_over(self) -> None:
        """The master dies, and the replica is asked in its place."""
        os.kill(self.master.pid, signal.SIGKILL)
        with self.replica.client() as client:
            client.execute_command("REPLICAOF", "NO", "ONE")
        self.way.lead_to(_port(self.replica))


def _port(server: RedisServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(tmp_path, stack)


def never_again(store: Store) -> None:
    """The page is not valid, though the store answers."""
    until(lambda: store.pulse() >= 0)
    held = store.get(KEY)
    assert held is None or not valid(store)


def test_what_the_replica_had_not_heard_of_stays_invalid(pair, machine):  # noqa: F811
    writer, reader = machine(pair.url, "writer"), machine(pair.url, "reader")
    keep(writer)
    until(lambda: valid(reader))
    until(pair.replica_has_it)
    pair.between.stop()
    writer.invalidate(["a"])
    until(lambda: not valid(reader))
    pair.fail_over()
    for store in (machine(pair.url, "one that never knew"), reader, writer):
        never_again(store)
    keep(writer)


def test_nor_does_it_come_back_with_the_next_invalidations(pair, machine):  # noqa: F811
    writer = machine(pair.url, "writer")
    keep(writer)
    until(pair.replica_has_it)
    pair.between.stop()
    writer.invalidate(["a"])
    pair.fail_over()
    other = machine(pair.url, "one that never knew")
    for number in range(3):  # the counter reaches what the writer knows
        other.invalidate([f"other {number}"])
    never_again(other)
    never_again(writer)


def test_after_a_failover_that_lost_nothing_pages_are_made_anew(pair, machine):  # noqa: F811
    """Nobody can tell that nothing was lost."""
    store = machine(pair.url, "one")
    keep(store)
    until(pair.replica_has_it)
    pair.fail_over()
    until(lambda: not valid(store))
    never_again(store)
    keep(store)
    store.invalidate(["a"])
    assert not valid(store)
