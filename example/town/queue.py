"""Who waits at the citizens' office: numbers made up from the clock, for there is no office."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime

MINUTES_EACH = 7


@dataclass(frozen=True, slots=True)
class Desk:
    number: int
    serving: str
    waiting: int

    @property
    def minutes(self) -> int:
        return self.waiting * MINUTES_EACH


def desks(count: int, at: datetime) -> list[Desk]:
    """The desks at the minute ``at`` falls in."""
    found = []
    for number in range(1, count + 1):
        chance = random.Random(f"{at:%Y%m%d%H%M} {number}")
        serving = f"{'ABCDEFGH'[number % 8]}{(at.hour * 60 + at.minute) // MINUTES_EACH:03d}"
        found.append(Desk(number, serving, chance.randint(0, 9)))
    return found
