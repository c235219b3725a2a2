"""Does a purge cost more where more is stored? Small and large stores of each kind in turn.

    python bench/purge.py [entries of the small one] [entries of the large one]

The large store should take as long as the small one, within noise.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from freshpage.cacheability import location_tags, url_tag
from freshpage.entry import Codec, Entry
from freshpage.sequence import Sequence
from freshpage.settings import Settings
from freshpage.stores import Store, open_store
from freshpage.tags import packed

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.servers import redis_server

SMALL, LARGE = 10_000, 200_000
PURGES = 400
WARM_UP = 50
CODEC = Codec(["bench"])
SETTINGS = Settings(memory_bytes=2**31, store_bytes=2**32)
BARE = Settings(memory_bytes=0, store_bytes=2**32)


def page(sequence: Sequence, number: int) -> Entry:
    now = time.time()
    return Entry(
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        response_time=now,
        initial_age=0,
        lifetime=3600,
        expires=now + 3600,
        sequence=sequence,
        tags=packed([f"page:{number}", *location_tags("example.com", f"/section/{number}/")]),
        axes=(),
        etag=None,
        own_etag=False,
        last_modified=None,
        explicit=False,
        body=b"<p>page</p>" * 10,
    )


def fill(store: Store, entries: int) -> None:
    sequence = store.sequence()
    for number in range(entries):
        store.put(b"page %d" % number, page(sequence, number))


@contextmanager
def stores(kind: str) -> Iterator[Callable[[], Store]]:
    """Something that opens an empty store of its own each time."""
    with ExitStack() as stack:

        def directory() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def opened() -> Store:
            if kind == "memory":
                return open_store("memory", codec=CODEC, settings=SETTINGS)
            if kind == "sqlite":
                store = open_store("sqlite", codec=CODEC, directory=directory(), settings=BARE)
            else:
                url = stack.enter_context(redis_server(directory())).url
                store = open_store(url, codec=CODEC, settings=BARE)
            stack.callback(store.close)
            return store

        yield opened


def purge(store: Store, number: int) -> float:
    """Seconds for one."""
    tags = [url_tag(f"/section/{number}/", "example.com")]
    start = time.perf_counter()
    store.invalidate(tags)
    return time.perf_counter() - start


def measure(kind: str, small: int, large: int) -> None:
    with stores(kind) as opened:
        both = {small: opened(), large: opened()}
        for entries, store in both.items():
            fill(store, entries)
        times: dict[int, list[float]] = {small: [], large: []}
        for number in range(-WARM_UP, PURGES):
            for entries, store in both.items():
                seconds = purge(store, number % small)
                if number >= 0:
                    times[entries].append(seconds * 1e6)
        medians = {entries: statistics.median(taken) for entries, taken in times.items()}
    ratio = medians[large] / medians[small]
    print(
        f"{kind:8} {small:8,} entries {medians[small]:8.1f} us   "
        f"{large:8,} entries {medians[large]:8.1f} us   ratio {ratio:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    for kind in ("memory", "sqlite", "redis"):
        measure(kind, *(given or (SMALL, LARGE)))
