"""Reads geo.api.gouv.fr (the "API Decoupage administratif") or recorded answers of it into a delivery.

Source: DINUM, https://geo.api.gouv.fr (code list of INSEE, outlines of ADMIN EXPRESS, municipal populations).
Licence: Licence Ouverte 2.0. CRS: EPSG:4326. The API gives the present millesime only: the caller names it.
"""

from pathlib import Path

from boundaries.delivery import Delivery
from boundaries.levels import Level
from boundaries.scope import ALL
from boundaries.sources.codes import CITIES, LICENCE, departement_of, is_kept_out
from boundaries.sources.fetch import Fetched, fetch, fetch_all, is_url
from boundaries.sources.frames import checked, communes_and_arrondissements, holds, linked, listed
from boundaries.sources.geo_api_answers import LISTS, Answers
from geo.errors import Invalid
from geo.progress import Progress, silent

OFFICIAL = "https://geo.api.gouv.fr"
SUFFIXES = (".json", ".geojson", ".json.gz", ".geojson.gz")
COMMUNE_FIELDS = "code,nom,codeDepartement,codeRegion,codeEpci,population,anciensCodes,deleguees,associees"
OUTLINE = f"fields={COMMUNE_FIELDS}&format=geojson&geometry=contour"
LIST_FIELDS = {
    "regions": "code,nom",
    "departements": "code,nom,codeRegion",
    "epcis": "code,nom,type,codesRegions",
}
LIMIT_BYTES = 500_000_000


def read(location: str, millesime: int, cache: Path, progress: Progress, region: str | None = None) -> Delivery:
    """Return the communes of `region` (of France: None or `all`), and those that complete its EPCI.

    `location`: the base address of the API (empty: the official one), asked departement by departement; or a
    file or a folder of recorded answers, then read whole. Where a list was not recorded, codes stand for
    names and `source` says so. `former` comes from `anciensCodes`, `delegated` from `deleguees` and
    `associees`.
    """
    answers = Answers()
    if not location or is_url(location):
        wanted = None if region == ALL else region
        files = _ask(location.rstrip("/") or OFFICIAL, cache, progress, wanted, answers)
    else:
        files = fetch_all(location, SUFFIXES, cache, progress)
        for file in files:
            answers.add(file)
    communes, arrondissements = communes_and_arrondissements(answers.communes())
    given = {kind: answers.names(kind) for kind in LISTS}
    lacking = [kind for kind, frame in given.items() if frame is None]
    epci, departements, regions = given["epcis"], given["departements"], given["regions"]
    if epci is None:
        epci = listed(communes["epci"]).assign(nature=None)
    if departements is None:
        departements = listed(communes["departement"], region=communes["region"])
    departements = departements[~holds(departements["code"], lambda code: is_kept_out(f"{code}00"))]
    if regions is None:
        regions = listed(communes["region"])
    for frame, level in ((epci, Level.EPCI), (departements, Level.DEPARTEMENT), (regions, Level.REGION)):
        checked(frame, level)
    linked(communes, departements, regions)
    note = f" (codes à la place des noms\u202f: {', '.join(lacking)})" if lacking else ""
    return Delivery(
        millesime=millesime,
        source=f"geo.api.gouv.fr{note}",
        licence=LICENCE,
        files=[file.source for file in files],
        communes=communes,
        arrondissements=arrondissements,
        epci=epci.reset_index(drop=True),
        departements=departements.reset_index(drop=True),
        regions=regions.reset_index(drop=True),
        former=answers.ties("anciensCodes", own="successor"),
        delegated=answers.ties("deleguees", "associees", own="commune"),
    )


def _ask(url: str, cache: Path, progress: Progress, region: str | None, answers: Answers) -> list[Fetched]:
    """Download every answer that is needed into `answers`; return the files."""

    def get(path: str, query: str) -> Fetched:
        address = f"{url}/{path}?{query}"
        name = f"{path}?{query.partition('fields=')[0]}".rstrip("?&")
        file = fetch(address, cache, silent, name=name, limit_bytes=LIMIT_BYTES)
        answers.add(file)
        return file

    files = [get(kind, f"fields={fields}") for kind, fields in LIST_FIELDS.items()]
    known = sorted(str(row.get("code")) for row in answers.lists["regions"])
    if region is not None and region not in known:
        raise Invalid(
            f"La région «\u202f{region}\u202f» est inconnue de l’API. Régions\u202f: {', '.join(known)}."
        )
    codes = [
        str(row.get("code"))
        for row in answers.lists["departements"]
        if region in (None, row.get("codeRegion")) and not is_kept_out(f"{row.get('code')}00")
    ]
    straddling = [
        str(row.get("code"))
        for row in answers.lists["epcis"]
        if region in (several := row.get("codesRegions") or []) and len(several) > 1
    ]
    cities = [city.code for city in CITIES if departement_of(city.code) in codes]
    advance = progress(f"Communes de {url.split('://')[1]}", len(codes) + len(cities) + len(straddling))
    for paths in (
        [(f"departements/{code}/communes", OUTLINE) for code in codes],
        [
            ("communes", f"codeDepartement={departement_of(c)}&type=arrondissement-municipal&{OUTLINE}")
            for c in cities
        ],
        [(f"epcis/{code}/communes", OUTLINE) for code in straddling],
    ):
        for path, query in paths:
            files.append(get(path, query))
            advance(1)
    return files
