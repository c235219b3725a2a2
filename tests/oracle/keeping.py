"""Pages kept as a store would keep them, without doors: a render's bytes, tags and S0."""

from __future__ import annotations

from collections.abc import Callable, Collection

from freshpage.cacheability import EVERYTHING
from freshpage.request import Request
from freshpage.sequence import Sequence
from freshpage.tracking.record import Record, recording


class Tags:
    """A store of tags alone."""

    def __init__(self) -> None:
        self.epoch = 0
        self.start_over()

    def start_over(self) -> None:
        """Begin another life."""
        self.epoch += 1
        self.number = 0
        self.last: dict[str, int] = {}
        self.noted: list[bytes] = []
        self.counted = 0

    def sequence(self) -> Sequence:
        return Sequence(self.epoch, self.number)

    def invalidate(self, tags: Collection[str]) -> int:
        self.number += 1
        self.counted += len(tags)
        self.last.update(dict.fromkeys(tags, self.number))
        return self.number

    def mean(self, tables: Collection[str]) -> int:
        return 0

    def done(self, number: int) -> None:
        pass

    def note(self, item: bytes) -> None:
        self.noted.append(item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        return len(self.noted), self.noted[since:]


TAGS = Tags()


class Kept:
    """A page: rendered when it is first asked for, and again once it is invalid."""

    def __init__(self, render: Callable[[], str], asked: Request | None = None) -> None:
        self.render = render
        self.asked = asked
        self.fill()

    def fill(self) -> None:
        self.sequence = TAGS.sequence()
        self.record = Record(sent=self.asked)
        with recording(self.record):
            self.text = self.render()
        self.declared = self.record.cacheability

    @property
    def stored(self) -> bool:
        return not (self.record.refusal or self.record.loss)

    @property
    def fresh(self) -> bool:
        """Whether it would be served."""
        return (
            self.stored
            and self.sequence.epoch == TAGS.epoch
            and all(
                TAGS.last.get(tag, 0) <= self.sequence.number
                for tag in self.declared.tags | {EVERYTHING}
            )
        )

    @property
    def right(self) -> bool:
        """Whether it is what a render would give now."""
        return self.text == self.render()
