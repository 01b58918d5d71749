"""From the polygons of a delivery to one exact coverage per band of zooms, and the upper levels made of it.

The units that are drawn are communes, and municipal arrondissements in place of Paris, Lyon and Marseille where
all of a city's are known; everything above is dissolved from them, so borders are shared at every level.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from boundaries import checks
from boundaries.bands import BANDS, Band
from boundaries.delivery import Delivery
from boundaries.levels import Level
from boundaries.metric import metric_crs
from geo import coverage
from geo.errors import Invalid
from geo.progress import Progress

FRANCE = "FR"
THREADS = 4  # bands that are drawn at a time, all of whose shapes are in memory
Drawing = dict[tuple[Level, str], Any]


@dataclass
class Drawn:
    """The outlines of a delivery: polygons in EPSG:4326, surfaces in m², and one drawing per band in EPSG:3857."""

    polygons: Drawing
    areas_m2: dict[tuple[Level, str], float]
    bands: dict[int, Drawing]
    findings: list[checks.Finding]


def draw(delivery: Delivery, whole_country: bool, progress: Progress) -> Drawn:
    """Return the outlines of every territory of a delivery that was cut to its scope.

    Polygons are repaired (and listed), then cleaned into a coverage, one metric CRS at a time; each territory's
    surface is the sum of its units'. Raises Invalid when the cleaning would move more than is allowed.
    """
    units = _units(delivery)
    shapes = units["geometry"].to_numpy(dtype=object)
    shapes, wrong = coverage.repaired(shapes)
    codes = units["code"].to_numpy(dtype=str)
    findings = []
    if wrong.any():
        findings.append(checks.Finding("Géométries invalides réparées", tuple(codes[wrong]), refused=False))
    before, after = np.zeros(len(units)), np.zeros(len(units))
    advance = progress(f"Contours {delivery.millesime} : frontières communes (unités)", len(units))
    crs = units["departement"].map(metric_crs).to_numpy()
    for zone in np.unique(crs):
        here = crs == zone
        before[here] = coverage.areas_m2(shapes[here], int(zone))
        shapes[here] = coverage.cleaned(shapes[here])
        after[here] = coverage.areas_m2(shapes[here], int(zone))
        advance(int(here.sum()))
    findings += checks.area_findings(codes, before, after)
    checks.refuse(findings, delivery.millesime)
    parents = _parents(units, whole_country, delivery)
    areas = {
        (level, code): float(after[rows].sum())
        for level, groups in parents.items()
        for code, rows in groups.items()
    }
    advance = progress(f"Contours {delivery.millesime} : généralisation (dessins)", len(BANDS) + 1)
    polygons = drawing(shapes, parents)
    advance(1)
    mercator = coverage.projected(shapes, 4326, 3857)

    def drawn_for(band: Band) -> Drawing:
        simplified = coverage.simplified(mercator, band.tolerance_m)
        lost = shapely.is_empty(simplified)
        if lost.any():
            raise Invalid(f"La généralisation a perdu des unités : {', '.join(codes[lost][: checks.SHOWN])}.")
        return drawing(simplified, parents)

    bands = {}
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:  # GEOS works without the lock of Python
        for band, drawn in zip(BANDS, threads.map(drawn_for, BANDS), strict=True):
            bands[band.zoom] = drawn
            advance(1)
    return Drawn(polygons, areas, bands, findings)


def _units(delivery: Delivery) -> pd.DataFrame:
    """The polygons that are drawn, one row each: code, level, geometry, and the codes of what contains it."""
    communes = pd.DataFrame(delivery.communes)
    municipal = pd.DataFrame(delivery.arrondissements)
    complete = municipal.groupby("commune")["geometry"].agg(lambda shapes: shapes.notna().all())
    cities = set(complete.index[complete.astype(bool)])
    columns = ["code", "commune", "departement", "region", "epci", "in_scope", "geometry"]
    whole = communes[~communes["code"].isin(cities)].assign(commune=lambda frame: frame["code"])
    parts = municipal[municipal["commune"].isin(cities)][["code", "commune", "geometry"]]
    around = communes.drop(columns=["geometry"]).rename(columns={"code": "commune"})
    parts = parts.merge(around[["commune", "departement", "region", "epci", "in_scope"]], on="commune")
    return pd.concat([whole[columns], parts[columns]], ignore_index=True)


def _parents(units: pd.DataFrame, whole_country: bool, delivery: Delivery) -> dict[Level, dict[str, Any]]:
    """For each level, the rows of the units that make each of its territories."""
    inside = units[units["in_scope"]]
    parts = units[units["code"] != units["commune"]]
    groups: dict[Level, Any] = {
        Level.COMMUNE: units.groupby("commune").indices,
        Level.ARRONDISSEMENT_MUNICIPAL: {code: np.array([row]) for row, code in parts["code"].items()},
        Level.EPCI: units[units["epci"].isin(delivery.epci["code"])].groupby("epci"),
        Level.DEPARTEMENT: inside.groupby("departement"),
        Level.REGION: inside.groupby("region"),
    }
    for level, group in groups.items():
        if not isinstance(group, dict):
            groups[level] = {code: np.asarray(rows) for code, rows in group.groups.items()}
    if whole_country:
        groups[Level.FRANCE] = {FRANCE: np.arange(len(units))}
    return groups


def drawing(shapes: coverage.Shapes, parents: dict[Level, dict[str, Any]]) -> Drawing:
    """Return each territory dissolved from the rows of its units, by level and code."""
    drawn: Drawing = {}
    for level, groups in parents.items():
        if not groups:
            continue
        label = np.concatenate([np.full(len(rows), code, dtype=object) for code, rows in groups.items()])
        rows = np.concatenate(list(groups.values())).astype(int)
        for code, shape in coverage.dissolved(shapes[rows], label).items():
            drawn[level, code] = shape
    return drawn
