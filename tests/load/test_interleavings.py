"""Contract 6 under every interleaving: requests of several processes, taken step by step.

The steps are taken in an order that hypothesis chooses, time goes on as it likes, and
processes die between any two steps.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from freshpage.outcome import Answer, Ticket
from freshpage.performing import Ask, Pause, Wait
from freshpage.sequence import Sequence
from freshpage.settings import Settings
from freshpage.sharing import Share, Sharing
from freshpage.stores.leases import Grant
from tests.engine.driving import PlainRequest

LIMIT = 5.0  # seconds
KEY = b"page"
ANSWER = Answer(200, "OK", [], b"page")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Leases:
    """The leases of one process; what they are kept in is shared by all."""

    blocking = True

    def __init__(self, world: World, name: int) -> None:
        self._world, self._name = world, name

    def take(self, key: bytes, seconds: float) -> Grant:
        world = self._world
        owner, until = world.leases.get(key, (None, 0.0))
        if world.open_until > world.clock.now:
            return Grant.OPEN
        if owner is not None and owner != self._name and world.clock.now < until:
            return Grant.BUSY
        world.leases[key] = (self._name, world.clock.now + seconds)
        return Grant.TAKEN

    def free(self, key: bytes) -> None:
        if self._world.leases.get(key, (None, 0.0))[0] == self._name and self._is_alive():
            del self._world.leases[key]

    def leave_open(self, key: bytes, seconds: float) -> None:
        self._world.open_until = self._world.clock.now + seconds

    def shut(self, key: bytes) -> None:
        self._world.open_until = 0.0

    def close(self) -> None:
        pass

    def _is_alive(self) -> bool:
        return self._name not in self._world.dead


@dataclass
class Visit:
    """One request on its way."""

    process: int
    steps: Generator[Any, Any, None]
    started: float
    blocked: Wait | Pause | None = None
    until: float = 0.0
    over: bool = False
    waited_until: float = 0.0


@dataclass
class World:
    """Some processes that share a store."""

    processes: int
    storable: bool = True
    render_steps: int = 2
    clock: Clock = field(default_factory=Clock)
    stored: bool = False
    open_until: float = 0.0
    leases: dict[bytes, tuple[int, float]] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    renders: int = 0
    rendering: dict[int, tuple[int, Share | None, float]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        options = Settings(wait=LIMIT)
        self.sharing = [
            Sharing(options, Leases(self, number), self.clock) for number in range(self.processes)
        ]

    def look_up(self) -> Generator[Any, Any, Answer | Ticket]:
        if (yield Ask(lambda: self.stored, (), False)):
            return ANSWER
        request = PlainRequest("/")
        return Ticket(request, 0.0, "uri-miss", Sequence(1, 1), (), KEY, place=KEY)

    def ask(self, process: int) -> None:
        """A visitor comes."""
        number = len(self.visits)
        self.visits.append(Visit(process, self._visit(process, number), self.clock.now))

    def _visit(self, process: int, number: int) -> Generator[Any, Any, None]:
        sharing = self.sharing[process]
        found = yield from self.look_up()
        if isinstance(found, Ticket):
            outcome, share = yield from sharing.enter(found, self.look_up)
            if isinstance(outcome, Ticket):
                self.renders += 1
                self.rendering[number] = (process, share, self.clock.now)
                for _ in range(self.render_steps):
                    yield "rendering"
                del self.rendering[number]
                self.stored |= self.storable
                if share is not None:
                    yield from sharing.leave(share, storable=self.storable, failed=False)

    def runnable(self) -> list[Visit]:
        return [
            visit
            for visit in self.visits
            if not visit.over and visit.process not in self.dead and not self._is_blocked(visit)
        ]

    def _is_blocked(self, visit: Visit) -> bool:
        if visit.blocked is None or self.clock.now >= visit.until:
            return False
        return not (isinstance(visit.blocked, Wait) and visit.blocked.flight.end is not None)

    def step(self, visit: Visit) -> None:
        answer = None
        visit.blocked = None
        try:
            done = getattr(visit, "answer", None)
            step = visit.steps.send(done)
            if isinstance(step, Ask):
                answer = step.act(*step.args)
            elif isinstance(step, Wait | Pause):
                visit.blocked, visit.until = step, self.clock.now + step.seconds
        except StopIteration:
            visit.over = True
        visit.answer = answer  # type: ignore[attr-defined]

    def kill(self, process: int) -> None:
        """A process dies: nothing of it goes on, and nothing is tidied up."""
        self.dead.add(process)
        for number in [n for n, (owner, *_) in self.rendering.items() if owner == process]:
            del self.rendering[number]

    def check(self) -> None:
        """What holds after every step."""
        leased = [
            share
            for _, share, since in self.rendering.values()
            if share is not None and share.leased and self.clock.now - since < share.flight.limit
        ]
        held = [share for share in leased if self.leases.get(KEY, (None, 0.0))[1] > self.clock.now]
        assert len(held) <= 1
        for visit in self.visits:
            if visit.blocked is not None and not visit.over:
                assert visit.until <= visit.started + LIMIT + 0.2


def finish(world: World, rng: Any) -> None:
    """Take steps until everybody whose process lives has his page."""
    for _ in range(5000):
        ready = world.runnable()
        if ready:
            world.step(ready[rng.randrange(len(ready))])
        elif all(visit.over or visit.process in world.dead for visit in world.visits):
            return
        else:
            world.clock.now += 0.05
        world.check()
    raise AssertionError("somebody waits for ever")


visits = st.lists(st.integers(0, 2), min_size=1, max_size=12)


@given(visits, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_crowd_costs_one_render(processes, rng):
    world = World(processes=3)
    for process in processes:
        world.ask(process)
    finish(world, rng)
    assert world.renders == 1


@given(visits, st.randoms(use_true_random=False), st.integers(0, 40), st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_a_process_that_dies_holds_nobody_up(processes, rng, steps, victim):
    world = World(processes=3)
    for process in processes:
        world.ask(process)
    for _ in range(steps):
        ready = world.runnable()
        if ready:
            world.step(ready[rng.randrange(len(ready))])
        else:
            world.clock.now += 0.05
        world.check()
    world.kill(victim)
    finish(world, rng)
    alive = [visit for visit in world.visits if visit.process not in world.dead]
    assert all(visit.over for visit in alive)
    assert world.stored or not alive
    assert world.clock.now <= LIMIT * 2


@given(visits, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_what_can_not_be_stored_does_not_queue(processes, rng):
    world = World(processes=3, storable=False)
    for process in processes:
        world.ask(process)
    finish(world, rng)
    assert world.renders == len(processes)
    assert world.clock.now < 1.0  # nobody waited for more than one other
    more = len(world.visits)
    for process in processes:
        world.ask(process)
    finish(world, rng)
    assert world.renders == more * 2
