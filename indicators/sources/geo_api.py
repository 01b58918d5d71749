"""The municipal populations that geo.api.gouv.fr gives, as a delivery: code, nom, population.

Source: DINUM, https://geo.api.gouv.fr. Licence: Licence Ouverte 2.0. The API says neither the year of the
population nor that of the codes: a remark asks for them, and nothing here guesses them.
"""

import time
from pathlib import Path
from typing import Any

import pandas as pd

from boundaries.levels import LABELS, Level
from boundaries.sources.download import Pause
from boundaries.sources.fetch import Fetched, fetch, fetch_all, is_url
from boundaries.sources.geo_api import LIMIT_BYTES, LIST_FIELDS, OFFICIAL, SUFFIXES
from boundaries.sources.geo_api_answers import parsed
from geo.errors import Invalid
from geo.progress import Progress, silent
from indicators.imports.sheets import Delivered
from indicators.sources.tabular import digest_of, sheet_of, text

COLUMNS = ("code", "nom", "population")
PLACES = {Level.DEPARTEMENT: "codeDepartement", Level.REGION: "codeRegion"}
FIELDS = ",".join((*COLUMNS, *PLACES.values()))
UNDATED = (
    "L’API Découpage administratif donne les populations du moment sans dire leur année ni le millésime de ses "
    "codes\u202f: précisez-les."
)


def populations(
    location: str, level: Level, code: str, cache: Path, progress: Progress, *, pause: Pause = time.sleep
) -> Delivered:
    """Return the communes of a département or of a région with their populations, as one sheet sorted by code.

    `location`: the base address of the API (empty: the official one), or a file or a folder of recorded answers
    (lists, or GeoJSON with outlines), of which only the communes of the place are kept. A commune without
    population has an empty cell. The digest is of the rows, so that the same answer is known again. Raises Invalid
    for another level, a place without communes, or a commune described in two ways.
    """
    if level not in PLACES:
        accepted = " ou ".join(LABELS[place][0] for place in PLACES)
        raise Invalid(f"Les populations se demandent par {accepted}, non par {LABELS[level][0]}.")
    if not location or is_url(location):
        files = _ask(location.rstrip("/") or OFFICIAL, level, code, cache, progress, pause)
    else:
        files = fetch_all(location, SUFFIXES, cache, progress)
    rows = [row for file in files for row in _communes(file) if text(row.get(PLACES[level])) == code]
    title = f"{LABELS[level][0]} {code}"
    if not rows:
        raise Invalid(f"Les réponses de geo.api.gouv.fr ne décrivent aucune commune ({title}).")
    cells = [[text(row.get(column)) for column in COLUMNS] for row in rows]
    frame = pd.DataFrame(cells, columns=COLUMNS, dtype=object).drop_duplicates()
    frame = frame.sort_values("code", ignore_index=True)
    twice = frame.loc[frame["code"].duplicated(), "code"]
    if not twice.empty:
        raise Invalid(f"Les réponses de geo.api.gouv.fr décrivent la commune {twice.iloc[0]} de deux façons.")
    return Delivered(
        name=f"geo.api.gouv.fr, populations, {title}",
        size=sum(file.path.stat().st_size for file in files),
        sha256=digest_of(f"geo.api.gouv.fr {level} {code}", frame),
        sheets=(sheet_of("communes", frame),),
        form={"format": "JSON de geo.api.gouv.fr", "encoding": "utf-8"},
        remarks=(UNDATED,),
    )


def _ask(url: str, level: Level, code: str, cache: Path, progress: Progress, pause: Pause) -> list[Fetched]:
    """Download the communes, departement by departement."""

    def get(path: str, fields: str) -> Fetched:
        address = f"{url}/{path}?fields={fields}"
        return fetch(address, cache, silent, name=path, limit_bytes=LIMIT_BYTES, pause=pause, redirected=False)

    listed = _objects(get("departements", LIST_FIELDS["departements"]))
    column = "code" if level is Level.DEPARTEMENT else "codeRegion"
    wanted = [str(row.get("code")) for row in listed if row.get(column) == code]
    if not wanted:
        known = ", ".join(sorted({str(row.get(column)) for row in listed}))
        raise Invalid(f"L’API ne connaît pas de {LABELS[level][0]} «\u202f{code}\u202f». Codes\u202f: {known}.")
    advance = progress(f"Populations de {url.split('://')[1]}", len(wanted))
    files = []
    for departement in wanted:
        files.append(get(f"departements/{departement}/communes", FIELDS))
        advance(1)
    return files


def _communes(file: Fetched) -> list[dict[str, Any]]:
    """Return the communes that an answer describes; lists of other territories have none."""
    return [row for row in _objects(file) if len(str(row.get("code", ""))) == 5 and "codeDepartement" in row]


def _objects(file: Fetched) -> list[dict[str, Any]]:
    content = parsed(file)
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        features = content.get("features") or []
        content = [feature.get("properties") for feature in features if isinstance(feature, dict)]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise Invalid(f"La réponse {file.name} n’est ni une liste, ni une collection GeoJSON de communes.")
    return content
