"""What an entry takes in the memory tier beside its body, by tracemalloc.

`python -m bench.memory` stores 10,000 pages of 2 KB each and prints bytes an entry.
"""

from __future__ import annotations

import argparse
import gc
import tracemalloc

from freshpage.entry import Entry
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing
from freshpage.stores.sieve import Seen, Sieve
from freshpage.tags import packed

BODY = 2048


def entry(number: int) -> Entry:
    """A page as it comes from a render, or out of a store: nothing of it is another's."""
    names = ("Content-Type", "X-Frame-Options", "Content-Language", "Referrer-Policy")
    values = ("text/html; charset=utf-8", "DENY", "en", "same-origin")
    return Entry(
        status=200,
        reason="".join(("O", "K")),
        headers=tuple(
            [(n.encode().decode(), v.encode().decode()) for n, v in zip(names, values, strict=True)]
        ),
        response_time=1e9 + number,
        initial_age=0.0,
        lifetime=600.0 + number % 60,
        expires=1e9 + number + 600,
        sequence=Sequence(2**50, 2**40 + number // 10),
        tags=packed(f"news.article:{number}:{at}" for at in range(20)),
        axes=(),
        etag=f'"{number:024x}"',
        own_etag=True,
        last_modified=None,
        explicit=False,
        body=abs(number).to_bytes(8) * (BODY // 8),
    )


def main() -> None:
    """Print what an entry takes, and what the budget counts for it."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    count = parser.parse_args().entries
    sieve = Sieve(2**40)
    tracemalloc.start()
    for number in range(1000):  # what is made once, and what is remembered of tags
        entry(-number)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        seen = Seen(entry(number), Standing.VALID, 2**40, 1e9 + number)
        sieve.put(digest(str(number).encode()), seen)
    gc.collect()
    taken = (tracemalloc.get_traced_memory()[0] - before) / count
    print(f"{count} entries of {BODY} bytes: {taken:.0f} bytes each, {taken - BODY:.0f} beside")
    print(f"counted against MEMORY_BYTES: {sieve.bytes / count - BODY:.0f} beside the body")


if __name__ == "__main__":
    main()
