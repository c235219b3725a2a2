"""Contract 2 as a state machine: several processes' stores over one backing, and a model.

The model knows when each S0 was read and when each tag was invalidated; whatever the stores
hand out as VALID must be right by it, and (too wide is a defect too) what is right is VALID.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from freshpage.entry import Entry
from freshpage.sequence import Sequence, Standing
from freshpage.stores import WAIT, Held, Store
from tests.stores.backings import Backing
from tests.stores.conftest import ALL, make_backing
from tests.stores.examples import NOW, make_axes, make_entry

TAGS = ("a", "b", "c", "d")
KEYS = (b"one", b"two", b"three")
tag_sets = st.sets(st.sampled_from(TAGS), max_size=3)


@dataclass(frozen=True)
class Start:
    """The beginning of a render."""

    sequence: Sequence
    at: int


@dataclass
class Model:
    """What was done, in order."""

    now: int = 0
    hard: dict[str, int] = field(default_factory=dict)
    soft: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    rendered: dict[bytes, tuple[Start, set[str]]] = field(default_factory=dict)

    def tick(self) -> int:
        self.now += 1
        return self.now

    def standing_of(self, body: bytes) -> Standing:
        return self.standing(*self.rendered[body])

    def standing(self, start: Start, tags: set[str]) -> Standing:
        if start.at <= self.lost or any(self.hard.get(tag, 0) > start.at for tag in tags):
            return Standing.INVALID
        if any(self.soft.get(tag, 0) > start.at for tag in tags):
            return Standing.SOFT
        return Standing.VALID


class Machine(RuleBasedStateMachine):
    backing: Backing  # one for each example

    starts: Bundle[Start] = Bundle("starts")

    @initialize(target=starts)
    def begin(self) -> Any:
        self.model = Model()
        self.processes = [self.open(), self.open(), self.open()]
        self.kept: dict[bytes, bytes | None] = {}  # what was put last, by key
        self.bodies = 0
        return self.start(0)

    def open(self) -> Store:
        if self.backing.shared or not self.backing.opened:
            return self.backing.open()
        return self.backing.opened[0]

    def start(self, process: int) -> Start:
        return Start(self.processes[process].sequence(), self.model.tick())

    processes_ = st.integers(0, 2)

    @rule(target=starts, process=processes_)
    def render_begins(self, process: int) -> Start:
        return self.start(process)

    @rule(process=processes_, key=st.sampled_from(KEYS), start=starts, tags=tag_sets)
    def render_ends(self, process: int, key: bytes, start: Start, tags: set[str]) -> None:
        self.bodies += 1
        body = b"body %d" % self.bodies
        entry = make_entry(start.sequence, sorted(tags), body)
        kept = self.processes[process].put(key, entry)
        expected = self.model.standing(start, tags)
        if kept:
            assert expected is not Standing.INVALID
            self.model.rendered[body] = start, tags
            self.kept[key] = body
        elif expected is not Standing.INVALID:
            assert self.refuses_unknown_tags()
            self.kept.pop(key, None)

    def refuses_unknown_tags(self) -> bool:
        """A cache that drops records at will may ask for a second render."""
        return "Django" in type(self.backing).__name__

    @rule(process=processes_, key=st.sampled_from(KEYS))
    def ask(self, process: int, key: bytes) -> None:
        self.judge(key, self.processes[process].get(key))

    @rule(process=processes_, key=st.sampled_from(KEYS))
    def peek(self, process: int, key: bytes) -> None:
        peeked = self.processes[process].peek(key)
        if isinstance(peeked, Held):
            self.judge(key, peeked)
        elif peeked is not WAIT:
            assert self.processes[process].get(key) is None

    def judge(self, key: bytes, held: Held | None) -> None:
        if held is None or not isinstance(held.node, Entry):
            assert held is None or held.standing is Standing.VALID
            last = self.kept.get(key)
            if held is None and last is not None:
                # a store may drop only what can't be valid any more
                assert self.model.standing_of(last) is Standing.INVALID
            return
        assert held.standing is self.model.standing_of(held.node.body)

    @rule(process=processes_, key=st.sampled_from(KEYS))
    def ask_axes(self, process: int, key: bytes) -> None:
        """A page's tree comes to ask something new where an entry was."""
        store = self.processes[process]
        assert store.put(key, make_axes("cookie:theme"))
        held = store.get(key)
        assert held == Held(make_axes("cookie:theme"), Standing.VALID)
        self.kept[key] = None

    @rule(process=processes_, key=st.sampled_from(KEYS))
    def delete(self, process: int, key: bytes) -> None:
        self.processes[process].delete(key)
        assert self.processes[process].get(key) is None
        self.kept.pop(key, None)

    @rule(process=processes_, tags=tag_sets, soft=st.booleans())
    def invalidate(self, process: int, tags: set[str], soft: bool) -> None:
        self.processes[process].invalidate(tags, soft=soft)
        at = self.model.tick()
        for tag in tags:
            (self.model.soft if soft else self.model.hard)[tag] = at

    @rule()
    def lose_the_counters(self) -> None:
        self.backing.lose_counters()
        self.model.lost = self.model.tick()
        self.kept.clear()

    @rule(process=processes_)
    def restart(self, process: int) -> None:
        self.processes[process].close()
        self.processes[process] = self.open()

    @rule(process=processes_)
    def sweep(self, process: int) -> None:
        self.processes[process].sweep(NOW)

    @invariant()
    def the_pulse_stays_while_nothing_happens(self) -> None:
        for store in self.processes if self.model.now and self.backing.quiet else ():
            assert store.pulse() == store.pulse()


@pytest.mark.parametrize("name", ALL)
def test_no_entry_is_valid_that_was_invalidated(name: str, request: pytest.FixtureRequest) -> None:
    make_backing(name, request).close()  # skips where its server is missing

    class Bound(Machine):
        def __init__(self) -> None:
            self.backing = make_backing(name, request)
            super().__init__()

        def teardown(self) -> None:
            self.backing.close()

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Bound,
        settings=settings(
            max_examples=50 if name in ("memory", "sqlite") else 25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
