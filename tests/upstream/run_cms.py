"""Runs tests of django-cms's own suite, unmodified, with freshpage's app installed.

    python run_cms.py OUTCOMES.json LABEL...

from the root of django-cms's source distribution. OUTCOMES.json becomes {test: ""} for each
test that passed, and {test: what went wrong} for the others.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from run_django import Outcomes


def commit_in_test_cases() -> None:
    """Have what waits for a commit run when a ``TestCase`` has no transaction open but its own.

    That one is never committed, so an edit would be taken back before it is announced.
    """
    from django.db import transaction
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.transaction import Atomic

    from freshpage.tracking import transactions

    leave, wait, add = Atomic.__exit__, BaseDatabaseWrapper.on_commit, transactions.add

    def settle(connection: Any) -> None:
        if all(block._from_testcase for block in connection.atomic_blocks):
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for _, announce, _ in waiting:
                announce()

    def leave_and_settle(self: Atomic, *fault: Any) -> None:
        leave(self, *fault)
        settle(transaction.get_connection(self.using))

    def wait_or_settle(self: Any, *args: Any, **kwargs: Any) -> None:
        wait(self, *args, **kwargs)
        settle(self)

    def add_and_settle(connection: Any, *args: Any) -> None:
        add(connection, *args)
        settle(connection)

    transactions.add = add_and_settle
    Atomic.__exit__ = leave_and_settle
    BaseDatabaseWrapper.on_commit = wait_or_settle


def main(outcomes: Path, labels: list[str]) -> None:
    """Run the tests, then write what became of them."""
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "cms_settings"
    import django
    from django.test.runner import DiscoverRunner

    django.setup()
    commit_in_test_cases()
    DiscoverRunner.get_resultclass = lambda self: Outcomes
    DiscoverRunner(verbosity=0, interactive=False).run_tests(labels)
    outcomes.write_text(json.dumps(Outcomes.kept))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
