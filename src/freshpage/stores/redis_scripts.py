"""The Redis store's scripts: what has to happen as one, happens in the server.

In the sorted set "h" + digest is a tag's last hard invalidation, "s" + digest its last soft
one. Epoch, number, floor and the count of notes are negative, so that they rank before all
tags. The notes are a list of their own: where some of it is lost, its length tells.

The epoch is told with the server's replication id in it, which a restart and a failover change:
a replica that takes over may lack the last invalidations, so everything is invalid then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from redis.exceptions import NoScriptError

from freshpage.stores.redis_clients import answers

_COMMON = """
local TAGS = KEYS[1]
local function last(tags)
  local hard, soft = 0, 0
  for from = 1, #tags, 8000 do
    local names, count = {}, 0
    for at = from, math.min(from + 7999, #tags), 8 do
      local tag = tags:sub(at, at + 7)
      names[count + 1], names[count + 2] = 'h' .. tag, 's' .. tag
      count = count + 2
    end
    local scores = redis.call('ZMSCORE', TAGS, unpack(names))
    for at = 1, count, 2 do
      if scores[at] then hard = math.max(hard, tonumber(scores[at])) end
      if scores[at + 1] then soft = math.max(soft, tonumber(scores[at + 1])) end
    end
  end
  return hard, soft
end
local function run()
  local told = redis.pcall('INFO', 'replication')
  local id = type(told) == 'string' and told:match('master_replid:(%x+)') or '0'
  return tonumber(id:sub(1, 13), 16)
end
local function life()
  local found = redis.call('ZMSCORE', TAGS, '#epoch', '#floor', '#number')
  if not found[1] then return 0, 0, 0 end
  return (run() - found[1]) % 2^52, -(found[2] or 0), -(found[3] or 0)
end
local function begin(epoch, number)
  if not redis.call('ZSCORE', TAGS, '#epoch') then
    redis.call(
      'ZADD', TAGS, -epoch, '#epoch', -number, '#number', -number, '#floor', -1, '#notes')
  end
end
"""


class Script:
    """A script, sent by its name where the server knows it."""

    def __init__(self, source: str) -> None:
        self._source = _COMMON + source
        self._name = hashlib.sha1(self._source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: Any, keys: Collection[bytes], args: Collection[object]) -> Any:
        """What the script returns.

        :param keys: the site's sorted set, and the entry's hash or the notes.
        """
        try:
            return client.evalsha(self._name, len(keys), *keys, *args)
        except NoScriptError:
            return client.eval(self._source, len(keys), *keys, *args)

    def run_after(self, command: tuple[object, ...], client: Any, keys: Collection[bytes]) -> Any:
        """What a command answers, and what the script returns after it, in one round trip."""
        answer, returned = answers(client, command, ("EVALSHA", self._name, len(keys), *keys))
        if isinstance(returned, NoScriptError):
            returned = client.eval(self._source, len(keys), *keys)
        for one in (answer, returned):
            if isinstance(one, Exception):
                raise one
        return answer, returned


SEQUENCE = Script("""
begin(ARGV[1], ARGV[2])
local epoch, _, number = life()
return {epoch, number}
""")
NOW = Script("""
local epoch, _, number = life()
return {epoch, number}
""")
STANDING = Script("""
local epoch, floor = life()
return {epoch, floor, last(ARGV[1])}
""")
# The body is read beside it: passing through here it would take longer than all the rest.
JUDGE = Script("""
local tags = redis.call('HGET', KEYS[2], 'tags')
if not tags then return false end
local epoch, floor = life()
if tags == '' then return {tags, epoch, floor, 0, 0} end
return {tags, epoch, floor, last(tags)}
""")
PUT = Script("""
local data, expires, tags, epoch, number = unpack(ARGV)
if epoch then
  local epoch_now, floor = life()
  if epoch_now ~= tonumber(epoch) or tonumber(number) < floor
    or last(tags) > tonumber(number) then return 0 end
end
redis.call('HSET', KEYS[2], 'data', data, 'tags', tags)
redis.call('PEXPIREAT', KEYS[2], expires)
return 1
""")
INVALIDATE = Script("""
local kind, limit = ARGV[3], tonumber(ARGV[4])
begin(ARGV[1], ARGV[2])
local number = -tonumber(redis.call('ZINCRBY', TAGS, -1, '#number'))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 16, '*', 'number', number)
for at = 5, #ARGV do redis.call('ZADD', TAGS, number, kind .. ARGV[at]) end
local over = redis.call('ZCARD', TAGS) - 4 - limit
if over > 0 then
  local floor = redis.call('ZRANGE', TAGS, 3 + over, 3 + over, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYSCORE', TAGS, 0, floor)
  redis.call('ZADD', TAGS, -floor, '#floor')
end
return {(life()), number}
""")
_KEEP_NOTES = """
begin(ARGV[1], ARGV[2])
local counted = -tonumber(redis.call('ZSCORE', TAGS, '#notes') or 0) - 1
if counted ~= redis.call('LLEN', KEYS[2]) then
  if counted ~= 0 then
    redis.call('DEL', TAGS)
    begin(ARGV[1], ARGV[2])
  end
  redis.call('DEL', KEYS[2])
end
"""
NOTE = Script(f"""{_KEEP_NOTES}
redis.call('ZADD', TAGS, -1 - redis.call('RPUSH', KEYS[2], ARGV[3]), '#notes')
""")
NOTES = Script(f"""{_KEEP_NOTES}
return redis.call('LRANGE', KEYS[2], ARGV[3], -1)
""")
