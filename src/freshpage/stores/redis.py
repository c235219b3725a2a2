"""The store in Redis or Valkey, shared by all machines of a site.

An entry is a hash of its bytes and its tags' digests, so that one script finds and judges it
in one round trip. Epoch, sequence, floor and every tag's sequence live in *one* sorted set:
where the server evicts it they are lost together, and everything is invalid.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.commands.core import Script
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.retry import Retry

from freshpage.entry import BadEntry, Codec, Entry, Node
from freshpage.key import digest, tag_digest
from freshpage.sequence import Sequence, Standing, TagSequence
from freshpage.sequence import standing as judge
from freshpage.stores.base import (
    TAG_RECORDS,
    WAIT,
    Held,
    Peek,
    StoreError,
    StoreStats,
    random_epoch,
    random_number,
)

CONNECT = 0.1  # seconds a request waits for a connection
BRIEF = 0.05  # seconds it waits for an answer
PATIENT = 2.0  # seconds an invalidation waits for either

# In the sorted set "h" + digest is a tag's last hard invalidation, "s" + digest its last soft
# one. Epoch, number and floor are negative, so that they rank before all tags.
_COMMON = """
local function last(tags)
  local hard, soft = 0, 0
  for from = 1, #tags, 8000 do
    local names = {}
    for at = from, math.min(from + 7999, #tags), 8 do
      names[#names + 1] = 'h' .. tags:sub(at, at + 7)
      names[#names + 1] = 's' .. tags:sub(at, at + 7)
    end
    local scores = redis.call('ZMSCORE', TAGS, unpack(names))
    for at = 1, #names, 2 do
      hard = math.max(hard, tonumber(scores[at] or 0))
      soft = math.max(soft, tonumber(scores[at + 1] or 0))
    end
  end
  return hard, soft
end
local function life()
  local found = redis.call('ZMSCORE', TAGS, '#epoch', '#floor', '#number')
  return tonumber(found[1] or 0), tonumber(found[2] or 0), tonumber(found[3] or 0)
end
local function begin(epoch, number)
  if not redis.call('ZSCORE', TAGS, '#epoch') then
    redis.call('ZADD', TAGS, -epoch, '#epoch', -number, '#number', -number, '#floor')
  end
end
"""
_SEQUENCE = """
begin(ARGV[1], ARGV[2])
local epoch, _, number = life()
return {-epoch, -number}
"""
_STANDING = """
local epoch, floor = life()
return {-epoch, -floor, last(ARGV[1])}
"""
_GET = """
local found = redis.call('HMGET', KEYS[2], 'data', 'tags')
if not found[1] then return false end
local epoch, floor = life()
return {found[1], found[2] or '', -epoch, -floor, last(found[2] or '')}
"""
_PUT = """
local data, expires, tags, epoch, number = unpack(ARGV)
if epoch then
  local epoch_now, floor = life()
  if -epoch_now ~= tonumber(epoch) or tonumber(number) < -floor
    or last(tags) > tonumber(number) then return 0 end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'data', data, 'tags', tags)
redis.call('PEXPIREAT', KEYS[2], expires)
return 1
"""
_INVALIDATE = """
local kind, limit = ARGV[3], tonumber(ARGV[4])
begin(ARGV[1], ARGV[2])
local number = -tonumber(redis.call('ZINCRBY', TAGS, -1, '#number'))
for at = 5, #ARGV do redis.call('ZADD', TAGS, number, kind .. ARGV[at]) end
local over = redis.call('ZCARD', TAGS) - 3 - limit
if over > 0 then
  local floor = redis.call('ZRANGE', TAGS, 2 + over, 2 + over, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYSCORE', TAGS, 0, floor)
  redis.call('ZADD', TAGS, -floor, '#floor')
end
return number
"""


class RedisStore:
    """Nodes and tag sequences on a server, or in one slot of a cluster of them.

    :param url: redis:// or rediss://.
    :param cluster: the server is one of a cluster.
    :param key_prefix: sets apart sites that share the server.
    :param tag_records: invalidated tags to remember before the floor rises.
    :raises ValueError: for a URL that redis-py refuses.
    """

    blocking = True
    instant_pulse = False

    def __init__(
        self,
        url: str,
        codec: Codec,
        *,
        cluster: bool = False,
        key_prefix: str = "",
        tag_records: int = TAG_RECORDS,
    ) -> None:
        self._codec = codec
        self._tag_records = tag_records
        self._name = url.rpartition("@")[2].partition("?")[0]  # without the password
        # one hash tag for all: a script may use keys of one slot of a cluster only
        self._prefix = f"{{freshpage:{quote(key_prefix, safe='')}}}:".encode()
        self._tags = self._prefix + b"tags"
        self._tag_digest = lru_cache(16384)(lambda tag: tag_digest(key_prefix, tag))
        client = _cluster if cluster else _single
        self._brief = cache(lambda: client(url, CONNECT, BRIEF))
        self._patient = cache(lambda: client(url, PATIENT, PATIENT))
        self._script = cache(lambda source: Script(self._brief(), _bound(source)))
        if not cluster:
            self._brief()  # opens no connection, but reads the URL

    def pulse(self) -> int:
        """Epoch and sequence in one number: exact, at the price of a round trip.

        That a process be told of invalidations, rather than ask, takes an announcement
        stream, which there is not yet.
        """
        with self._telling():
            epoch, number = self._brief().zmscore(self._tags, ["#epoch", "#number"])
        if epoch is None or number is None:
            return -1
        return int(-epoch) << 64 | int(-number)

    def sequence(self) -> Sequence:
        """The sequence now; begun where the server has none (any more)."""
        return Sequence(*self._run(_SEQUENCE, (), (random_epoch(), random_number())))

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, with its standing, in one round trip."""
        found = self._run(_GET, (self._entry(key),), ())
        if found is None:
            return None
        data, tags, epoch, floor, hard, soft = found
        try:
            node = self._codec.unpack(key, data)
        except BadEntry:
            return None
        if not isinstance(node, Entry):
            return Held(node, Standing.VALID)
        if tags != self._digests(node.tags):
            return None  # judged by other tags than its own
        return Held(node, _judged(node, epoch, floor, hard, soft))

    def peek(self, key: bytes) -> Peek:
        """A server is never asked without waiting."""
        return WAIT

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node until it expires by the server's clock."""
        args: list[bytes | int] = [self._codec.pack(key, node), int(node.expires * 1000), b""]
        if isinstance(node, Entry):
            args[2] = self._digests(node.tags)
            args += node.sequence
        return bool(self._run(_PUT, (self._entry(key),), args))

    def delete(self, key: bytes) -> None:
        """Forget one key."""
        with self._telling():
            self._brief().unlink(self._entry(key))

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now."""
        return _judged(entry, *self._run(_STANDING, (), (self._digests(entry.tags),)))

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence; where there is no room for it, start over."""
        with self._telling():
            script, client = self._script(_INVALIDATE), self._patient()
            kind = b"s" if soft else b"h"
            digests = [self._tag_digest(tag) for tag in tags]
            begun = (random_epoch(), random_number())
            try:
                return int(
                    script([self._tags], [*begun, kind, self._tag_records, *digests], client)
                )
            except ResponseError:
                # out of memory, say: rather everything invalid than something stale
                client.unlink(self._tags)
                return 0

    def sweep(self, now: float) -> int:
        """Nothing to do: the server drops what expired, and keeps to its own budget."""
        return 0

    def stats(self) -> StoreStats:
        """Unknown: a server does not count by prefix."""
        return StoreStats(None, None)

    def close(self) -> None:
        """Close the connections."""
        for client in (self._brief, self._patient):
            if client.cache_info().currsize:
                client().close()

    def _run(self, source: str, keys: tuple[bytes, ...], args: Collection[Any]) -> Any:
        with self._telling():
            return self._script(source)([self._tags, *keys], args)

    def _entry(self, key: bytes) -> bytes:
        return self._prefix + digest(key).hex().encode()

    def _digests(self, tags: tuple[str, ...]) -> bytes:
        return b"".join([self._tag_digest(tag) for tag in tags])

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say in one line which server could not do what."""
        try:
            yield
        except (RedisError, RedisClusterException) as error:
            raise StoreError(f"{self._name}: {error}") from error


def _bound(source: str) -> str:
    return (_COMMON + source).replace("TAGS", "KEYS[1]")


def _judged(entry: Entry, epoch: int, floor: int, hard: int, soft: int) -> Standing:
    tags = (TagSequence(hard, soft),)
    return judge(entry.sequence, epoch=epoch, floor=floor, tags=tags)


def _single(url: str, connect: float, answer: float) -> Any:
    return Redis.from_url(
        url,
        socket_connect_timeout=connect,
        socket_timeout=answer,
        # once more on a connection the server has closed; a timeout is never tried again
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        protocol=2,
    )


def _cluster(url: str, connect: float, answer: float) -> Any:
    return RedisCluster.from_url(
        url,
        socket_connect_timeout=connect,
        socket_timeout=answer,
        retry=Retry(NoBackoff(), 1),  # once more where a slot has moved
        protocol=2,
    )
