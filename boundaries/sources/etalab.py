"""Reads the "contours administratifs" of Etalab (GeoJSON files) into a delivery.

Source: Etalab, "Contours administratifs", files `communes-{5m,50m,100m,1000m}.geojson` and their siblings
`epci-`, `departements-`, `regions-` and, in older editions, `arrondissements-municipaux-`, possibly with
`.gz`. Licence: Licence Ouverte 2.0. CRS: EPSG:4326. Population is not part of these files.
"""

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from shapely.errors import ShapelyError

from boundaries.delivery import Delivery
from boundaries.levels import Level
from boundaries.sources.attributes import Attribute, named
from boundaries.sources.codes import LICENCE
from boundaries.sources.fetch import Fetched, fetch_all
from boundaries.sources.frames import checked, communes_and_arrondissements, in_degrees, linked, listed
from geo.errors import Invalid
from geo.progress import Progress

SUFFIXES = (".geojson", ".json", ".geojson.gz", ".json.gz")
NAME = re.compile(
    r"(communes|arrondissements-municipaux|epci|departements|regions)(?:-\d+m)?\.(?:geo)?json(?:\.gz)?", re.I
)
ATTRIBUTES = {
    "communes": {
        "code": Attribute(("code",)),
        "nom": Attribute(("nom",)),
        "departement": Attribute(("departement",)),
        "region": Attribute(("region",)),
        "epci": Attribute(("epci",), required=False),
        "population": Attribute(("population",), required=False),
    },
    "epci": {"code": Attribute(("code",)), "nom": Attribute(("nom",))},
    "departements": {
        "code": Attribute(("code",)),
        "nom": Attribute(("nom",)),
        "region": Attribute(("region",)),
    },
    "regions": {"code": Attribute(("code",)), "nom": Attribute(("nom",))},
}


def read(location: str, millesime: int, cache: Path, progress: Progress, region: str | None = None) -> Delivery:
    """Return the whole edition; `region` is not needed here (`boundaries.scope` cuts).

    `location`: the communes file alone (under any name), or several files under their published names, with
    commas between or in a folder. Where the file of EPCI, departements or regions is not given, codes stand
    for names, and `source` says so. The nature of an EPCI is not published here: None. Collectivities
    overseas are kept out; Paris, Lyon and Marseille, when given by their arrondissements alone, are their
    union.
    """
    fetched = fetch_all(location, SUFFIXES, cache, progress)
    files = _by_kind(fetched)
    used = [file for several in files.values() for file in several]
    advance = progress("Lecture des contours d’Etalab", len(used))
    raw = []
    for file in files["communes"] + files["arrondissements-municipaux"]:
        title = f"Fichier {file.name}"
        raw.append(in_degrees(named(_rows(file, outlines=True), ATTRIBUTES["communes"], title), title))
        advance(1)
    names = {}
    for kind in ("epci", "departements", "regions"):
        for file in files[kind]:
            names[kind] = named(_rows(file, outlines=False), ATTRIBUTES[kind], f"Fichier {file.name}")
            advance(1)

    mixed = pd.concat(raw, ignore_index=True)
    communes, arrondissements = communes_and_arrondissements(mixed)
    epci = names.get("epci", listed(communes["epci"])).assign(nature=None)
    departements = names.get("departements", listed(communes["departement"], region=communes["region"]))
    regions = names.get("regions", listed(communes["region"]))
    for frame, level in ((epci, Level.EPCI), (departements, Level.DEPARTEMENT), (regions, Level.REGION)):
        checked(frame, level)
    linked(communes, departements, regions)
    lacking = [words for kind, words in _WORDS.items() if kind not in names]
    note = f" (codes à la place des noms pour {', '.join(lacking)})" if lacking else ""
    return Delivery(
        millesime=millesime,
        source=f"Etalab, contours administratifs{note}",
        licence=LICENCE,
        files=[file.source for file in used],
        communes=communes,
        arrondissements=arrondissements,
        epci=epci,
        departements=departements,
        regions=regions,
    )


_WORDS = {"epci": "les EPCI", "departements": "les départements", "regions": "les régions"}


def _by_kind(fetched: list[Fetched]) -> dict[str, list[Fetched]]:
    """Return the files by what their published name says; one lone file is the communes whatever its name."""
    kinds: dict[str, list[Fetched]] = {"communes": [], "arrondissements-municipaux": []}
    kinds |= {kind: [] for kind in _WORDS}
    for file in fetched:
        match = NAME.fullmatch(file.name)
        if match:
            kinds[match[1].lower()].append(file)
    if not kinds["communes"] and len(fetched) == 1:
        return kinds | {"communes": fetched}
    for kind, several in kinds.items():
        if len(several) > 1:
            listing = ", ".join(file.name for file in several)
            raise Invalid(f"Plusieurs fichiers pour {kind}\u202f: {listing}. N’en donnez qu’un.")
    if not kinds["communes"]:
        listing = ", ".join(file.name for file in fetched[:10])
        raise Invalid(f"Aucun fichier communes-*.geojson parmi {listing}.")
    return kinds


def _rows(file: Fetched, *, outlines: bool) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return the features of a GeoJSON file, compressed or not."""
    path = str(file.path.resolve())
    path = f"/vsigzip/{path}" if path.lower().endswith(".gz") else path
    try:
        rows = pyogrio.read_dataframe(path, read_geometry=outlines)
    except (RuntimeError, ValueError, OSError, ShapelyError):
        raise Invalid(f"Le fichier {file.name} n’est pas un GeoJSON lisible.") from None
    if outlines and not isinstance(rows, gpd.GeoDataFrame):
        raise Invalid(f"Le fichier {file.name} ne contient aucun contour.")
    return rows
