"""Territories and their outlines written to the database: what the limits and the zonings have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.orm import aliased

from boundaries.drawing import Drawing
from boundaries.levels import Level
from boundaries.tables import Membership, Outline, Territory
from geo import coverage
from geo.copying import copy_rows
from geo.layers import Rows
from geo.progress import Progress
from geo.sqlfiles import sql_file

HERE = Path(__file__).parent

Key = tuple[Level, str]
Texts = dict[Key, str]


def store_territories(
    conn: Connection,
    millesime: int,
    rows: pd.DataFrame,
    areas: Mapping[Key, float],
    polygons: Texts,
    replaced: Sequence[Level],
) -> None:
    """Update by code, so that ids stay.

    What `rows` no longer has goes away at the replaced levels, with all that hangs on it. `rows` are those of
    `boundaries.territories.territories`; `areas` are in m², `polygons` in EPSG:4326.
    """
    conn.execute(sa.text("DROP TABLE IF EXISTS arriving"))
    conn.execute(
        sa.text("CREATE TEMP TABLE arriving (LIKE boundaries.territory INCLUDING DEFAULTS) ON COMMIT DROP")
    )
    conn.execute(sa.text("ALTER TABLE arriving DROP COLUMN id"))
    columns = ["millesime", "level", "code", "nom", "nature", "in_scope", "emprise", "straddles"]
    columns += ["weight_population", "area_m2", "geom"]
    arriving = (
        (
            millesime,
            row.level,
            row.code,
            row.nom,
            row.nature,
            row.in_scope,
            row.emprise,
            row.straddles,
            None if pd.isna(row.population) else int(row.population),
            areas.get((row.level, row.code)),
            polygons.get((row.level, row.code)),
        )
        for row in rows.itertuples(index=False)
    )
    copy_rows(conn, "arriving", columns, arriving)
    conn.execute(
        sql_file(HERE, "swap_territories"),
        {"millesime": millesime, "replaced": [level.value for level in replaced]},
    )


def store_outlines(
    conn: Connection, millesime: int, bands: Mapping[int, Texts], inner: Texts, progress: Progress
) -> None:
    """Store the drawings of territories by band, with the point inside each; those before them must be gone.

    Territories and memberships are stored already: what is above communes has the population of those it is made of.
    """
    # What was just written is unknown to the planner, who would compare each commune with every membership.
    for table in ("territory", "membership"):
        conn.execute(sa.text(f"ANALYZE boundaries.{table} (millesime, level, code)"))
    known = {
        (Level(level), code): (identity, nom, people)
        for identity, level, code, nom, people in conn.execute(_known(millesime))
    }
    keys = [key for key in inner if key in known]  # communes outside the Region are not drawn
    rows = (
        (known[key][0], band, millesime, *key, *known[key][1:], drawing[key], inner[key])
        for band, drawing in bands.items()
        for key in keys
    )
    total = len(keys) * len(bands)
    columns = ["territory_id", "band", "millesime", "level", "code", "nom", "people", "geom", "centre"]
    advance = progress(f"Contours {millesime} : enregistrement (dessins)", total)
    copy_rows(conn, Outline.__table__, columns, rows, advance)  # type: ignore[arg-type]


def _known(millesime: int) -> Rows:
    """The territories of a millesime: id, level, code, name and population."""
    commune = aliased(Territory)
    made_of = (
        sa.select(
            Membership.parent_level, Membership.parent_code, sa.func.sum(commune.weight_population).label("people")
        )
        .join(
            commune,
            (commune.millesime == millesime)
            & (commune.level == Level.COMMUNE)
            & (commune.code == Membership.code),
        )
        .where(Membership.millesime == millesime, Membership.level == Level.COMMUNE)
        .group_by(Membership.parent_level, Membership.parent_code)
        .subquery()
    )
    above = (made_of.c.parent_level == Territory.level) & (made_of.c.parent_code == Territory.code)
    people = sa.func.coalesce(Territory.weight_population, made_of.c.people)
    return (
        sa.select(Territory.id, Territory.level, Territory.code, Territory.nom, people)
        .outerjoin(made_of, above)
        .where(Territory.millesime == millesime, Territory.in_scope)
    )


def texts(drawing: Drawing, srid: int) -> Texts:
    """Return the shapes of a drawing as hexadecimal EWKB multipolygons, the form that COPY takes."""
    shapes = coverage.multi(np.array([*drawing.values()], dtype=object))
    written = shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True)
    return dict(zip(drawing, written, strict=True))


def centres(bands: Mapping[int, Drawing]) -> Texts:
    """Return a point inside each territory, in EPSG:3857, as `texts` does."""
    finest = bands[max(bands)]
    points = shapely.set_srid(shapely.point_on_surface(np.array([*finest.values()], dtype=object)), 3857)
    return dict(zip(finest, shapely.to_wkb(points, hex=True, include_srid=True), strict=True))
