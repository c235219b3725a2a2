"""Contract 1 through the doors: whatever a page reads, in whatever order, each visitor gets
from the cache what the site would give him by itself.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, given, settings

from tests.doors.programs import programs, visitors
from tests.doors.raw import ask
from tests.doors.site import PROGRAM
from tests.doors.test_usual_stack import LOCALE

# make it many to hunt for what a few do not find
EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
_numbers = count()


def test_the_answer_is_the_one_without_a_cache(make_visitor, door):
    visitor = make_visitor(door, LOCALE)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(programs, visitors())
    def holds(program, asked):
        PROGRAM[:] = [program.show]
        path = b"/program/%d" % next(_numbers)  # a page of its own
        for raw in asked + asked[::-1]:
            here = replace(raw, path=path)
            alone = ask(visitor.bare, visitor.is_async, here)
            got = ask(visitor.application, visitor.is_async, here)
            assert got.shown == alone.shown
        again = ask(visitor.application, visitor.is_async, here)
        assert again.hit or alone.status == 400  # Django refuses some queries

    holds()
