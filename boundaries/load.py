"""A delivery checked, drawn and swapped in: all of a millesime in the caller's transaction, or nothing."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from boundaries import checks, passage, scope
from boundaries.delivery import Delivery
from boundaries.drawing import Drawing, Drawn, draw
from boundaries.levels import Level
from boundaries.tables import FormerCode, Membership, Millesime, Outline, Passage, Territory
from boundaries.territories import memberships, territories
from geo import coverage
from geo.copying import copy_rows
from geo.progress import Progress
from geo.sqlfiles import sql_file

HERE = Path(__file__).parent

Key = tuple[Level, str]
Texts = dict[Key, str]


def load(conn: Connection, delivery: Delivery, region: str, progress: Progress) -> list[checks.Finding]:
    """Return what the checks found, after the millesime has replaced its former state.

    `region` is an INSEE region code or `all`. Feature ids stay what they were for the territories that remain.
    Raises Invalid, before anything is written, when a check refuses.
    """
    kept = scope.cut(delivery, region)
    whole = region == scope.ALL
    findings = checks.code_findings(kept)
    checks.refuse(findings, delivery.millesime)
    rows = territories(kept, whole)
    drawn = draw(kept, whole, progress) if kept.outlines else None
    if drawn is not None:
        findings += drawn.findings + _drift(conn, kept, drawn, region)
        checks.refuse(findings, delivery.millesime)
    links = sorted(set(memberships(kept, whole)))
    polygons = _texts(drawn.polygons, 4326) if drawn else {}
    bands = {number: _texts(drawing, 3857) for number, drawing in drawn.bands.items()} if drawn else {}
    version = _version(rows, links, [polygons, *bands.values()])
    _store_millesime(conn, kept, region, version, findings)
    _store_territories(conn, kept.millesime, rows, drawn.areas_m2 if drawn else {}, polygons)
    _store_memberships(conn, kept, links)
    if drawn is not None:
        _store_outlines(conn, kept.millesime, bands, _centres(drawn), progress)
    _refresh_passages(conn)
    return findings


def _drift(conn: Connection, delivery: Delivery, drawn: Drawn, region: str) -> list[checks.Finding]:
    """Compare surfaces with the closest other millesime of the same scope, where one is loaded."""
    distance = sa.func.abs(Millesime.year - delivery.millesime)
    nearest = conn.execute(
        sa.select(Millesime.year)
        .where(Millesime.year != delivery.millesime, Millesime.scope == region, Millesime.outlines)
        .order_by(distance)
        .limit(1)
    ).scalar()
    if nearest is None:
        return []
    former = conn.execute(
        sa.select(Territory.code, Territory.area_m2).where(
            Territory.millesime == nearest, Territory.level == Level.COMMUNE
        )
    ).all()
    here = _code_list(delivery)
    there = _stored_lists(conn, nearest)[0]
    moves = passage.passages([here, there])[there.millesime, here.millesime]
    changed = set(moves) | {target for targets in moves.values() for target in targets}
    communes = [(code, area) for (level, code), area in drawn.areas_m2.items() if level is Level.COMMUNE]
    codes, areas = zip(*communes, strict=True)
    previous = pd.Series({code: float(area) for code, area in former if area is not None})
    return checks.drift_findings(np.array(codes), np.array(areas), previous, changed, nearest)


def _version(rows: pd.DataFrame, links: list[tuple[str, str, str, str]], drawings: list[Texts]) -> str:
    """A digest of everything stored: the same content gives the same version on every machine."""
    digest = hashlib.sha256()
    for row in rows.sort_values(["level", "code"]).itertuples(index=False):
        digest.update(repr(tuple(map(str, row))).encode())
    digest.update(repr(links).encode())
    for drawing in drawings:
        for key in sorted(drawing):
            digest.update(f"{key[0]}:{key[1]}:{drawing[key]}".encode())
    return digest.hexdigest()[:12]


def _store_millesime(
    conn: Connection, delivery: Delivery, region: str, version: str, findings: list[checks.Finding]
) -> None:
    values = {
        "scope": region,
        "outlines": delivery.outlines,
        "source": delivery.source,
        "licence": delivery.licence,
        "files": [{"name": file.name, "sha256": file.sha256} for file in delivery.files],
        "report": {"findings": [{"sentence": item.sentence, "codes": list(item.codes)} for item in findings]},
        "version": version,
        "loaded_at": sa.func.now(),
    }
    statement = insert(Millesime).values(year=delivery.millesime, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=[Millesime.year], set_=values))


def _store_territories(
    conn: Connection, millesime: int, rows: pd.DataFrame, areas: dict[Key, float], polygons: Texts
) -> None:
    """Update by code, so that ids stay; what the delivery no longer has goes away with all that hangs on it."""
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
    conn.execute(sql_file(HERE, "swap_territories"), {"millesime": millesime})


def _store_memberships(conn: Connection, delivery: Delivery, links: list[tuple[str, str, str, str]]) -> None:
    year = delivery.millesime
    for table in (Membership, FormerCode):
        conn.execute(sa.delete(table).where(table.millesime == year))
    columns = ["millesime", "level", "code", "parent_level", "parent_code"]
    copy_rows(conn, Membership.__table__, columns, ((year, *link) for link in links))  # type: ignore[arg-type]
    gone = dict(zip(delivery.delegated["code"], delivery.delegated["commune"], strict=True))
    rows = {code: (year, code, commune, True) for code, commune in gone.items()}
    for code, successor in zip(delivery.former["code"], delivery.former["successor"], strict=True):
        rows[code] = (year, code, successor, code in gone)
    copy_rows(
        conn,
        FormerCode.__table__,  # type: ignore[arg-type]
        ["millesime", "code", "successor", "part_of"],
        rows.values(),
    )


def _store_outlines(
    conn: Connection, millesime: int, bands: dict[int, Texts], centres: Texts, progress: Progress
) -> None:
    known = {
        (Level(level), code): (identity, nom)
        for identity, level, code, nom in conn.execute(
            sa.select(Territory.id, Territory.level, Territory.code, Territory.nom).where(
                Territory.millesime == millesime, Territory.in_scope
            )
        )
    }
    conn.execute(sa.delete(Outline).where(Outline.millesime == millesime))
    keys = [key for key in centres if key in known]  # communes outside the Region are not drawn
    rows = (
        (known[key][0], band, millesime, *key, known[key][1], drawing[key], centres[key])
        for band, drawing in bands.items()
        for key in keys
    )
    total = len(keys) * len(bands)
    columns = ["territory_id", "band", "millesime", "level", "code", "nom", "geom", "centre"]
    advance = progress(f"Contours {millesime} : enregistrement (dessins)", total)
    copy_rows(conn, Outline.__table__, columns, rows, advance)  # type: ignore[arg-type]


def _refresh_passages(conn: Connection) -> None:
    """Compute again the passages between all known millesimes: one more may be a new step between two others."""
    conn.execute(sa.delete(Passage))
    rows = (
        (start, end, code, target, weight, passage.kind(weight))
        for (start, end), moves in passage.passages(_stored_lists(conn)).items()
        for code, targets in moves.items()
        for target, weight in targets.items()
    )
    columns = ["from_millesime", "to_millesime", "from_code", "to_code", "weight", "kind"]
    copy_rows(conn, Passage.__table__, columns, list(rows))  # type: ignore[arg-type]


def _code_list(delivery: Delivery) -> passage.CodeList:
    communes = delivery.communes
    return passage.CodeList(
        delivery.millesime,
        {
            code: None if pd.isna(population) else float(population)
            for code, population in zip(communes["code"], communes["population"], strict=True)
        },
        dict(zip(delivery.former["code"], delivery.former["successor"], strict=True)),
        dict(zip(delivery.delegated["code"], delivery.delegated["commune"], strict=True)),
    )


def _stored_lists(conn: Connection, year: int | None = None) -> list[passage.CodeList]:
    years = [year] if year else list(conn.scalars(sa.select(Millesime.year).order_by(Millesime.year)))
    lists = []
    for one in years:
        communes = conn.execute(
            sa.select(Territory.code, Territory.weight_population).where(
                Territory.millesime == one, Territory.level == Level.COMMUNE
            )
        ).all()
        codes = conn.execute(
            sa.select(FormerCode.code, FormerCode.successor, FormerCode.part_of).where(FormerCode.millesime == one)
        ).all()
        lists.append(
            passage.CodeList(
                one,
                {row.code: row.weight_population for row in communes},
                {code: successor for code, successor, _ in codes},
                {code: successor for code, successor, part in codes if part},
            )
        )
    return lists


def _texts(drawing: Drawing, srid: int) -> Texts:
    """The shapes of a drawing as hexadecimal EWKB multipolygons, the form that COPY takes."""
    shapes = coverage.multi(np.array([*drawing.values()], dtype=object))
    texts = shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True)
    return dict(zip(drawing, texts, strict=True))


def _centres(drawn: Drawn) -> Texts:
    """A point inside each territory, in EPSG:3857."""
    finest = drawn.bands[max(drawn.bands)]
    points = shapely.set_srid(shapely.point_on_surface(np.array([*finest.values()], dtype=object)), 3857)
    return dict(zip(finest, shapely.to_wkb(points, hex=True, include_srid=True), strict=True))
