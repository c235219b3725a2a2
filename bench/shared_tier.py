"""Would one memory for all workers of a machine pay? A prototype beside what there is.

`python -m bench.shared_tier` measures what finding a page costs in a worker's own memory, in
memory that all share (an mmap of packed entries behind a hash table, checked by a sequence as
a seqlock is), and in the SQLite file; and, by one Zipf(1.0) trace, how often each is asked when
the same bytes are one shared memory or are parted among the workers.
"""

from __future__ import annotations

import argparse
import mmap
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.machine import in_words, machine
from bench.policies import hit_rate, sieve, zipf
from freshpage.entry import Codec, Entry
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing
from freshpage.stores.sieve import Seen, Sieve
from freshpage.stores.sqlite import SqliteStore
from freshpage.tags import packed

PAGES, WORKERS, HELD = 50_000, 4, 0.1  # held: of the pages, by all workers together
STORED = 200  # pages that are really there, to be timed
BODY = 30_000
ROUNDS = 20

_SLOT = struct.Struct("=16sQQQ")  # key, sequence, where, length
_entries = msgspec.msgpack.Decoder(Entry)
_encode = msgspec.msgpack.Encoder().encode


class Shared:
    """Packed entries in memory that processes share."""

    def __init__(self, slots: int, size: int) -> None:
        self._slots = slots
        self._map = mmap.mmap(-1, slots * _SLOT.size + size)
        self._end = slots * _SLOT.size

    def put(self, key: bytes, entry: Entry) -> None:
        """Append an entry; where two keys meet the later stays."""
        head = _encode(msgspec.structs.replace(entry, body=b""))
        data = len(head).to_bytes(4) + head + entry.body
        at, self._end = self._end, self._end + len(data)
        self._map[at : self._end] = data
        _SLOT.pack_into(self._map, self._place(key), key[:16], 2, at, len(data))

    def get(self, key: bytes) -> Entry | None:
        """An entry, if nobody wrote to its slot while it was copied."""
        place = self._place(key)
        found, sequence, at, length = _SLOT.unpack_from(self._map, place)
        if found != key[:16] or sequence & 1:
            return None
        data = self._map[at : at + length]
        if _SLOT.unpack_from(self._map, place)[1] != sequence:
            return None
        body = 4 + int.from_bytes(data[:4])
        entry = _entries.decode(memoryview(data)[4:body])
        return msgspec.structs.replace(entry, body=data[body:])

    def _place(self, key: bytes) -> int:
        return int.from_bytes(key[:8]) % self._slots * _SLOT.size


def page(number: int, sequence: Sequence) -> Entry:
    """A page of the usual size."""
    now = time.time()
    return Entry(
        status=200, reason="OK", headers=(("Content-Type", "text/html"), ("X-Frame", "DENY")),
        response_time=now, initial_age=0, lifetime=3600, expires=now + 3600, sequence=sequence,
        tags=packed(f"row:{number}:{at}" for at in range(20)), axes=(), etag=f'"{number}"',
        own_etag=True, last_modified=None, explicit=False, body=number.to_bytes(4) * (BODY // 4),
    )  # fmt: skip


def costs() -> dict[str, float]:
    """Microseconds to find a page, the least of some rounds."""
    keys = [digest(b"%d" % number) for number in range(STORED)]
    own, shared = Sieve(2**30), Shared(2**20, STORED * (BODY + 2000))
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        file = SqliteStore(Path(directory) / "pages.sqlite3", Codec(["secret"]), budget=2**30)
        sequence = file.sequence()
        for number, key in enumerate(keys):
            entry = page(number, sequence)
            own.put(key, Seen(entry, Standing.VALID, 1, entry.fresh_until))
            shared.put(key, entry)
            file.put(key, entry)
        told = {
            "own": _least(own.find, keys),
            "shared": _least(shared.get, keys),
            "SQLite": _least(file.get, keys),
        }
        file.close()
    return told


def _least(find: Callable[[bytes], object], keys: list[bytes]) -> float:
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for key in keys:
            assert find(key) is not None
        found.append((time.perf_counter() - began) / len(keys) * 1e6)
    return min(found)


def main() -> None:
    """Measure and tell."""
    argparse.ArgumentParser(prog="bench.shared_tier", description=__doc__).parse_args()
    each = costs()
    for name, cost in each.items():
        print(f"{name:7} {cost:7.1f} µs to find a page of {BODY} bytes")
    trace, held = zipf(PAGES, 400_000), int(PAGES * HELD)
    for name, capacity in (("own", held // WORKERS), ("shared", held)):
        rate = hit_rate(sieve(capacity), trace)
        mean = rate * each[name] + (1 - rate) * each["SQLite"]
        print(f"{name:7} {rate:6.1%} found, {mean:5.1f} µs a look-up, SQLite asked for the rest")
    print(in_words(machine()))


if __name__ == "__main__":
    main()
