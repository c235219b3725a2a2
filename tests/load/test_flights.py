"""Flights and lease files: one renders, the others wait, and nobody for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from freshpage.flights import End, Flights
from freshpage.stores.lease_file import LeaseFile
from freshpage.stores.leases import Grant


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_one_leads_and_the_others_are_woken(clock):
    flights = Flights(clock)
    flight, own = flights.join(b"page", 5)
    assert own
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(flights.join(b"page", 5)[0].wait, 60) for _ in range(3)]
        assert flights.join(b"other", 5)[1]
        flights.end(flight, End.LANDED)
        for each in waiting:
            each.result(timeout=30)
    assert flights.join(b"page", 5)[1]


def test_tasks_and_threads_wait_for_the_same_flight(clock):
    flights = Flights(clock)
    flight, _ = flights.join(b"page", 5)

    async def crowd():
        waiting = [asyncio.create_task(flight.wait_async(60)) for _ in range(5)]
        await asyncio.sleep(0)
        threading.Thread(target=flights.end, args=(flight, End.LANDED)).start()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)

    asyncio.run(crowd())
    assert flight.end is End.LANDED


def test_a_wait_is_bounded():
    flight, _ = Flights().join(b"page", 5)
    flight.wait(0.001)
    asyncio.run(flight.wait_async(0.001))
    assert flight.end is None


def test_who_leads_for_too_long_loses_his_monopoly(clock):
    flights = Flights(clock)
    old, _ = flights.join(b"page", 5)
    clock.now += 4.9
    assert not flights.join(b"page", 5)[1]
    clock.now += 0.2
    new, own = flights.join(b"page", 5)
    assert own
    flights.end(old, End.LOST)
    assert flights.join(b"page", 5) == (new, False)


def test_what_is_not_storable_is_remembered_for_a_while(clock):
    flights = Flights(clock)
    flights.leave_open(b"page", False, 30)
    assert flights.is_open(b"page", False)
    assert not flights.is_open(b"page", True)
    clock.now += 30
    assert not flights.is_open(b"page", False)
    flights.leave_open(b"page", False, 30)
    flights.close(b"page")
    assert not flights.is_open(b"page", False)


# -- among processes ---------------------------------------------------------------------


@pytest.fixture
def leases(tmp_path, clock):
    made = []

    def make():
        made.append(LeaseFile(tmp_path / "leases", clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


def other_process(path, script="sys.stdin.read()"):
    """Another process that has the lease of a page."""
    source = (
        "import sys, pathlib\n"
        "from freshpage.stores.lease_file import LeaseFile\n"
        f"leases = LeaseFile(pathlib.Path({str(path)!r}), lambda: 1000.0)\n"
        "print(leases.take(b'page', 5).name, flush=True)\n"
        f"{script}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout.readline().strip() == "TAKEN"
    return process


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_a_lease_ends_with_its_process(leases, tmp_path, end):
    process = other_process(tmp_path / "leases")
    here = leases()
    assert here.take(b"page", 5) is Grant.BUSY
    assert here.take(b"another", 5) is Grant.TAKEN
    if end == "kill":
        process.send_signal(signal.SIGKILL)
    process.communicate()
    assert here.take(b"page", 5) is Grant.TAKEN


def test_a_lease_that_is_too_old_holds_nobody_up(leases, tmp_path, clock):
    process = other_process(tmp_path / "leases")
    here = leases()
    clock.now += 4.9
    assert here.take(b"page", 5) is Grant.BUSY
    clock.now += 0.2
    assert here.take(b"page", 5) is Grant.TAKEN
    clock.now -= 1000  # a clock that was set back takes nobody for the future's
    assert here.take(b"page", 5) is Grant.TAKEN
    process.communicate()


def test_who_has_just_got_a_lease_and_not_yet_said_so(leases, tmp_path):
    """What stands there is of whoever had it before."""
    process = other_process(tmp_path / "leases")
    (tmp_path / "leases").write_bytes(b"")
    here = leases()
    assert here.take(b"page", 5) is Grant.BUSY
    process.communicate()


def test_a_lease_is_given_back(leases, tmp_path):
    process = other_process(
        tmp_path / "leases", "leases.free(b'page'); print('free', flush=True); sys.stdin.read()"
    )
    assert process.stdout.readline().strip() == "free"
    assert leases().take(b"page", 5) is Grant.TAKEN
    process.communicate()


def test_other_processes_hear_what_is_not_storable(leases, tmp_path, clock):
    process = other_process(
        tmp_path / "leases", "leases.leave_open(b'page', 30); print('open', flush=True)"
    )
    assert process.stdout.readline().strip() == "open"
    process.communicate()
    here = leases()
    assert here.take(b"page", 5) is Grant.OPEN
    clock.now += 30
    assert here.take(b"page", 5) is Grant.TAKEN


def test_until_it_can_be_stored_after_all(leases):
    here, there = leases(), leases()
    there.leave_open(b"page", 30)
    assert here.take(b"page", 5) is Grant.OPEN
    here.shut(b"page")
    assert there.take(b"page", 5) is Grant.TAKEN


def test_a_fork_inherits_no_lease(leases):
    here = leases()
    assert here.take(b"page", 5) is Grant.TAKEN
    child = os.fork()
    if child == 0:
        os._exit(0 if here.take(b"page", 5) is Grant.BUSY else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    here.free(b"page")
    assert here.take(b"page", 5) is Grant.TAKEN


def test_a_lease_that_nobody_gave_back_is_taken_over(leases, clock):
    here = leases()
    here.take(b"page", 5)
    assert here.take(b"page", 5) is Grant.BUSY
    clock.now += 5
    assert here.take(b"page", 5) is Grant.TAKEN
