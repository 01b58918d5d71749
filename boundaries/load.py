"""A delivery checked, drawn and swapped in: all of a millesime in the caller's transaction, or nothing."""

import hashlib

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from boundaries import checks, scope
from boundaries.delivery import Delivery
from boundaries.drawing import Drawn, draw
from boundaries.former_codes import CodeList
from boundaries.levels import ZONINGS, Level
from boundaries.links import links
from boundaries.storing import Texts, centres, store_outlines, store_territories, texts
from boundaries.tables import FormerCode, Membership, Millesime, Outline, PostalCode, Territory
from boundaries.territories import memberships, territories
from boundaries.time_machine import refresh_passages, stored_lists
from boundaries.zonings import load as zonings
from geo.copying import copy_rows
from geo.progress import Progress

DELIVERED = tuple(level for level in Level if not level.is_zoning)


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
    polygons = texts(drawn.polygons, 4326) if drawn else {}
    bands = {number: texts(drawing, 3857) for number, drawing in drawn.bands.items()} if drawn else {}
    version = _version(rows, links, [polygons, *bands.values()])
    _store_millesime(conn, kept, region, version, findings)
    store_territories(conn, kept.millesime, rows, drawn.areas_m2 if drawn else {}, polygons, replaced=DELIVERED)
    _store_memberships(conn, kept, links)
    conn.execute(sa.delete(Outline).where(Outline.millesime == kept.millesime))
    if drawn is not None:
        store_outlines(conn, kept.millesime, bands, centres(drawn.bands), progress)
    findings += zonings.apply_again(conn, kept.millesime, progress)
    findings += [checks.Finding(sentence, refused=False) for sentence in refresh_passages(conn)]
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
    there = stored_lists(conn, nearest)[0]
    shares = links([here, there])[there.millesime, here.millesime].shares
    changed = shares.keys() | {target for targets in shares.values() for target in targets}
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
        "limits_version": version,
        "loaded_at": sa.func.now(),
    }
    statement = insert(Millesime).values(year=delivery.millesime, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=[Millesime.year], set_=values))


def _store_memberships(conn: Connection, delivery: Delivery, links: list[tuple[str, str, str, str]]) -> None:
    year = delivery.millesime
    of_zonings = sa.or_(Membership.parent_level.in_(ZONINGS), Membership.level.in_(ZONINGS))
    conn.execute(sa.delete(Membership).where(Membership.millesime == year, ~of_zonings))
    conn.execute(sa.delete(FormerCode).where(FormerCode.millesime == year))
    conn.execute(sa.delete(PostalCode).where(PostalCode.millesime == year))
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
    postal = delivery.postal[["postal_code", "commune"]].itertuples(index=False)
    copy_rows(
        conn,
        PostalCode.__table__,  # type: ignore[arg-type]
        ["millesime", "postal_code", "commune"],
        ((year, *pair) for pair in postal),
    )


def _code_list(delivery: Delivery) -> CodeList:
    communes = delivery.communes
    return CodeList(
        delivery.millesime,
        {
            code: None if pd.isna(population) else float(population)
            for code, population in zip(communes["code"], communes["population"], strict=True)
        },
        dict(zip(delivery.former["code"], delivery.former["successor"], strict=True)),
        dict(zip(delivery.delegated["code"], delivery.delegated["commune"], strict=True)),
    )
