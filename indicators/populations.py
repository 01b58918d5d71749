"""Municipal populations imported from the registries' code lists, each in its own millesime."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.sources import packages
from boundaries.tables import Millesime, Territory
from geo.copying import copy_rows
from geo.errors import Conflict
from geo.progress import Progress
from indicators.statuses import Status
from indicators.tables import Import, ImportValue

LEVELS = {"commune-actuelle": Level.COMMUNE, "arrondissement-municipal": Level.ARRONDISSEMENT_MUNICIPAL}


def deliveries() -> dict[str, Any]:
    """Return the reviewed list of deliveries: `populations.toml`."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def import_populations(
    conn: Connection, cache: Path, progress: Progress, millesimes: set[int] | None = None
) -> int:
    """Return how many deliveries were imported; those already there, for the same codes, are left alone.

    With `millesimes`, only the deliveries expressed in these geographies are read.

    A territory of the millesime without a value gets a row `missing`; values outside the loaded scope are
    counted, not kept. Raises Conflict when a millesime that a delivery is expressed in was not loaded.
    """
    listed = deliveries()
    chosen = [item for item in listed["delivery"] if millesimes is None or item["millesime"] in millesimes]
    wanted = [packages.package(packages.ADMINISTRATIVE_DIVISIONS, item["version"]) for item in chosen]
    advance = progress("Populations municipales (octets)", sum(package.size for package in wanted))
    done = 0
    for item, package in zip(chosen, wanted, strict=True):
        done += _import(conn, listed, item, package, cache)
        advance(package.size)
    return done


def _import(
    conn: Connection, listed: dict[str, Any], item: dict[str, Any], package: packages.Package, cache: Path
) -> bool:
    millesime = conn.execute(
        sa.select(Millesime.version, Millesime.scope).where(Millesime.year == item["millesime"])
    ).one_or_none()
    if millesime is None:
        raise Conflict(
            f"La population {item['period']} est exprimée dans la géographie {item['millesime']}, qui n’est pas "
            f"chargée : lancez d’abord « ores load boundaries --millesime {item['millesime']} »."
        )
    content = repr((package.sha256, sorted(item.items(), key=str), millesime.version))
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    known = sa.select(Import.id).where(Import.indicator == listed["indicator"], Import.digest == digest)
    if conn.execute(known).first():
        return False
    values = {
        (LEVELS[record["type"]], record["code"]): record.get("population")
        for record in packages.read_json(packages.fetch(package, cache), "communes")
        if record["type"] in LEVELS
    }
    expected = conn.execute(
        sa.select(Territory.level, Territory.code).where(
            Territory.millesime == item["millesime"],
            Territory.level.in_([level.value for level in LEVELS.values()]),
        )
    ).all()
    doubtful = item.get("not_significant", {})
    rows = [(level, code, values.get((Level(level), code)), code in doubtful) for level, code in expected]
    missing = sum(value is None for _, _, value, _ in rows)
    _supersede(conn, listed["indicator"], item)
    import_id = conn.execute(
        sa.insert(Import)
        .values(
            indicator=listed["indicator"],
            period=item["period"],
            millesime=item["millesime"],
            scope=millesime.scope,
            source=listed["source"],
            licence=listed["licence"],
            file=package.label,
            sha256=package.sha256,
            digest=digest,
            counts={"rows": len(rows), "missing": missing, "outside": len(values) - len(rows) + missing},
            notes=doubtful,
            released=item["released"],
        )
        .returning(Import.id)
    ).scalar_one()
    copy_rows(
        conn,
        ImportValue.__table__,  # type: ignore[arg-type]
        ["import_id", "level", "code", "value", "status"],
        ((import_id, level, code, value, _status(value, doubted)) for level, code, value, doubted in rows),
    )
    return True


def _supersede(conn: Connection, indicator: str, item: dict[str, Any]) -> None:
    """The import that fed this period in this millesime until now feeds it no more; it is kept."""
    if item["released"]:
        conn.execute(
            sa.update(Import)
            .where(Import.indicator == indicator, Import.period == item["period"], Import.released)
            .values(released=False)
        )


def _status(value: int | None, doubted: bool) -> Status:
    if value is None:
        return Status.MISSING
    return Status.NOT_SIGNIFICANT if doubted else Status.OBSERVED
