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
from indicators.actors import Actor
from indicators.lifecycle import record_delivery, release_delivery, validate
from indicators.statuses import Status
from indicators.tables import Delivery, Import, ImportValue

# What is listed in `populations.toml` was read by people before it came here; the journal says so.
REVIEWED = Actor("liste relue des populations", "validator")
FORM = 2  # of what is kept of a delivery: a new one reads the files again
LEVELS = {"commune-actuelle": Level.COMMUNE, "arrondissement-municipal": Level.ARRONDISSEMENT_MUNICIPAL}


def deliveries() -> dict[str, Any]:
    """Return the reviewed list of deliveries: `populations.toml`."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def import_populations(
    conn: Connection, cache: Path, progress: Progress, millesimes: set[int] | None = None
) -> int:
    """Return how many deliveries were imported; those already there, for the same codes, are left alone.

    With `millesimes`, only the deliveries expressed in these geographies are read.

    A territory of the millesime without a value gets a row `missing`; values outside the loaded scope are not kept.
    Raises Conflict when a millesime that a delivery is expressed in was not loaded.
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
        sa.select(Millesime.limits_version, Millesime.scope).where(Millesime.year == item["millesime"])
    ).one_or_none()
    if millesime is None:
        raise Conflict(
            f"La population {item['period']} est exprimée dans la géographie {item['millesime']}, qui n’est pas "
            f"chargée : lancez d’abord « ores load boundaries --millesime {item['millesime']} »."
        )
    content = repr((FORM, package.sha256, sorted(item.items(), key=str), millesime.limits_version))
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    if conn.execute(sa.select(Delivery.id).where(Delivery.digest == digest)).first():
        return False
    records = list(packages.read_json(packages.fetch(package, cache), "communes"))
    values = {
        (LEVELS[record["type"]], record["code"]): (record.get("population"), number)
        for number, record in enumerate(records, start=1)
        if record["type"] in LEVELS
    }
    expected = conn.execute(
        sa.select(Territory.level, Territory.code).where(
            Territory.millesime == item["millesime"],
            Territory.level.in_([level.value for level in LEVELS.values()]),
        )
    ).all()
    doubtful = item.get("not_significant", {})
    rows = [
        (level, code, *values.get((Level(level), code), (None, None)), code in doubtful)
        for level, code in expected
    ]
    missing = sum(value is None for _, _, value, _, _ in rows)
    delivery_id = record_delivery(
        conn,
        REVIEWED,
        file=package.label,
        size=package.size,
        sha256=package.sha256,
        source=listed["source"],
        producer=listed["producer"],
        licence=listed["licence"],
        sheets=["communes.json"],
        digest=digest,
    )
    counts = {"rows": len(rows) - missing, "absent": missing}
    import_id = conn.execute(
        sa.insert(Import)
        .values(
            delivery_id=delivery_id,
            indicator=listed["indicator"],
            period=item["period"],
            millesime=item["millesime"],
            scope=millesime.scope,
            levels=sorted({level for level, *_ in rows}),
            digest=digest,
            counts=counts,
            notes=doubtful,
        )
        .returning(Import.id)
    ).scalar_one()
    copy_rows(
        conn,
        ImportValue.__table__,  # type: ignore[arg-type]
        ["import_id", "level", "code", "value", "status", "line", "sheet"],
        (
            (import_id, level, code, value, _status(value, doubted), line, 0)
            for level, code, value, line, doubted in rows
        ),
    )
    if item["released"]:
        validate(conn, delivery_id, REVIEWED)
        release_delivery(conn, delivery_id, REVIEWED)
    return True


def _status(value: int | None, doubted: bool) -> Status:
    if value is None:
        return Status.MISSING
    return Status.NOT_SIGNIFICANT if doubted else Status.OBSERVED
