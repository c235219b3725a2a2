"""Ways to choose what leaves a full memory: ours, and others on the same trace.

Each takes keys of equal size and tells which requests hit.
"""

from __future__ import annotations

import heapq
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from itertools import accumulate

from freshpage.entry import Axes
from freshpage.sequence import Standing
from freshpage.stores.sieve import SLOT_BYTES, Seen, Sieve

Policy = Callable[[int], bool]  # whether a page is there; from now on it is
_KEY_BYTES = 8


def zipf(pages: int, requests: int, seed: int = 1) -> list[int]:
    """A trace in which the page of rank n comes up as 1/n; popular ones lie anywhere."""
    dice = random.Random(seed)
    names = list(range(pages))
    dice.shuffle(names)
    weights = list(accumulate(1 / rank for rank in range(1, pages + 1)))
    return dice.choices(names, cum_weights=weights, k=requests)


def sieve(capacity: int) -> Policy:
    """The memory tier's own map."""
    node = Axes(("header:accept",), float("inf"))
    each = node.size + _KEY_BYTES + SLOT_BYTES
    seen, tier = Seen(node, Standing.VALID, None, float("inf")), Sieve(each * capacity)

    def ask(page: int) -> bool:
        key = page.to_bytes(_KEY_BYTES)
        slot = tier.find(key)
        if slot is None:
            tier.put(key, seen)
            return False
        slot.visited = True
        return True

    return ask


def lru(capacity: int) -> Policy:
    """What was asked for least recently leaves."""
    there: OrderedDict[int, None] = OrderedDict()

    def ask(page: int) -> bool:
        if page in there:
            there.move_to_end(page)
            return True
        there[page] = None
        if len(there) > capacity:
            there.popitem(last=False)
        return False

    return ask


def s3_fifo(capacity: int) -> Policy:
    """S3-FIFO (Yang and others, SOSP 2023): a small queue, a main one, and ghosts."""
    small: deque[int] = deque()
    main: deque[int] = deque()
    ghosts: OrderedDict[int, None] = OrderedDict()
    uses: dict[int, int] = {}
    most_small = max(capacity // 10, 1)

    def evict() -> None:
        if len(small) >= most_small or not main:
            page = small.popleft()
            if uses[page] > 1:
                uses[page] = 0
                main.append(page)
            else:
                del uses[page]
                ghosts[page] = None
                if len(ghosts) > capacity:
                    ghosts.popitem(last=False)
            return
        page = main.popleft()
        if uses[page]:
            uses[page] -= 1
            main.append(page)
        else:
            del uses[page]

    def ask(page: int) -> bool:
        if page in uses:
            uses[page] = min(uses[page] + 1, 3)
            return True
        while len(uses) >= capacity:
            evict()
        uses[page] = 0
        (main if page in ghosts else small).append(page)
        ghosts.pop(page, None)
        return False

    return ask


def hit_rate(policy: Policy, trace: Sequence[int]) -> float:
    """The part of requests that hit, in the second half of a trace."""
    half = len(trace) // 2
    for page in trace[:half]:
        policy(page)
    return sum(map(policy, trace[half:])) / (len(trace) - half)


def best_hit_rate(trace: Sequence[int], capacity: int) -> float:
    """That of whoever knows what comes (Belady): what is needed last leaves, or stays out."""
    never = len(trace)
    next_use, seen = [never] * len(trace), dict[int, int]()
    for at in range(len(trace) - 1, -1, -1):
        next_use[at] = seen.get(trace[at], never)
        seen[trace[at]] = at
    there: dict[int, int] = {}  # page -> when it is needed next
    queue: list[tuple[int, int]] = []
    hits, half = 0, len(trace) // 2
    for at, page in enumerate(trace):
        hits += at >= half and page in there
        there[page] = next_use[at]
        heapq.heappush(queue, (-next_use[at], page))
        while len(there) > capacity:
            needed, last = heapq.heappop(queue)
            if there.get(last) == -needed:
                del there[last]
    return hits / (len(trace) - half)
