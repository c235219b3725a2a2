"""The Redis store's server: secret, encrypted, a cluster, restarted, hanging, full."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from freshpage.entry import Entry
from freshpage.sequence import Sequence, Standing
from freshpage.settings import Settings
from freshpage.stores import Held, Store, StoreError, open_store
from freshpage.stores.redis import RedisStore
from freshpage.stores.tiered import TieredStore
from tests.servers import RedisServer, free_port, program, redis_server
from tests.stores.backings import RedisBacking
from tests.stores.examples import CODEC, LIFE, make_axes, make_entry

KEY = b"key"


def bare(url: str, key_prefix: str = "") -> Store:
    """Without a memory tier."""
    return open_store(url, codec=CODEC, settings=Settings(memory_bytes=0, key_prefix=key_prefix))


def keep(store: Store, key: bytes = KEY, tag: str = "a") -> Held:
    entry = make_entry(store.sequence(), (tag,))
    assert store.put(key, entry)
    return Held(entry, Standing.VALID)


def works(store: Store) -> bool:
    held = keep(store, b"works", "works")
    fine = store.get(b"works") == held
    store.invalidate(["works"])
    gone = store.get(b"works")
    return fine and gone is not None and gone.standing is Standing.INVALID


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    """A server to be ill-treated."""
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def backing(redis: RedisServer) -> Iterator[RedisBacking]:
    backing = RedisBacking(redis.url)
    yield backing
    backing.close()


# -- where it is -------------------------------------------------------------------------


def test_password_and_database(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="p@ss") as server:
        url = server.url[:-2] + "/3"
        assert works(bare(url))
        client = Redis.from_url(url)
        assert client.dbsize() == 3  # the tags, an entry, the news
        assert client.info("keyspace").keys() == {"db3"}
        client.close()
        with pytest.raises(StoreError, match="invalid username-password") as caught:
            bare(url.replace("p%40ss", "wrong")).get(KEY)
        assert "wrong" not in str(caught.value)


def test_valkey_is_spelled_its_own_way(redis: RedisServer) -> None:
    assert works(bare(redis.url.replace("redis", "valkey", 1), "valkey"))


def test_tls(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([program("openssl"), *request, *names, *files], check=True, capture_output=True)
    options = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    options += ["--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"]
    query = f"?ssl_ca_certs={certificate}"
    with redis_server(tmp_path, *options, scheme="rediss", query=query) as server:
        assert works(bare(server.url))
        assert works(bare(server.url.replace("rediss", "valkeys")))
        with pytest.raises(StoreError, match="CERTIFICATE_VERIFY_FAILED"):
            bare(server.url.partition("?")[0]).get(KEY)


def test_a_cluster(cluster: RedisServer) -> None:
    url = cluster.url.replace("redis://", "redis+cluster://").removesuffix("/0")
    store = bare(url, "a site {with} braces")
    assert works(store)
    assert works(bare(url))
    store.put(b"axes", make_axes())
    store.delete(b"axes")
    assert store.get(b"axes") is None
    pulse = store.pulse()
    store.invalidate(["a"])
    assert store.pulse() != pulse
    store.close()


def test_entries_lie_all_over_a_cluster(cluster: RedisServer) -> None:
    store = bare(cluster.url.replace("redis://", "redis+cluster://").removesuffix("/0"), "wide")
    for number in range(50):
        keep(store, b"%d" % number)
    store.invalidate(["another"])
    with cluster.client() as client:
        names = client.keys("*freshpage:wide*")
        slots = {client.cluster("KEYSLOT", name) for name in names}
    assert len(names) == 50 + 2  # the tags, the news
    assert len(slots) > 40


def test_a_cluster_that_is_not_there() -> None:
    store = bare(f"redis+cluster://127.0.0.1:{free_port()}")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"127\.0\.0\.1"):
            store.get(KEY)


# -- when it is ill ----------------------------------------------------------------------------


def test_a_server_that_is_not_there() -> None:
    port = free_port()
    store = bare(f"redis://:secret@127.0.0.1:{port}/0")
    entry = make_entry(Sequence(1, 1))
    calls = [
        store.pulse,
        store.sequence,
        lambda: store.get(KEY),
        lambda: store.put(KEY, entry),
        lambda: store.delete(KEY),
        lambda: store.standing(entry),
        lambda: store.invalidate(["a"]),
    ]
    for call in calls:
        with pytest.raises(StoreError, match=rf"^127\.0\.0\.1:{port}/0: .*refused"):
            call()


def within_seconds(condition: Callable[[], bool]) -> bool:
    """Whether something comes to be before long."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(StoreError):
            if condition():
                return True
        time.sleep(0.02)
    return False


def test_a_server_that_hangs(own: RedisServer) -> None:
    store = TieredStore(RedisStore(own.url, CODEC, times=(0.5, 0.5)), 2**20)
    held = keep(store)
    assert store.get(KEY) == held
    os.kill(own.pid, signal.SIGSTOP)
    try:
        for call in (store.pulse, store.sequence, lambda: store.get(KEY)):
            with pytest.raises(StoreError, match=r"[Tt]imeout"):
                call()
    finally:
        os.kill(own.pid, signal.SIGCONT)
    assert within_seconds(lambda: works(store))


