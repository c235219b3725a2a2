"""How long another machine may serve a page after ``invalidate`` has returned here.

    python -m bench.broadcast [--times 300]

Two processes that share nothing but a Redis server, as machines do: one invalidates, and the
other notes when its memory has let go of the page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.processes import ROOT
from freshpage.entry import Codec, Entry
from freshpage.sequence import Sequence, Standing
from freshpage.settings import Settings
from freshpage.stores import Store, open_store
from freshpage.tags import packed

CODEC = Codec(["bench"])


def opened(url: str, directory: str) -> Store:
    """A machine's store."""
    return open_store(url, codec=CODEC, settings=Settings(), directory=Path(directory))


def entry(sequence: Sequence, tag: str) -> Entry:
    now = time.time()
    return Entry(
        status=200,
        reason="OK",
        headers=(),
        response_time=now,
        initial_age=0,
        lifetime=600,
        expires=now + 600,
        sequence=sequence,
        tags=packed([tag]),
        axes=(),
        etag=None,
        own_etag=False,
        last_modified=None,
        explicit=False,
        body=b"page",
    )


def valid(store: Store, key: bytes) -> bool:
    """Whether a page would be served."""
    held = store.get(key)
    return held is not None and held.standing is Standing.VALID


def far(url: str, directory: str) -> None:
    """The other machine: for each page it is told of, when it has let go of it."""
    store = opened(url, directory)
    store.sequence()
    for line in sys.stdin:
        key = line.strip().encode()
        while not valid(store, key) or store.pulse() < 0:
            time.sleep(0.001)
        print("ready", flush=True)
        while valid(store, key):
            time.sleep(0.00005)  # so that its thread is heard
        print(time.monotonic(), flush=True)


def measure(url: str, times: int) -> list[float]:
    """Seconds from the return of ``invalidate`` to the other's letting go."""
    found = []
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        store = opened(url, here)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "bench.broadcast", "--far", url, there]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            for number in range(times):
                store.put(b"page-%d" % number, entry(store.sequence(), f"tag {number}"))
                other.stdin.write(f"page-{number}\n")
                other.stdin.flush()
                other.stdout.readline()
                store.invalidate([f"tag {number}"])
                returned = time.monotonic()
                found.append(float(other.stdout.readline()) - returned)
            other.stdin.close()
        store.close()
    return sorted(found)


def main() -> None:
    from tests.servers import redis_server

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--far", nargs=2)
    options = parser.parse_args()
    if options.far:
        return far(*options.far)
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as server:
        found = measure(server.url, options.times)
    share = {
        name: found[int(len(found) * part)] * 1e3 for name, part in (("p50", 0.5), ("p99", 0.99))
    }
    print(", ".join(f"{name} {value:.2f} ms" for name, value in share.items()))
    print(f"longest {found[-1] * 1e3:.2f} ms of {len(found)}")
    return None


if __name__ == "__main__":
    main()
