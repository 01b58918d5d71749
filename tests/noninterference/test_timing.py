"""The time that an answer takes says nothing of what is hidden.

Two addresses, or two twins, are asked in turn, so that whatever slows the machine slows both. The times compared are
first quartiles: noise only ever adds to a time, and the lower part of a sample is what the work itself takes. A difference
counts when three samples in a row show it on the same side: a dependence is there each time, noise is not. What such a
sample would miss is below a quarter of an answer, less than one request differs from the next.
"""

import time
from collections.abc import Callable

import pytest
from crawling import Asker
from twins import Places

PAIRS = 24
TIMES = 1.35  # how many times longer the slower of two may take
ROUNDS = 3
Ask = Callable[[], object]

# What is computed for each request: an answer that is kept in memory would tell nothing.
COMPUTED = (
    "/api/indicators/ventes_logements/series?territory=commune:44001",
    "/api/indicators/menages_fiscaux/aggregate?territories=epci:200000001,epci:200000002&period=2021",
    "/api/indicators/medecins_generalistes/aggregate?territories=departement:44&period=2018",
    "/api/collections/communes/items/44001?indicator=ventes_logements:2021",
    "/cartes?indicateur=ventes_logements&niveau=commune&periode=2021&millesime=2023",
    "/api/indicators/menages_fiscaux/values?level=commune&period=2021",
    "/api/indicators",
)
# An address, of what is hidden and of what does not exist.
API = "/api/indicators"
ABSENT = (
    (f"{API}/boulangeries", f"{API}/zzzzzzzzzzzz"),
    (f"{API}/pharmacies/series?territory=commune:44001", f"{API}/zzzzzzzzzz/series?territory=commune:44001"),
    ("/cartes?indicateur=bureaux_poste", "/cartes?indicateur=zzzzzzzzzzzzz"),
)


def ratio(first: Ask, second: Ask) -> float:
    """How many times longer the first takes than the second, in one sample of both in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for rank in range(2 * PAIRS):
        which = rank % 2 ^ rank // 2 % 2  # a b b a: what drifts drifts for both
        start = time.perf_counter()
        (first, second)[which]()
        times[which].append(time.perf_counter() - start)
    quartiles = [sorted(one)[PAIRS // 4] for one in times]
    return quartiles[0] / quartiles[1]


def differs(first: Ask, second: Ask) -> list[float]:
    """Return the ratios of three samples that all show a difference on the same side, or nothing."""
    first(), second()
    found: list[float] = []
    for _ in range(ROUNDS):
        found.append(ratio(first, second))
        if not (all(one > TIMES for one in found) or all(one < 1 / TIMES for one in found)):
            return []
    return found


@pytest.mark.parametrize("address", COMPUTED)
def test_the_time_of_a_public_answer_does_not_depend_on_what_is_restricted(places: Places, address: str) -> None:
    one, other = places.one.asker(), places.other.asker()
    assert not differs(lambda: one(address), lambda: other(address))


@pytest.mark.parametrize(("hidden", "absent"), ABSENT)
def test_the_time_of_a_refusal_does_not_tell_that_something_is_hidden(
    places: Places, hidden: str, absent: str
) -> None:
    ask: Asker = places.one.asker()
    assert not differs(lambda: ask(hidden), lambda: ask(absent))


def test_a_dependence_would_be_seen(places: Places) -> None:
    ask, address = places.one.asker(), COMPUTED[0]
    start = time.perf_counter()
    for _ in range(PAIRS):
        ask(address)
    usual = (time.perf_counter() - start) / PAIRS

    def slower() -> None:
        ask(address)
        time.sleep(usual)

    assert len(differs(slower, lambda: ask(address))) == ROUNDS
