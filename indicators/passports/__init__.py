"""The passport of a published value: what it is, from which lines of which files, by which formula, since when."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from boundaries.places import Place, require
from boundaries.tables import Millesime
from geo.errors import Invalid, NotFound
from geo.sqlfiles import sql_file
from indicators.catalogue import indicator as sheet
from indicators.passports.recomputing import recomputed
from indicators.policy import read_policies
from indicators.published import PUBLISHED, NotYetComputed
from indicators.releases import OWN
from indicators.tables import (
    Delivery,
    Event,
    Import,
    ImportValue,
    Release,
    ReleaseSeries,
    Series,
    Value,
    Withdrawal,
)

HERE = Path(__file__).parent
EDITION = "edition"  # what `by` says of a series that was made from one that may not be served
ROLES = {
    "ratio": ("numérateur", "dénominateur"),
    "growth": ("valeur initiale", "valeur finale"),
    "index": ("valeur de référence", "valeur"),
    "class": ("valeur classée",),
}
# The numbers of the categories of `nature_epci`, by the codes of the intercommunal database.
EPCI_NATURES = {"CC": 1.0, "CA": 2.0, "CU": 3.0, "METRO": 4.0, "MET69": 4.0}


@dataclass(frozen=True)
class PassportId:
    """What names the passport of a value: the series it is of, and the territory (`9f2c…:commune:44109`)."""

    series: str
    place: Place

    @classmethod
    def parse(cls, text: str) -> "PassportId":
        """Return what a text names. Raises Invalid when it is malformed."""
        series, _, place = text.partition(":")
        if not (len(series) == 16 and set(series) <= set("0123456789abcdef")) or not place:
            raise Invalid(
                f"Identifiant de passeport mal formé : « {text[:80]} ». Forme attendue : série:niveau:code, par "
                "exemple 0123456789abcdef:commune:44109 (donné par les réponses de /series et de /values)."
            )
        return cls(series, Place.parse(place))

    def __str__(self) -> str:
        return f"{self.series}:{self.place}"


def read_passport(conn: Connection, wanted: PassportId, sources: Connection | None = None) -> dict[str, Any]:
    """Return the passport of a published value, with every input and the value computed again from them.

    `conn` reads for an audience: what it does not show is not found. `sources` may read deliveries and their lines (the
    same connection if none is given); it is asked only for a series that is open to all. An edition that hides values
    has no inputs: they would tell them.

    Raises NotFound for a series that no release holds, or a territory that it has no value of, and NotYetComputed.
    """
    found = conn.execute(
        sa.select(*PUBLISHED).where(
            Series.digest == wanted.series, Series.id.in_(sa.select(ReleaseSeries.series_id))
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"Aucune série publiée ne porte l’identifiant « {wanted.series} ».")
    territory = require(conn, wanted.place, found.millesime)
    if found.computed_at is None:
        raise NotYetComputed([found.id])
    value = conn.execute(
        sa.select(Value.value, Value.status, Value.coverage).where(
            Value.series_id == found.id, Value.territory_id == territory.id
        )
    ).one_or_none()
    if value is None:
        raise NotFound(f"Cette série n’a pas de valeur pour {wanted.place}.")
    item = sheet(found.indicator)
    stored: dict[str, Any] = found.passport
    passport: dict[str, Any] = {
        "id": str(wanted),
        "indicator": item.id,
        "label": item.label,
        "definition": item.definition.strip(),
        "nature": item.nature.value,
        "unit": item.unit,
        "decimals": item.decimals,
        "producer": item.producer,
        "source": item.source,
        "licence": item.licence,
        "territory": {"level": wanted.place.level.value, "code": wanted.place.code, "nom": territory.nom},
        "period": found.period,
        "millesime": found.millesime,
        "value": value.value,
        "status": value.status.value,
        "coverage": value.coverage,
        **{
            name: stored[name] for name in ("by", "formula", "method", "rule", "factor", "years") if name in stored
        },
        **{name: stored[name] for name in ("low", "high", "counted") if name in stored},
        "note": stored.get("notes", {}).get(wanted.place.code),
        "computed_at": found.computed_at.isoformat() if found.computed_at else None,
    }
    passport["releases"] = _releases(conn, found.id)
    if stored["by"] == EDITION:
        return passport | {"inputs": [], "deliveries": [], "recomputed": None}
    passport |= _inputs(sources or conn, found, territory, wanted.place)
    passport["deliveries"] = _deliveries(sources or conn, stored)
    passport["recomputed"] = recomputed(passport)
    return passport


def _inputs(conn: Connection, series: sa.Row[Any], territory: sa.Row[Any], place: Place) -> dict[str, Any]:
    """What the value was computed from: lines of files, values of other series, or the territory itself."""
    stored: dict[str, Any] = series.passport
    given = stored | {
        "to_millesime": series.millesime,
        "from_millesime": stored.get("delivered_millesime"),
        "territory_id": territory.id,
        "import_id": stored.get("import"),
        "import_ids": stored.get("imports"),
        "weight_import_id": stored.get("weight_import"),
        "levels": series.levels,
        "level": place.level.value,
        "code": place.code,
    }
    if stored["by"] in ("area", "epci_nature"):
        return {"inputs": [_own(conn, series, territory)]}
    if stored["by"] == "producer":
        return {"inputs": _rows(conn, "producer", given)}
    if "series" not in stored:
        return {"inputs": _rows(conn, "pieces", given)}
    parts = [_part(conn, digest, place, territory.id) for digest in stored["series"]]
    given |= {"first_series": parts[0]["series_id"], "second_series": parts[-1]["series_id"]}
    components = [
        {"role": role, **{key: part[key] for key in part if key != "series_id"}}
        for role, part in zip(ROLES[stored["by"]], parts, strict=True)
    ]
    return {"components": components, "inputs": _rows(conn, "units", given)}


def _own(conn: Connection, series: sa.Row[Any], territory: sa.Row[Any]) -> dict[str, Any]:
    """A fact of the territory itself, with the files its geography was loaded from."""
    files = conn.scalar(sa.select(Millesime.files).where(Millesime.year == series.millesime))
    if series.passport["by"] == "area":
        value = None if territory.area_m2 is None else territory.area_m2 / 1e6
    else:
        value = EPCI_NATURES.get(territory.nature)
    return {
        "level": territory.level,
        "code": territory.code,
        "nom": territory.nom,
        "value": value,
        "status": "missing" if value is None else "observed",
        "kind": territory.nature,
        "geography": series.geography,
        "files": files,
    }


def _part(conn: Connection, digest: str, place: Place, territory_id: int) -> dict[str, Any]:
    row = conn.execute(
        sa.select(Series.id, Series.indicator, Series.period, Value.value, Value.status)
        .join(Value, sa.and_(Value.series_id == Series.id, Value.territory_id == territory_id), isouter=True)
        .where(Series.digest == digest)
    ).one()
    return {
        "series_id": row.id,
        "passport": str(PassportId(digest, place)),
        "indicator": row.indicator,
        "period": row.period,
        "value": row.value,
        "status": row.status.value if row.status else None,
    }


def _rows(conn: Connection, name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    statement = sql_file(HERE, name)
    wanted = {key: given[key] for key in statement.compile().params}
    return [dict(row) for row in conn.execute(statement, wanted).mappings()]


def _deliveries(conn: Connection, stored: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that the lines come from, and who answered for them."""
    imports = {stored.get("import"), stored.get("weight_import"), *stored.get("imports", ())} - {None}
    rows = conn.execute(
        sa.select(
            Import.id.label("import_id"),
            Import.indicator,
            Import.period,
            Import.millesime,
            Delivery.id,
            Delivery.file,
            Delivery.sha256,
            Delivery.source,
            Delivery.producer,
            Delivery.licence,
            Delivery.recipe,
            Delivery.sheets,
            Delivery.accepted,
            Delivery.submitted_at,
        )
        .join(Delivery, Delivery.id == Import.delivery_id)
        .where(Import.id.in_(imports))
        .order_by(Import.id)
    ).mappings()
    found = []
    for row in rows:
        steps = conn.execute(
            sa.select(Event.at, Event.actor, Event.role, Event.action)
            .where(Event.delivery_id == row["id"])
            .order_by(Event.id)
        ).mappings()
        journal = [dict(step) | {"at": step["at"].isoformat()} for step in steps]
        validator = next((step["actor"] for step in journal if step["action"] == "validated"), None)
        told = {"submitted_at": row["submitted_at"].isoformat(), "validator": validator, "journal": journal}
        found.append({**row, **told, **_beside(conn, row)})
    return found


