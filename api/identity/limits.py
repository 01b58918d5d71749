"""How often one may ask: a bucket of tokens for each key and each address, in the memory of this process."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

BURST_SECONDS = 10.0  # a bucket that is full holds so many seconds of its rate: a map asks for many tiles at once
REMEMBERED = 10_000


class Buckets:
    """Buckets that fill at `rate` tokens a second, up to ten seconds' worth; none are kept when the rate is 0."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = rate * BURST_SECONDS
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, holder: str) -> float:
        """Take a token and return 0, or return how many seconds to wait for the next one. Nobody (`""`) never waits.

        A bucket that was forgotten is full, and the least recently used are forgotten first. Whoever is made to
        wait uses nothing up by asking.
        """
        if not self._rate or not holder:
            return 0.0
        now = self._clock()
        tokens, last = self._held.pop(holder, (self._most, now))
        tokens = min(self._most, tokens + (now - last) * self._rate)
        wait = 0.0 if tokens >= 1.0 else (1.0 - tokens) / self._rate
        self._held[holder] = (tokens if wait else tokens - 1.0, now)
        if len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        return wait


@lru_cache(REMEMBERED)
def neighbourhood(address: str) -> str:
    """Return whom an address stands for: itself, or its /64 in IPv6, where one place has billions of them.

    Nothing for this machine itself: whoever asks from there could do worse than ask often.

    >>> neighbourhood("192.0.2.7"), neighbourhood("2001:db8::1"), neighbourhood("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    >>> neighbourhood("127.0.0.1") == neighbourhood("::1") == ""
    True
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address  # a name that a proxy gives
    known = getattr(known, "ipv4_mapped", None) or known
    if known.is_loopback:
        return ""
    return str(known) if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))
