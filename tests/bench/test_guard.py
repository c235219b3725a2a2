"""No change makes hits much dearer unseen.

Instructions are counted (valgrind), which no other load on the machine changes, and compared
with those of some calls and look-ups in the same Python. A change that is worth it raises the
limit here, and says so.
"""

from __future__ import annotations

import os
import shutil

import pytest

from bench.hit import ASKED, counts

# 1.3 times what it is; of our own and the loop of the bench together
MOST = {"wsgi": 4.3, "asgi": 6.0}  # times what the yardstick takes


def test_a_hot_hit_costs_no_more_than_it_did():
    if shutil.which("valgrind") is None:
        assert os.environ.get("CI") != "true", "valgrind is missing"
        pytest.skip("valgrind is not there (Debian: apt install valgrind)")
    counted = dict(zip(ASKED, counts("freshpage-sqlite"), strict=True))
    yardstick = counted.pop("yardstick")
    costs = {door: count / yardstick for door, count in counted.items()}
    assert {door: cost for door, cost in costs.items() if cost > MOST[door]} == {}, costs
    assert all(cost > 1 for cost in costs.values()), "nothing was counted"