def test_a_server_that_was_restarted(tmp_path: Path) -> None:
    """The pool's connections are dead, and the counters gone: asked again, once."""
    with redis_server(tmp_path) as server:
        store = TieredStore(bare(server.url), 2**20)
        entry = keep(store).node
        assert isinstance(entry, Entry)
        assert store.get(KEY) is not None
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    with redis_server(tmp_path, port=port):
        assert store.get(KEY) is None
        assert store.standing(entry) is Standing.INVALID
        assert not store.put(KEY, entry)
        assert works(store)


def test_a_server_that_forgot_the_scripts(backing: RedisBacking) -> None:
    store = backing.open()
    held = keep(store)
    backing.client.script_flush()
    assert store.get(KEY) == held
    backing.client.script_flush()
    assert works(store)


def test_a_server_without_memory_left(own: RedisServer) -> None:
    """Nothing is stored, and what is invalidated is gone all the same."""
    store = TieredStore(bare(own.url), 2**20)
    keep(store)
    assert store.get(KEY) is not None
    client = own.client()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1mb")
    entry = make_entry(store.sequence(), ("b",), b"x" * 10_000)
    with pytest.raises(StoreError, match="maxmemory"):
        assert all(store.put(b"%d" % number, entry) for number in range(1000))
    store.invalidate(["a"])
    held = store.get(KEY)
    assert held is None or held.standing is Standing.INVALID
    client.config_set("maxmemory", "0")
    client.close()
    assert works(store)


def test_a_server_that_evicts(own: RedisServer) -> None:
    """Whatever it evicts, what was invalidated stays so."""
    store = bare(own.url)
    old = [keep(store, b"%d" % number, f"tag {number}").node for number in range(20)]
    store.invalidate([f"tag {number}" for number in range(20)])
    client = own.client()
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", "2mb")
    for number in range(400):
        store.put(b"more %d" % number, make_entry(store.sequence(), body=b"x" * 10_000))
    for number, entry in enumerate(old):
        assert isinstance(entry, Entry)
        assert store.standing(entry) is Standing.INVALID
        held = store.get(b"%d" % number)
        assert held is None or held.standing is Standing.INVALID
    client.close()


def test_a_server_that_fell_back(backing: RedisBacking) -> None:
    """A replica took over that had not heard of the last invalidation yet."""
    tags = backing._name(KEY).rpartition(":")[0] + ":tags"
    for ask in ("pulse", "sequence"):
        store = TieredStore(backing.open(), 2**20)
        entry = keep(store).node
        assert isinstance(entry, Entry)
        assert store.get(KEY) is not None
        copy = backing.client.dump(tags)
        store.invalidate(["a"])
        backing.client.restore(tags, 0, copy, replace=True)
        with pytest.raises(StoreError, match="has lost invalidations"):
            getattr(store, ask)()
        assert store.standing(entry) is Standing.INVALID
        assert works(store)


def test_a_miss_takes_one_round_trip(backing: RedisBacking) -> None:
    store = TieredStore(backing.open(), 2**20)
    store.get(KEY)
    calls = backing.client.info("commandstats")
    store.get(b"another")
    after = backing.client.info("commandstats")
    sent = {
        name: after[name]["calls"] - calls.get(name, {"calls": 0})["calls"]
        for name in after
        if name.startswith(("cmdstat_evalsha", "cmdstat_z", "cmdstat_h"))
    }
    assert sent["cmdstat_evalsha"] == 1
    assert sum(sent.values()) == 3  # the body beside it, and the script's own look-up


# -- what is in it ------------------------------------------------------------------------------


def test_entries_expire_by_the_server(backing: RedisBacking) -> None:
    store = backing.open()
    keep(store)
    assert 0 < backing.client.pttl(backing._name(KEY)) <= LIFE * 1000
    store.put(KEY, make_entry(store.sequence(), expires=1.0))
    assert store.get(KEY) is None


def test_tags_that_were_exchanged(backing: RedisBacking) -> None:
    """The digests beside an entry are not signed; the entry they are compared with is."""
    store = backing.open()
    keep(store)
    keep(store, b"other", "b")
    name = backing._name(KEY)
    for tags in (b"", backing.client.hget(backing._name(b"other"), "tags"), b"x" * 7):
        backing.client.hset(name, "tags", tags)
        assert store.get(KEY) is None
    backing.client.hdel(name, "tags")
    assert store.get(KEY) is None


def test_something_else_under_an_entrys_name(backing: RedisBacking) -> None:
    store = backing.open()
    backing.client.set(backing._name(KEY), b"a string")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.get(KEY)
    assert works(store)


def test_records_stay_within_their_number(backing: RedisBacking) -> None:
    store = backing.open(tag_records=50)
    for number in range(500):
        store.invalidate([f"tag {number}", f"tag {number + 1}"], soft=number % 3 == 0)
    tags = backing._name(KEY).rpartition(":")[0] + ":tags"
    assert backing.client.zcard(tags) <= 50 + 3


def test_two_sites_names_never_meet(redis: RedisServer) -> None:
    one, two = (RedisStore(redis.url, CODEC, key_prefix=prefix) for prefix in ("a}:tags", "a"))
    keep(one)
    keep(two)
    one.invalidate(["a"])
    held = two.get(KEY)
    assert held is not None
    assert held.standing is Standing.VALID
