"""Everything that an audience can ask, asked of twin countries: what it may not see changes not one byte."""

import re
from collections import Counter
from typing import Any

import orjson
import pytest
import twins
from asking import PROBES, everything
from crawling import Answer, Asker, levelled, side_by_side
from twins import Place, Places

from boundaries.readers import Audience


def crawl(ones: tuple[Asker, Asker], listed: list[tuple[str, str]]) -> tuple[Counter[tuple[str, int]], list[str]]:
    """Return how many answers there were by route and status, and what differs.

    Each address is asked for with GET; and, for each route and status, and each indicator that is answered, once by HEAD,
    once compressed, and once with the tag that the other server gave.
    """
    met: Counter[tuple[str, int]] = Counter()
    different: list[str] = []
    tried: set[Any] = set()
    routes = {address: route for route, address in listed}

    def compare(what: str, answers: list[Answer]) -> None:
        first, second = map(levelled, answers)
        if first != second:
            different.append(f"{what}\n    {told(first, second)}")

    for address, answers in side_by_side(ones, routes):
        compare(address, answers)
        status = answers[0].status
        met[routes[address], status] += 1
        kind = (routes[address], status, _probe(address) if status == 200 else "")
        if kind in tried:
            continue
        tried.add(kind)
        for method, headers in (("HEAD", {}), ("GET", {"Accept_Encoding": "gzip"})):
            compare(f"{method} {address} {headers}", [one(address, method, **headers) for one in ones])
        tags = [answer.header("etag") for answer in answers]
        if all(tags):
            crossed = [one(address, If_None_Match=tag) for one, tag in zip(ones, reversed(tags), strict=True)]
            compare(f"If-None-Match {address}", crossed)
            if any(answer.status != 304 for answer in crossed):
                different.append(f"{address}: the tag of one server is not that of the other")
    return met, different


def _probe(address: str) -> str:
    return next((name for name in PROBES if name in address), "")


def told(first: Answer, second: Answer) -> str:
    """Say where two answers part."""
    if first.status != second.status:
        return f"status {first.status} / {second.status}"
    if first.headers != second.headers:
        return f"headers {set(first.headers) ^ set(second.headers)}"
    at = next((i for i, (a, b) in enumerate(zip(first.body, second.body, strict=False)) if a != b), 0)
    return f"byte {at}: {first.body[max(0, at - 80) : at + 80]!r} / {second.body[max(0, at - 80) : at + 80]!r}"


def require_same(
    places: tuple[Place, Place], audience: Audience, listed: list[tuple[str, str]]
) -> Counter[tuple[str, int]]:
    met, different = crawl((places[0].asker(audience), places[1].asker(audience)), listed)
    assert not different, f"{len(different)} answers differ, of {len(listed)} asked:\n" + "\n".join(different[:20])
    return met


@pytest.mark.parametrize(
    ("other", "audience"),
    [("strict", Audience.PUBLIC), ("strict", Audience.PROFESSIONAL), ("other", Audience.PUBLIC)],
)
def test_the_twins_are_what_they_are_said_to_be(places: Places, other: str, audience: Audience) -> None:
    """What may be seen and what is hidden are the same, in what is stored: else the test would ask too much."""
    with places.one.engine.connect() as conn, getattr(places, other).engine.connect() as beside:
        mine, theirs = twins.pattern(conn, audience), twins.pattern(beside, audience)
        assert mine == theirs
        assert any(status == "secret" for status, _ in mine.values())
        assert twins.pattern(conn, Audience.REGION) != twins.pattern(beside, Audience.REGION)


def test_the_public_sees_nothing_of_what_it_may_not(places: Places) -> None:
    pair = (places.one, places.other)
    met = require_same(pair, Audience.PUBLIC, everything(pair))
    answered = {route for route, status in met if status == 200}
    description = orjson.loads(places.one.asker()("/api/openapi.json").body)
    assert set(description["paths"]) <= answered, "a route was never answered: give the crawler what it takes"
    assert {status for _, status in met} >= {200, 303, 400, 404, 422}
    assert not any(status >= 500 for _, status in met), met


def test_professionals_see_nothing_of_what_is_shown_to_the_region_alone(places: Places) -> None:
    """One address in eight, and half of those that name what is restricted to them."""
    pair = (places.one, places.strict)
    named = ("medecins_generalistes", "boulangeries", "bureaux_poste", "niveau_vie_median")
    listed = [one for one in everything(pair) if any(name in one[1] for name in named)][::2]
    listed += everything(pair)[::8]
    met = require_same(pair, Audience.PROFESSIONAL, listed)
    assert {status for _, status in met} >= {200, 400, 404}


@pytest.mark.parametrize("audience", [Audience.PROFESSIONAL, Audience.REGION])
def test_whoever_may_see_more_sees_the_difference(places: Places, audience: Audience) -> None:
    """Else twins would be the same to everybody, and comparing them would prove nothing."""
    pair = (places.one, places.other)
    listed = [one for one in everything(pair) if one[0] in ("/cartes", "/api/indicators/{identifier}/values")]
    _, different = crawl((pair[0].asker(audience), pair[1].asker(audience)), listed[::12])
    assert len(different) > 10


def test_what_is_set_aside_is_no_more_than_it_is_said_to_be(places: Places) -> None:
    """One byte changed anywhere else in an answer is seen: of a page, a file, a tile, a header."""
    ask = places.one.asker()
    asked = (
        "/cartes?indicateur=ventes_logements&niveau=commune",
        "/api/indicators/population/values?level=epci&period=2022",
        "/api/tiles/2024/commune/0/0/0.mvt?indicator=population:2022",
        "/administration",
    )
    for address in asked:
        answer = ask(address)
        seen = levelled(answer)
        assert levelled(ask(address)) == seen, "what is random is set aside"
        random = _random(answer)
        tried = sorted({*range(0, len(answer.body), 11), *random})
        hidden = [at for at in tried if levelled(_spoilt(answer, at)) == seen]
        assert set(hidden) <= random, (
            f"{address}: {answer.body[min(set(hidden) - random) :][:60]!r} is not compared"
        )
        for rank, (name, value) in enumerate(answer.headers):
            if name not in ("date", "set-cookie", "content-security-policy"):
                headers = (*answer.headers[:rank], (name, f"{value}0"), *answer.headers[rank + 1 :])
                assert levelled(Answer(answer.status, headers, answer.body)) != seen, name
        assert levelled(Answer(answer.status + 1, answer.headers, answer.body)) != seen


def _spoilt(answer: Answer, at: int) -> Answer:
    changed = b"1" if answer.body[at : at + 1] != b"1" else b"2"
    return Answer(answer.status, answer.headers, answer.body[:at] + changed + answer.body[at + 1 :])


def _random(answer: Answer) -> set[int]:
    """Where the nonce and the proof of a form stand in a body: 24 characters each time, and 90 at most."""
    found: set[int] = set()
    for shape in (rb'nonce="([\w-]{24})"', rb'name="preuve" value="([\w-]{20,90})"'):
        for match in re.finditer(shape, answer.body):
            found.update(range(*match.span(1)))
    return found
