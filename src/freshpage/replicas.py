"""Where renders may read a replica of the database: S0 is the sequence of a while ago."""

from __future__ import annotations

import threading
from collections import deque

from freshpage.sequence import Sequence

NEVER = Sequence(0, 0)  # before every life of a store: nothing from then is valid

_SAMPLES = 16  # that are kept of a lag's time, roughly


class Past:
    """What the sequence was some time ago, as far as this process has seen it.

    A render that reads a replica of the database is shown what the primary had a while ago.
    So its S0 is the sequence of that time: what was invalidated since is not valid for it.

    :param lag: seconds a replica may be behind.
    """

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self._seen: deque[tuple[float, Sequence]] = deque()  # the oldest first
        self._lock = threading.Lock()

    def before(self, sequence: Sequence, now: float) -> Sequence:
        """The last sequence that was seen a lag's time ago or earlier; NEVER, if none was.

        :param sequence: that of the store now.
        :param now: seconds of a clock that is never set back.
        """
        seen, then = self._seen, now - self._lag
        with self._lock:
            if len(seen) > 1 and now - seen[-2][0] < self._lag / _SAMPLES:
                seen.pop()
            seen.append((now, sequence))
            while len(seen) > 1 and seen[1][0] <= then:
                seen.popleft()
            moment, number = seen[0]
        return number if moment <= then else NEVER
