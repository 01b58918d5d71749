"""Everything that an audience can ask, asked of twin countries: what it may not see changes not one byte."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
import twins
from crawling import Answer, Asker, Known, addresses, levelled, side_by_side
from twins import Place, Places

from boundaries.readers import Audience

NOBODY = "inconnu"
# Each indicator and its periods: shown to all, hidden in part, hidden altogether, nobody's.
PERIODS = {
    "population": ("2022",),
    "population_totale": ("2018",),
    "evolution_annuelle": ("2016-2022",),
    "communes": ("2022",),
    "ventes_logements": ("2021",),
    "prix_m2_logement": ("2021",),
    "medecins_generalistes": ("2018",),
    "niveau_vie_median": ("2021",),
    "menages_fiscaux": ("2021",),
    "taux_pauvrete": (twins.HIDDEN_PERIOD, "2021"),
    "supermarches": ("2018",),
    "niveau_vie_d9": ("2021",),
    "boulangeries": ("2018",),
    "bureaux_poste": ("2018",),
    "pharmacies": ("2018",),
    NOBODY: ("2018",),
}
PROBES = ("ventes_logements", "menages_fiscaux", "boulangeries")
LEVELS = ("commune", "epci", "departement")
PLACES = ("commune:44001", "commune:49001", "epci:200000003", "departement:44")
JOINED = tuple(f"{name}:{period}" for name, periods in PERIODS.items() for period in periods)
MAIN = frozenset({"identifier", "indicator", "level", "period", "millesime", "collection", "territory"})
AGGREGATE, PASSPORTS = "/api/indicators/{identifier}/aggregate", "/api/passports/{identifier}"
TILES = "/api/tiles/{millesime}/{level}/"


def known(places: tuple[Place, ...]) -> Known:
    """Return values of every parameter: of what is shown, of what is not, and of what does not exist."""
    releases = _both(places, _RELEASES)
    geographies = _both(places, "SELECT version FROM boundaries.millesime")
    x, y = _tile(10)
    digests = _both(places, _DIGESTS)
    return Known(
        {
            "identifier": tuple(PERIODS),
            "indicator": JOINED,
            "level": LEVELS,
            "period": tuple(sorted({period for periods in PERIODS.values() for period in periods})),
            "millesime": ("2023",),
            "territory": PLACES,
            "territories": ("commune:44001,commune:44002", "commune:49001", "epci:200000001,epci:200000003"),
            "periods": ("2018,2021", "2016,2022"),
            "within": ("departement:44", "epci:200000001", "departement:35"),
            "as_of": ("2026-01-10", "2026-02-20", "2025-12-31", "2150-01-01"),
            "v": (*releases, *(f"{geographies[-1]}-{release}" for release in releases), *geographies),
            "f": ("csv", "geojson", "gpkg", "parquet", "xlsx", "fgb", "html"),
            "crs": ("http://www.opengis.net/def/crs/EPSG/0/2154",),
            "bbox-crs": ("http://www.opengis.net/def/crs/EPSG/0/2154",),
            "datetime": ("2023-01-01", "2022/.."),
            "filter": ("value > 10", "status = 'secret'", "code = '44001'"),
            "filter-lang": ("cql2-text", "cql2-json"),
            "filter-crs": ("http://www.opengis.net/def/crs/EPSG/0/2154",),
            "properties": ("code,value",),
            "sortby": ("-value", "code"),
            "q": ("Commune 44", "49", "boulangerie"),
            "code": ("44001", "200000001", "44", "52", "49001", "99999"),
            "collection": ("communes", "epci", "departements"),
            "bbox": ("-1,46,1,48", "0,47,0.05,47.05"),
            "limit": ("1", "3", "0"),
            "after": ("44001",),
            "offset": ("0", "2"),
        },
        {
            (PASSPORTS, "identifier"): [f"{digest}:commune:44001" for digest in digests[::2]]
            + [f"{digest}:epci:200000003" for digest in digests[1::2]],
            (f"{TILES}tilejson.json", "millesime"): ("2024", "2023"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "millesime"): ("2024", "2023"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "z"): ("10", "0"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "x"): (str(x), "0"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "y"): (str(y), "0"),
        },
        MAIN,
        ("identifier", "indicator"),
        frozenset((*PROBES, *(one for one in JOINED if one.partition(":")[0] in PROBES))),
        _fits,
        frozenset({(AGGREGATE, "territories"), (AGGREGATE, "period")}),
    )


def _fits(given: Mapping[str, str]) -> bool:
    """Whether parameters are worth trying together: all of those of `PROBES`, the most asked of other indicators.

    An indicator is asked for the periods that it has; those that it has not are tried one by one, and so are the level
    and the territories of an aggregate, of which one is enough.
    """
    name, _, period = given.get("indicator", "").partition(":")
    name = given.get("identifier", name)
    if name in PERIODS and given.get("period", period or None) not in (None, *PERIODS[name]):
        return False
    if "territories" in given and "level" in given:
        return False
    usual = given.get("level") in (None, "commune", "epci") and given.get("millesime") in (None, "2024")
    return name in PROBES or (usual and given.get("collection") in (None, "communes"))


def pages(places: tuple[Place, ...]) -> Iterator[tuple[str, str]]:
    """Yield (route, address) of everything that people read, of files, and of sets that are not lists."""
    for address in ("/", "/cartes", "/api/openapi.json", "/administration", "/administration/publications",
                    "/administration/imports/1", "/administration/imports/999", "/nulle-part", "/static/ores.css",
                    "/static/ores.css?v=1", "/robots.txt", "/sitemap.xml", "/api/nulle-part", "/favicon.ico"):  # fmt: skip
        yield address.partition("?")[0], address
    for name, periods in PERIODS.items():
        for period in periods:
            for level in LEVELS:
                yield "/cartes", f"/cartes?indicateur={name}&niveau={level}&millesime=2024&periode={period}"
            yield "/cartes", f"/cartes?indicateur={name}&niveau=commune&millesime=2023&periode={period}"
            for place in ("departement:44", "epci:200000001"):
                asked = f"within={place}&level=commune&period={period}"
                yield AGGREGATE, f"/api/indicators/{name}/aggregate?{asked}"
        yield AGGREGATE, f"/api/indicators/{name}/aggregate?territories=commune:44003&over=time&periods=2018,2021"
        yield "/cartes", f"/cartes?indicateur={name}"
    for name in PROBES:
        for more in ("tri=valeur-croissante", "tri=code", "methode=quantiles", "classes=3", "territoire=44001",
                     "ajuster=1&niveau=iris", "page=2", "forme=cercles", "niveau=lune", "millesime=1999"):  # fmt: skip
            yield "/cartes", f"/cartes?indicateur={name}&{more}"
    for digest in _both(places, _DIGESTS)[::4]:
        yield "/passeports", f"/passeports/{digest}:commune:44001"


def everything(places: tuple[Place, ...]) -> list[tuple[str, str]]:
    """Return all the addresses, each with its route."""
    description = orjson.loads(places[0].asker()("/api/openapi.json").body)
    return list(dict.fromkeys(chain(pages(places), addresses(description, known(places)))))


def crawl(ones: tuple[Asker, Asker], listed: list[tuple[str, str]]) -> tuple[Counter[tuple[str, int]], list[str]]:
    """Return how many answers there were by route and status, and what differs.

    Each address is asked for with GET; and, for each route, status and indicator, once by HEAD, once compressed, and
    once with the tag that the other server gave.
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
        kind = (routes[address], status, next((name for name in PROBES if name in address), ""))
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
    """Every fourth address, and all those that name what is restricted to them."""
    pair = (places.one, places.strict)
    named = ("medecins_generalistes", "boulangeries", "bureaux_poste", "niveau_vie_median")
    listed = [one for rank, one in enumerate(everything(pair)) if rank % 4 == 0 or any(n in one[1] for n in named)]
    met = require_same(pair, Audience.PROFESSIONAL, listed)
    assert {status for _, status in met} >= {200, 400, 404}


