"""What there is to ask of twins: the values of each parameter, what is shown of them, and what is not."""

import math
from collections.abc import Iterator, Mapping
from itertools import chain

import orjson
import sqlalchemy as sa
import twins
from crawling import Known, addresses
from twins import Place

NOBODY = "inconnu"
# Each indicator and its periods: shown to all, hidden in part, hidden altogether, nobody's.
PERIODS = {
    "population": ("2022",),
    "population_totale": ("2018",),
    "evolution_annuelle": ("2016-2022",),
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
COLLECTED = ("menages_fiscaux", "taux_pauvrete", "boulangeries")  # hidden in part, by the period, altogether
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
            "filter": ("value > 10", "status = 'secret'", "code = '44001'", "value_2021 > 100"),
            "filter-lang": ("cql2-text", "cql2-json"),
            "filter-crs": ("http://www.opengis.net/def/crs/EPSG/0/2154",),
            "properties": ("code,value", "code,value_2021"),
            "sortby": ("-value", "code", "-value_2021"),
            "collections": ("communes,menages_fiscaux", "boulangeries", "epci,taux_pauvrete"),
            "tileMatrixSetId": ("WebMercatorQuad", "Lambert93Quad"),
            "sprite": ("motifs.json", "motifs@2x.png"),
            "q": ("Commune 44", "49", "boulangerie"),
            "code": ("44001", "200000001", "44", "52", "49001", "99999"),
            "collection": ("communes", "epci", "departements", *COLLECTED),
            "bbox": ("-1,46,1,48", "0,47,0.05,47.05"),
            "limit": ("1", "3", "0"),
            "cursor": ("WyJjb2RlIiwiIixbIjQ0MDAxIl1d",),
            "offset": ("0", "2"),
            "type": ("dataset",),
            "ids": ("densite", "communes"),
            "externalIds": ("indicateur:densite", "niveau:"),
        },
        {
            (PASSPORTS, "identifier"): [f"{digest}:commune:44001" for digest in digests[::2]]
            + [f"{digest}:epci:200000003" for digest in digests[1::2]],
            (f"{TILES}tilejson.json", "millesime"): ("2024", "2023"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "millesime"): ("2024", "2023"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "z"): ("10", "0"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "x"): (str(x), "0"),
            (f"{TILES}{{z}}/{{x}}/{{y}}.mvt", "y"): (str(y), "0"),
            **{
                (f"{base}/tiles/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", name): pool
                for base in ("/api", "/api/collections/{collection}")
                for name, pool in (
                    ("tileMatrix", ("10", "0")),
                    ("tileRow", (str(y), "0")),
                    ("tileCol", (str(x), "0")),
                )
            },
        },
        MAIN,
        ("identifier", "indicator", "collection"),
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
    if "collection" in given:
        own = given["collection"]
        if own not in PERIODS and not given.keys().isdisjoint(("level", "period")):
            return False
        if own in PERIODS:
            told = given.get("period") in (None, *PERIODS[own]) and "indicator" not in given
            return told and given.get("level") in (None, "commune", "epci") and "millesime" not in given
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


# Of every series, whoever it is for, and of what is served to each audience: anybody may guess at them.
_DIGESTS = (
    "SELECT digest FROM indicators.series WHERE computed_at IS NOT NULL AND indicator = ANY (:names) "
    "ORDER BY indicator, period, id"
)
_RELEASES = (
    "SELECT digest FROM indicators.release_edition WHERE release_id = (SELECT max(release_id) FROM "
    "indicators.release_edition)"
)


def _both(places: tuple[Place, ...], statement: str) -> list[str]:
    """What a statement gives in any of these places, each once."""
    found: dict[str, None] = {}
    for place in places:
        with place.engine.connect() as conn:
            given = {"names": list(PERIODS)} if ":names" in statement else {}
            found.update(dict.fromkeys(conn.scalars(sa.text(statement), given)))
    return list(found)


def _tile(zoom: int, longitude: float = 0.05, latitude: float = 47.05) -> tuple[int, int]:
    """The tile of a place of the country: the first squares meet there."""
    side = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return int((longitude + 180) / 360 * side), int(y * side)