def _beside(conn: Connection, row: RowMapping) -> dict[str, Any]:
    """What is not told of a file that holds, beside what is open, what is not: guesses at the rest would be tried on it.

    A digest of the file confirms a guess at all that it holds, and so do the keys of its repairs; a sheet has a name.
    """
    policies = read_policies(conn)
    others = conn.scalars(sa.select(Import.indicator).where(Import.delivery_id == row["id"]).distinct())
    if all(policies.is_open(name) for name in others):
        return {}
    lines = sa.select(ImportValue.sheet).where(ImportValue.import_id == row["import_id"]).distinct()
    own = set(conn.scalars(lines))
    sheets = [name if rank in own else "" for rank, name in enumerate(row["sheets"])]
    return {"sha256": None, "accepted": None, "sheets": sheets}


def _releases(conn: Connection, series_id: int) -> list[dict[str, Any]]:
    """The releases that show the series to who reads, the last first, withdrawn ones told."""
    rows = conn.execute(
        sa.select(Release.id, Release.published_at, Release.published_by, Withdrawal.withdrawn_at)
        .join(ReleaseSeries, ReleaseSeries.release_id == Release.id)
        .outerjoin(Withdrawal, Withdrawal.release_id == Release.id)
        .where(ReleaseSeries.series_id == series_id, ReleaseSeries.edition == OWN)
        .order_by(Release.id.desc())
    )
    return [
        {
            "id": row.id,
            "published_at": row.published_at.isoformat(),
            "published_by": row.published_by,
            "withdrawn_at": row.withdrawn_at.isoformat() if row.withdrawn_at else None,
        }
        for row in rows
    ]
