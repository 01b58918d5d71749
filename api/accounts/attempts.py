"""Keys that are tried and refused: each address waits, longer and longer, before it may try again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5  # refusals before anyone waits
LONGEST_S = 300.0
FORGOTTEN_S = 3600.0
ADDRESSES = 10_000  # remembered at most: the oldest are forgotten first


class Attempts:
    """The refusals of each address, in the memory of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """Return how many seconds an address has to wait: none up to five refusals, then 2, 4, 8… up to 300."""
        with self._lock:
            count, last = self._refused.get(address, (0, 0.0))
        if count < FREE:
            return 0.0
        return max(0.0, last + min(LONGEST_S, 2.0 ** (count - FREE + 1)) - self._clock())

    def refuse(self, address: str) -> None:
        """Note that an address gave a wrong key."""
        now = self._clock()
        with self._lock:
            count, last = self._refused.pop(address, (0, now))
            self._refused[address] = (1 if now - last > FORGOTTEN_S else count + 1, now)
            while len(self._refused) > ADDRESSES:
                self._refused.popitem(last=False)

    def forget(self, address: str) -> None:
        """Note that an address gave a right key."""
        with self._lock:
            self._refused.pop(address, None)