@pytest.mark.parametrize("audience", [Audience.PROFESSIONAL, Audience.REGION])
def test_whoever_may_see_more_sees_the_difference(places: Places, audience: Audience) -> None:
    """Else twins would be the same to everybody, and comparing them would prove nothing."""
    pair = (places.one, places.other)
    listed = [one for one in everything(pair) if one[0] in ("/cartes", "/api/indicators/{identifier}/values")]
    _, different = crawl((pair[0].asker(audience), pair[1].asker(audience)), listed[::5])
    assert len(different) > 20


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
        hidden = [at for at in range(len(answer.body)) if levelled(_spoilt(answer, at)) == seen]
        random = _random(answer)
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


# Of every series, whoever it is for, and of what is served to each audience: anybody may guess at them.
_DIGESTS = "SELECT digest FROM indicators.series WHERE computed_at IS NOT NULL ORDER BY indicator, period, id"
_RELEASES = (
    "SELECT digest FROM indicators.release_edition WHERE release_id = (SELECT max(release_id) FROM "
    "indicators.release_edition)"
)


def _both(places: tuple[Place, ...], statement: str) -> list[str]:
    """What a statement gives in any of these places, each once."""
    found: dict[str, None] = {}
    for place in places:
        with place.engine.connect() as conn:
            found.update(dict.fromkeys(conn.scalars(sa.text(statement))))
    return list(found)


def _tile(zoom: int, longitude: float = 0.05, latitude: float = 47.05) -> tuple[int, int]:
    """The tile of a place of the country: the first squares meet there."""
    side = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return int((longitude + 180) / 360 * side), int(y * side)
