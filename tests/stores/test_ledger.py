"""What a process owed when it died is paid by the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from freshpage.stores.ledger import Debts, Ledger

OTHER = """
import sys, pathlib
from freshpage.stores.ledger import Ledger
ledger = Ledger(pathlib.Path(sys.argv[1]))
{act}
print("ready", flush=True)
sys.stdin.read()
{end}
"""


def other(directory, act: str, end: str = ""):
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER.format(act=act, end=end), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout.readline().strip() == "ready"
    return process


def found(directory) -> list[Debts]:
    paid: list[Debts] = []
    Ledger(directory).settle(paid.append)
    return paid


@pytest.mark.parametrize(
    ("act", "owed"),
    [
        ("ledger.mean(['one', 'two'])", [({"one", "two"}, set())]),
        ("ledger.owe(['tag'])", [(set(), {"tag"})]),
        ("ledger.mean(['one']); ledger.owe(['tag'])", [({"one"}, {"tag"})]),
        ("ledger.done(ledger.mean(['one']))", []),
        ("ledger.owe(['tag']); ledger.owe([])", []),
        (
            "number = ledger.mean(['one']); ledger.mean(['two']); ledger.done(number)",
            [({"two"}, set())],
        ),
    ],
)
def test_a_killed_process(tmp_path, act, owed):
    process = other(tmp_path / "ledger", act)
    assert found(tmp_path / "ledger") == []  # it lives
    process.send_signal(signal.SIGKILL)
    process.communicate()
    paid = found(tmp_path / "ledger")
    assert [(set(debts.meant), set(debts.owed)) for debts in paid] == owed
    assert found(tmp_path / "ledger") == []
    assert list((tmp_path / "ledger").iterdir()) == []


def test_a_process_that_ends_well_leaves_nothing(tmp_path):
    process = other(tmp_path / "ledger", "ledger.done(ledger.mean(['one']))", "ledger.close()")
    process.communicate("")
    assert list((tmp_path / "ledger").iterdir()) == []


def test_who_can_not_pay_leaves_it_to_the_next(tmp_path):
    process = other(tmp_path / "ledger", "ledger.owe(['tag'])")
    process.kill()
    process.communicate()

    def fail(debts):
        raise OSError("the store is down")

    with pytest.raises(OSError, match="down"):
        Ledger(tmp_path / "ledger").settle(fail)
    assert [debts.owed for debts in found(tmp_path / "ledger")] == [("tag",)]


def test_what_can_not_be_read_may_be_anything(tmp_path):
    (tmp_path / "1-damaged").write_bytes(b"\xc1 no such thing")
    assert [debts.all for debts in found(tmp_path)] == [True]


def test_a_fork_has_a_file_of_its_own(tmp_path):
    ledger = Ledger(tmp_path / "ledger")
    ledger.mean(["parent"])
    child = os.fork()
    if child == 0:
        ledger.mean(["child"])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    paid: list[Debts] = []
    ledger.settle(paid.append)
    assert [debts.meant for debts in paid] == [("child",)]
    ledger.settle(paid.append)
    assert len(paid) == 1


def test_where_nothing_can_be_written_it_is_said_and_nothing_fails(tmp_path, caplog):
    (tmp_path / "ledger").write_text("no folder")
    ledger = Ledger(tmp_path / "ledger")
    ledger.done(ledger.mean(["one"]))
    ledger.owe(["tag"])
    ledger.settle(lambda debts: None)
    ledger.close()
    assert [record.name for record in caplog.records] == ["freshpage"]
