"""The SQLite store's file: damaged, full, locked, deleted, forbidden, of another version."""

from __future__ import annotations

import ast
import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from freshpage.sequence import Standing
from freshpage.stores import Held, Store, StoreError
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.sqlite_schema import beside
from freshpage.stores.tiered import TieredStore
from tests.stores.examples import CODEC, LIFE, NOW, make_axes, make_entry

KEY = b"key"
BUDGET = 2**24


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pages.sqlite3"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteStore]]:
    stores = []

    def open_one(where: Path = path, budget: int = BUDGET) -> SqliteStore:
        stores.append(SqliteStore(where, CODEC, budget=budget))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., SqliteStore]) -> SqliteStore:
    return opened()


def keep(store: Store, key: bytes = KEY, *tags: str, size: int = 100) -> Held:
    entry = make_entry(store.sequence(), tags or ("a",), key * (size // len(key)))
    assert store.put(key, entry)
    return Held(entry, Standing.VALID)


def works(store: Store) -> bool:
    held = keep(store, b"works", "works")
    fine = store.get(b"works") == held
    store.invalidate(["works"])
    gone = store.get(b"works")
    return fine and (gone is None or gone.standing is Standing.INVALID)


# -- the file -----------------------------------------------------------------------------


def test_files_are_for_their_owner_alone(store: SqliteStore, path: Path) -> None:
    keep(store)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [
        path.name + suffix for suffix in ("", "-pulse", "-shm", "-wal")
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_any_file_name_will_do(tmp_path: Path, opened: Callable[..., SqliteStore]) -> None:
    store = opened(tmp_path / "a?b#c%20d ä.db")
    assert works(store)
    assert (tmp_path / "a?b#c%20d ä.db").exists()


def test_a_body_is_copied_once(store: SqliteStore) -> None:
    held = keep(store, size=100_000)
    found = store.get(KEY)
    assert found == held
    assert type(found.node.body) is bytes  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\0" * 4096])
def test_a_file_of_somebody_elses_is_not_touched(
    store: SqliteStore, path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    for call in (store.pulse, store.sequence, lambda: store.get(KEY), lambda: keep(store)):
        with pytest.raises(StoreError, match=r"pages\.sqlite3 is none of freshpage's"):
            call()
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_another_programs_database_is_not_touched(store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE precious (a)")
    with pytest.raises(StoreError, match="none of freshpage's"):
        store.invalidate(["a"])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM precious").fetchall() == []


def test_a_pulse_of_somebody_elses_is_not_touched(store: SqliteStore, path: Path) -> None:
    pulse = path.with_name(path.name + "-pulse")
    pulse.write_bytes(b"x" * 100)
    with pytest.raises(StoreError, match=r"pages\.sqlite3-pulse is none of freshpage's"):
        store.pulse()
    assert pulse.read_bytes() == b"x" * 100


def test_an_empty_file_is_as_good_as_none(store: SqliteStore, path: Path) -> None:
    path.touch()
    assert works(store)


def test_a_missing_folder_is_named(tmp_path: Path, opened: Callable[..., SqliteStore]) -> None:
    store = opened(tmp_path / "nowhere" / "pages.sqlite3")
    with pytest.raises(StoreError, match=r"its folder .*/nowhere is missing"):
        store.get(KEY)
    (tmp_path / "nowhere").mkdir()
    assert works(store)


def test_a_folder_in_place_of_the_file(tmp_path: Path, opened: Callable[..., SqliteStore]) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder"):
        opened(tmp_path / "folder").get(KEY)


def test_a_symbolic_link_in_place_of_the_pulse_is_refused(store: SqliteStore, path: Path) -> None:
    target = path.with_name("target")
    path.with_name(path.name + "-pulse").symlink_to(target)
    with pytest.raises(StoreError, match=r"pages\.sqlite3-pulse"):
        store.get(KEY)
    assert not target.exists()


FORBIDDEN = """
import os, sys
from pathlib import Path
from freshpage.entry import Codec
from freshpage.stores import StoreError
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.sqlite_schema import beside
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    SqliteStore(Path(sys.argv[1]), Codec(["s"]), budget=10**6).get(b"key")
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("locked_up", ["folder", "file"])
def test_what_permissions_forbid_is_said(store: SqliteStore, path: Path, locked_up: str) -> None:
    if locked_up == "file":
        keep(store)
        store.close()
        for file in path.parent.iterdir():
            file.chmod(0o444)
    for folder in path.parents[:-1]:
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o755 if locked_up == "file" or os.getuid() == 0 else 0o555)
    said = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, str(path)],
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    path.parent.chmod(0o755)
    assert str(path) in said
    assert "Permission denied" in said


# -- damage -----------------------------------------------------------------------------------


def damage(path: Path, change: Callable[[bytearray], object]) -> None:
    """Change a file's bytes in place, as a bad disk does (from another process's view)."""
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def asked_after_damage(store: Store, held: Held) -> None:
    """Everything asked of a damaged store: an answer that is right, or StoreError."""
    for _ in range(2):
        with suppress(StoreError):
            assert store.get(KEY) in (held, None, Held(held.node, Standing.INVALID))
        with suppress(StoreError):
            held_back = store.get(b"invalidated")
            assert held_back is None or held_back.standing is Standing.INVALID
        with suppress(StoreError):
            store.sequence()
        with suppress(StoreError):
            assert store.get(b"axes") in (Held(make_axes(), Standing.VALID), None)
        with suppress(StoreError):
            store.sweep(NOW)


def test_a_changed_byte_anywhere(path: Path, opened: Callable[..., SqliteStore]) -> None:
    """A step through the whole file, and every byte of the header and of the tags."""
    first = opened()
    held = keep(first, size=20_000)
    first.put(b"axes", make_axes())
    keep(first, b"invalidated", "b")
    first.invalidate(["b", "c"])
    first.close()
    content = path.read_bytes()
    pulse = path.with_name(path.name + "-pulse").read_bytes()
    with closing(sqlite3.connect(path)) as db:
        pages = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name IN ('meta', 'tags', 'tags_by_age')"
        ).fetchall()
    counters = []
    for page in [page * 8192 for (page,) in pages]:
        counters += [*range(page - 8192, page - 8192 + 20), *range(page - 36, page)]
    for at in [*range(110), *counters, *range(120, len(content), 1999)]:
        path.write_bytes(content)
        path.with_name(path.name + "-pulse").write_bytes(pulse)
        damage(path, lambda data, at=at: data.__setitem__(at, data[at] ^ 0xFF))  # type: ignore[misc]
        store = opened()
        asked_after_damage(store, held)
        store.close()
        with suppress(StoreError):
            assert works(store)
        store.close()


def test_truncated_anywhere(path: Path, opened: Callable[..., SqliteStore]) -> None:
    first = opened()
    held = keep(first, size=20_000)
    first.put(b"axes", make_axes())
    keep(first, b"invalidated", "b")
    first.invalidate(["b"])
    first.close()
    content = path.read_bytes()
    for length in [0, 1, 50, 99, 100, *range(512, len(content), 3001), len(content) - 1]:
        path.write_bytes(content[:length])
        store = opened()
        asked_after_damage(store, held)
        assert works(store)
        store.close()


def test_damage_while_in_use_starts_over(
    store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiered = TieredStore(store, 2**20)
    keep(tiered)
    entry = keep(tiered, b"in memory").node
    store.close()
    damage(path, lambda data: data.__setitem__(slice(100, None), b"\xff" * (len(data) - 100)))
    with caplog.at_level(logging.WARNING, "freshpage.stores"):
        with suppress(StoreError):
            tiered.get(KEY)
        assert works(tiered)
    assert "pages.sqlite3 is started over: " in caplog.text
    held = tiered.get(b"in memory")
    assert held is None or held == Held(entry, Standing.INVALID)


@pytest.mark.parametrize("name", ["", "-wal", "-shm", "-pulse"])
def test_garbage_in_any_of_its_files(
    name: str, path: Path, opened: Callable[..., SqliteStore]
) -> None:
    store = opened()
    held = keep(store, size=5000)
    keep(store, b"invalidated", "b")
    store.invalidate(["b"])
    # as if this process had been killed: its log is left behind
    copies = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    store.close()
    for file, content in copies.items():
        path.with_name(file).write_bytes(content)
    damage(path.with_name(path.name + name), lambda data: data.__setitem__(slice(16, None), b"x"))
    other = opened()
    asked_after_damage(other, held)
    if name != "-pulse":
        assert works(other)


def test_a_lost_log_is_a_lost_counter(path: Path, opened: Callable[..., SqliteStore]) -> None:
    """Somebody deletes pages.sqlite3-wal, and with it an invalidation."""
    store = opened()
    entry = keep(store).node
    store.close()
    copy = path.read_bytes()
    store.invalidate(["a"])
    store.close()
    path.write_bytes(copy)
    again = opened()
    assert again.get(KEY) is None
    assert again.standing(entry) is Standing.INVALID  # type: ignore[arg-type]


def test_a_copy_of_the_database_from_another_epoch(
    path: Path, opened: Callable[..., SqliteStore]
) -> None:
    store = opened()
    keep(store)
    store.close()
    path.with_name(path.name + "-pulse").unlink()
    with pytest.raises(StoreError, match="none of freshpage's"):
        store.get(KEY)
    path.unlink()
    assert store.get(KEY) is None


def test_an_earlier_version_is_started_over_and_a_later_one_left_alone(
    path: Path, opened: Callable[..., SqliteStore]
) -> None:
    store = opened()
    keep(store)
    store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="later version of freshpage"):
        opened().get(KEY)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM entries").fetchone() == (1,)
        db.execute("PRAGMA user_version = 0")
    again = opened()
    assert again.get(KEY) is None
    assert works(again)


def test_after_the_machine_was_started_anew_all_is_invalid(
    path: Path, opened: Callable[..., SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    entry = keep(store).node
    store.close()
    monkeypatch.setattr("freshpage.stores.pulse.boot_id", lambda: b"another boot id!")
    again = opened()
    assert again.get(KEY) is None
    assert again.standing(entry) is Standing.INVALID  # type: ignore[arg-type]


# -- deleted while in use -------------------------------------------------------------------------


def test_deleted_while_in_use(path: Path, opened: Callable[..., SqliteStore]) -> None:
    """By an operator, say: what another process does afterwards is noticed within a second."""
    store = TieredStore(opened(), 2**20)
    entry = keep(store).node
    assert store.get(KEY) is not None
    for file in path.parent.iterdir():
        file.unlink()
    other = opened()
    other.invalidate(["a"])
    pulse = store.lower._file._pulse  # type: ignore[attr-defined]
    pulse._looked -= 1  # a second passes
    assert store.get(KEY) is None
    assert store.standing(entry) is Standing.INVALID  # type: ignore[arg-type]
    assert store.sequence() == other.sequence()


def test_deleted_while_in_use_and_invalidated_here(
    path: Path, opened: Callable[..., SqliteStore]
) -> None:
    store = opened()
    keep(store)
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    store.invalidate(["a"])
    assert store.get(KEY) is None
    assert opened().sequence() == store.sequence()


def test_only_the_database_is_deleted(path: Path, opened: Callable[..., SqliteStore]) -> None:
    """Whoever makes the new one tells the others at once, by the pulse."""
    store = TieredStore(opened(), 2**20)
    keep(store)
    assert store.get(KEY) is not None
    path.unlink()
    opened().sequence()
    assert store.get(KEY) is None
    assert works(store)


# -- full, locked ---------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"\0" * 1024)


def test_a_full_disk(small_disk: Path, opened: Callable[..., SqliteStore]) -> None:
    """Nothing is stored, and what is invalidated is gone all the same."""
    path = small_disk / "pages.sqlite3"
    store = TieredStore(opened(path), 2**20)
    held, other = keep(store), keep(store, b"other", "b")
    assert store.get(KEY) == held
    fill(small_disk)
    entries = [make_entry(store.sequence(), body=b"x" * 50_000)] * 100
    with pytest.raises(StoreError, match=r"pages\.sqlite3: .*(full|I/O)"):
        assert all(store.put(b"%d" % number, entry) for number, entry in enumerate(entries))
    with suppress(StoreError):
        assert store.get(b"other") in (other, None)
    fill(small_disk)
    with suppress(StoreError):
        store.invalidate(["a"])
    (small_disk / "ballast").unlink()
    found = store.get(KEY)
    assert found is None or found.standing is Standing.INVALID
    assert works(store)


def test_a_full_disk_from_the_start(small_disk: Path, opened: Callable[..., SqliteStore]) -> None:
    fill(small_disk)
    store = opened(small_disk / "pages.sqlite3")
    with pytest.raises(StoreError, match=r"pages\.sqlite3"):
        store.get(KEY)
    (small_disk / "ballast").unlink()
    assert works(store)


def test_locked_by_another_program(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads go on, storing gives up at once, and an invalidation starts over."""
    monkeypatch.setattr("freshpage.stores.sqlite.PATIENT", 0.06)
    held, entry = keep(store), make_entry(store.sequence(), ("b",))
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.put(b"other", entry)
        assert store.get(KEY) == held
        store.invalidate(["a"])
        assert store.get(KEY) is None
        assert works(store)


# -- budget, sweeping -------------------------------------------------------------------------


def test_the_oldest_make_room(opened: Callable[..., SqliteStore], path: Path) -> None:
    store = opened(budget=2**20)
    for number in range(300):
        keep(store, b"%03d" % number, size=10_000)
        assert (store.stats().bytes or 0) <= 2**20
    assert store.get(b"299") is not None
    assert store.get(b"000") is None
    kept = [number for number in range(300) if store.get(b"%03d" % number)]
    assert kept == list(range(kept[0], 300))
    assert len(kept) > 50
    assert store.stats().entries == len(kept)
    store.close()
    assert path.stat().st_size < 1.2 * 2**20


def test_what_is_too_large_is_not_kept_and_evicts_nothing(
    opened: Callable[..., SqliteStore],
) -> None:
    store = opened(budget=2**20)
    held = keep(store)
    assert not store.put(b"large", make_entry(store.sequence(), body=b"x" * 2**20))
    assert store.get(b"large") is None
    assert store.get(KEY) == held


def test_storing_drops_a_few_of_what_expired(store: SqliteStore) -> None:
    for number in range(20):
        gone = make_entry(store.sequence(), expires=NOW - number - 1, response_time=NOW - LIFE)
        store.put(b"%d" % number, gone)
    for number in range(5):
        keep(store, b"new %d" % number)
    assert store.stats().entries == 5


def test_sweeping_keeps_within_nine_tenths(opened: Callable[..., SqliteStore]) -> None:
    store = opened(budget=2**20)
    for number in range(150):
        keep(store, b"%03d" % number, size=10_000)
    dropped = store.sweep(NOW)
    assert dropped > 0
    assert (store.stats().bytes or 0) <= 2**20 * 9 // 10
    assert store.get(b"149") is not None


def test_nothing_imports_what_turns_bytes_into_code() -> None:
    """Contract 7."""
    sources = list((Path(__file__).parents[2] / "src").rglob("*.py"))
    imported = set()
    for node in [node for source in sources for node in ast.walk(ast.parse(source.read_text()))]:
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    assert "msgspec" in imported
    assert not imported & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


# -- the pulse --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 20, 30])
def test_a_truncated_pulse(path: Path, opened: Callable[..., SqliteStore], size: int) -> None:
    """Nothing is trusted from then on, until a new life begins; no process dies of it."""
    store, other = TieredStore(opened(), 2**20), opened()
    entry = keep(store).node
    assert other.sequence() == store.sequence()
    assert store.get(KEY) is not None
    os.truncate(beside(path, "-pulse"), size)
    for one in (store.lower, other):
        assert one.pulse() != one.pulse() or size > 24  # type: ignore[attr-defined]
        one._file._pulse._looked -= 1  # type: ignore[attr-defined] (a second passes)
    assert store.get(KEY) is None
    assert other.standing(entry) is Standing.INVALID  # type: ignore[arg-type]
    assert store.sequence() == other.sequence()
    assert works(store)
    assert works(other)


def test_a_pulse_truncated_just_before_an_invalidation(
    path: Path, opened: Callable[..., SqliteStore]
) -> None:
    store = opened()
    entry = keep(store).node
    os.truncate(beside(path, "-pulse"), 0)
    store.invalidate(["a"])
    assert store.standing(entry) is Standing.INVALID  # type: ignore[arg-type]
    assert works(store)


@pytest.mark.parametrize("closed", [True, False])
def test_somebody_closes_every_file(opened: Callable[..., SqliteStore], closed: bool) -> None:
    """As daemons do; then another is opened in their places."""
    store = opened()
    keep(store)
    fd = store._file._pulse._fd  # type: ignore[union-attr]
    with Path("/dev/zero").open("rb") as zeros:
        os.close(fd) if closed else os.dup2(zeros.fileno(), fd)
        try:
            assert store.pulse() != store.pulse()
            with pytest.raises(StoreError, match="closed"):
                store.sequence()
            store._file._pulse._looked -= 1  # type: ignore[union-attr]
            assert works(store)
            if not closed:
                os.fstat(fd)  # it is not ours, so it was left open
        finally:
            store.close()
            if not closed:
                os.close(fd)
