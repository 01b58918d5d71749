"""gzip by ISA-L: what it gives back, and what it leaves the thread with."""

import gzip
import math
import time
from hashlib import sha512

from hypothesis import given
from hypothesis import strategies as st

from geo import gzipping

MIXED = b"".join(sha512(bytes([rank])).digest() for rank in range(256)) + bytes(20_000)
ROUNDS, TIMES, SETTLING = 10, 40, 15  # a processor takes about a millisecond to be as fast again


@given(st.binary(max_size=5_000))
def test_bytes_come_back_and_the_same_make_the_same(body: bytes) -> None:
    assert gzip.decompress(gzipping.compressed(body)) == body
    assert gzipping.compressed(body) == gzipping.compressed(body)


@given(st.lists(st.binary(max_size=2_000), max_size=5))
def test_what_is_let_go_can_be_read_before_the_end(chunks: list[bytes]) -> None:
    add, let_go, end = gzipping.opened()
    made = b"".join(add(chunk) for chunk in chunks) + let_go()
    assert gzip.decompress(made + end()) == b"".join(chunks)


def test_a_thread_is_as_fast_after_compressing_as_before() -> None:
    """Each act in turn, several times: what else the machine does then slows all of them alike."""
    least = {"nothing": math.inf}
    for _ in range(ROUNDS):
        (add, _, _), (hold, let_go, _), (begin, _, end) = gzipping.opened(), gzipping.opened(), gzipping.opened()
        hold(MIXED)
        begin(MIXED)
        for name, act in (
            ("nothing", lambda: b""),
            ("whole", lambda: gzipping.compressed(MIXED)),
            ("added", lambda add=add: add(MIXED * 10)),
            ("let go", let_go),
            ("ended", end),
        ):
            sha512(b"").digest()
            act()
            times = [_worked_ns() for _ in range(TIMES)]
            least[name] = min(least.get(name, math.inf), *times[SETTLING:])
    assert max(least.values()) < 1.08 * least["nothing"], least


def _worked_ns() -> int:
    """How long something took that ISA-L alone would make a sixth slower."""
    begun = time.perf_counter_ns()
    written = {}
    for number in range(300):
        written[str(number)] = f"{number}/{number + 1}".encode()
    return time.perf_counter_ns() - begun
