"""A page's tree: right whatever renders read, and no larger than it must be where they read
as decision trees do.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from freshpage.performing import run
from freshpage.request import QUERY, axis_value
from freshpage.stores.memory import MemoryStore
from freshpage.tree import DEPTH, find, hang
from tests.engine.driving import PlainRequest
from tests.stores.examples import make_entry

ROOT = b"P"
Reads = Callable[[dict[str, str]], list[str]]  # what a render of these parameters reads, in order


class Tree:
    """A page, asked through its tree."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._store = MemoryStore(2**26)
        self.renders = 0

    def ask(self, sent: dict[str, str]) -> bytes:
        """What is shown: each parameter that was read, with its value."""
        request = PlainRequest(query="&".join(f"{name}={sent[name]}" for name in sent))
        found = run(find(ROOT, request), self._store)
        if found.entry is not None:
            return found.entry.body
        self.renders += 1
        axes = tuple(QUERY + name for name in self._reads(sent))
        body = repr([axis_value(request, axis) for axis in axes]).encode()
        sequence = self._store.sequence()
        assert run(hang(ROOT, request, make_entry(sequence, body=body, axes=axes)), self._store)
        return body


NAMES = "abcdefgh"
given_values = st.fixed_dictionaries({name: st.sampled_from("123") for name in NAMES})


def decision_tree(seed: int) -> Reads:
    """A page that goes on by what it has read."""

    def reads(sent: dict[str, str]) -> list[str]:
        read: list[str] = []
        while True:
            trace = [(name, sent[name]) for name in read]
            dice = random.Random(f"{seed} {trace}")
            left = sorted(set(NAMES) - set(read))
            if not left or dice.random() < 0.2:
                return read
            read.append(dice.choice(left))

    return reads


def shown(reads: Reads, sent: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, sent[name]) for name in reads(sent)]


@given(st.integers(0, 10_000), st.lists(given_values, min_size=2, max_size=30))
@settings(deadline=None)
def test_a_decision_tree_is_rendered_once_a_leaf(seed, asked):
    reads = decision_tree(seed)
    tree = Tree(reads)
    for sent in asked:
        request = PlainRequest(query="&".join(f"{name}={sent[name]}" for name in sent))
        alone = [axis_value(request, QUERY + name) for name in reads(sent)]
        assert tree.ask(sent) == repr(alone).encode()
    assert tree.renders == len({tuple(shown(reads, sent)) for sent in asked})


@given(st.randoms(use_true_random=False), st.lists(given_values, min_size=2, max_size=30))
@settings(deadline=None)
def test_reads_in_no_order_are_right_and_come_to_rest(dice, asked):
    def reads(sent: dict[str, str]) -> list[str]:
        names = list(NAMES[:4])
        dice.shuffle(names)
        return [*names[: dice.randint(2, 4)], "a"]

    tree = Tree(lambda sent: list(dict.fromkeys(reads(sent))))
    for _ in range(6):
        for sent in asked:
            tree.ask(sent)
    before = tree.renders
    for sent in asked:
        tree.ask(sent)
    assert tree.renders == before


def test_a_tree_that_is_too_deep_is_flattened_and_comes_to_rest():
    names = [f"n{number}" for number in range(DEPTH + 6)]

    def reads(sent: dict[str, str]) -> list[str]:
        read = []
        for name in names:
            read.append(name)
            if sent[name] == "stop":
                break
        return read

    def stopping(at: int) -> dict[str, str]:
        return {name: "stop" if number == at else "go" for number, name in enumerate(names)}

    tree = Tree(reads)
    asked = [stopping(at) for at in range(len(names) + 1)]
    for _ in range(3):
        for sent in asked:
            assert tree.ask(sent).count(b"stop") == (sent != asked[-1])
    before = tree.renders
    assert len({tree.ask(sent) for sent in asked}) == len(asked)
    assert tree.renders == before
