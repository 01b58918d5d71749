"""A diagnosed delivery kept as a draft: its values as they were read, beside what was found and what was decided."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.tables import Millesime, Territory
from geo.ahead import ahead
from geo.columnar import copy_frame
from geo.errors import Conflict, Invalid
from geo.progress import Progress
from geo.sqlfiles import sql_file
from indicators.actors import Actor, require_role
from indicators.catalogue import indicator as sheet
from indicators.imports.control import Control
from indicators.imports.findings import LISTED, Decisions, Diagnosis, Severity
from indicators.imports.mapping import Mapping
from indicators.imports.values import values
from indicators.lifecycle import record_delivery
from indicators.tables import Delivery, Import, ImportValue

HERE = Path(__file__).parent


@dataclass
class _Writing:
    """The imports that a delivery is made of, one for each indicator and period, as its values are met."""

    conn: Connection
    delivery_id: int
    version: str
    mapping: Mapping
    scope: str
    sheets: dict[str, int]
    imports: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: Counter[tuple[int, str]] = field(default_factory=Counter)

    def write(self, frame: pd.DataFrame, advance: Callable[[int], None]) -> None:
        """Copy a frame of values as `indicators.imports.values` gives them."""
        if frame.empty:
            return
        indicator, period, level, name = (
            frame[column].cat for column in ("indicator", "period", "level", "sheet")
        )
        pairs = indicator.codes.to_numpy().astype(np.int64) * len(period.categories) + period.codes.to_numpy()
        found, number = np.unique(pairs, return_inverse=True)
        places = [divmod(int(pair), len(period.categories)) for pair in found]
        ids = np.array(
            [self._import(str(indicator.categories[one]), str(period.categories[two])) for one, two in places]
        )
        told = number * len(level.categories) + level.codes.to_numpy()
        for pair, count in zip(*np.unique(told, return_counts=True), strict=True):
            which, rank = divmod(int(pair), len(level.categories))
            self.rows[int(ids[which]), str(level.categories[rank])] += int(count)
        ranks = np.array([self.sheets[str(one)] for one in name.categories], dtype=np.int16)
        columns = frame[["level", "code", "value", "status", "line"]].assign(
            import_id=ids[number], sheet=ranks[name.codes.to_numpy()]
        )
        copy_frame(self.conn, ImportValue.__table__, columns, advance)  # type: ignore[arg-type]

    def close(self) -> None:
        """Say of every territory that should be there and is not why it has no value; count, and identify each import.

        Codes are those of territories, each once: where a level has as many values as territories, none is absent.
        """
        expected = dict(
            self.conn.execute(
                sa.select(Territory.level, sa.func.count())
                .where(Territory.millesime == self.mapping.millesime)
                .group_by(Territory.level)
            ).all()
        )
        for (indicator, period), import_id in self.imports.items():
            rows = {level: count for (own, level), count in self.rows.items() if own == import_id}
            lacking = sorted(level for level, count in rows.items() if count < expected[level])
            given = {
                "import_id": import_id,
                "millesime": self.mapping.millesime,
                "levels": lacking,
                "zero": self.mapping.absent == "zero",
            }
            absent = self.conn.execute(sql_file(HERE, "absent"), given).rowcount if lacking else 0
            counts = {"rows": sum(rows.values()), "absent": absent}
            # Of its own values: that of the file would tell, of what is open, what else the file holds.
            own = self.conn.scalar(sql_file(HERE, "digest"), {"import_id": import_id})
            told = (own, self.delivery_id, self.mapping.millesime, self.version)
            digest = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
            self.conn.execute(
                sa.update(Import)
                .where(Import.id == import_id)
                .values(levels=sorted(rows), counts=counts, digest=f"{digest}:{indicator}:{period}")
            )

    def _import(self, indicator: str, period: str) -> int:
        known = self.imports.get((indicator, period))
        if known is None:
            known = self.imports[indicator, period] = self.conn.execute(
                sa.insert(Import)
                .values(
                    delivery_id=self.delivery_id,
                    indicator=sheet(indicator).id,
                    period=period,
                    millesime=self.mapping.millesime,
                    scope=self.scope,
                    levels=[],
                    digest="",
                    counts={},
                    notes={},
                )
                .returning(Import.id)
            ).scalar_one()
        return known


def digest_of(found: Control, version: str) -> str:
    """Return what identifies a delivery: the file, how it is read, what was repaired, the codes it is read against."""
    repairs = sorted(repair.key for repair in found.repairs)
    parts = (found.delivered.sha256, found.mapping.to_json(), repairs, version)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def keep(conn: Connection, actor: Actor, found: Control, progress: Progress) -> int:
    """Return the id of the draft that now holds the values of a delivery, with the accepted repairs and only those.

    Everything happens in the caller's transaction. Expected territories that the file does not have are `missing`,
    or zero where the mapping says that the source leaves zeros out and the file speaks of their departement.
    Raises Conflict while something blocks or waits for a decision, and for a delivery that is there already;
    Invalid when the file holds no value.
    """
    require_role(actor, "contributor", "validator")
    delivered, mapping, diagnosis = found.delivered, found.mapping, found.diagnosis
    _require_decided(diagnosis, found.decisions)
    millesime = conn.execute(
        sa.select(Millesime.limits_version, Millesime.scope).where(Millesime.year == mapping.millesime)
    ).one()
    digest = digest_of(found, millesime.limits_version)
    _require_new(conn, digest)
    names = [one.name for one in delivered.sheets]
    delivery_id = record_delivery(
        conn,
        actor,
        file=delivered.name,
        size=delivered.size,
        sha256=delivered.sha256,
        source=mapping.title or mapping.source,
        producer=mapping.producer or "non précisé",
        licence=mapping.licence or "non précisée",
        digest=digest,
        sheets=names,
        recipe=found.recipe,
        mapping=mapping.model_dump(mode="json", exclude_defaults=True),
        accepted=sorted(repair.key for repair in found.repairs),
        report=_report(found),
    )
    writing = _Writing(
        conn,
        delivery_id,
        millesime.limits_version,
        mapping,
        millesime.scope,
        {name: i for i, name in enumerate(names)},
    )
    advance = progress(f"{delivered.name} (valeurs)", diagnosis.summary.get("figures", 0))
    for frame in ahead(values(delivered, mapping, found.reference, found.repairs)):
        writing.write(frame, advance)
    if not writing.imports:
        raise Invalid(f"« {delivered.name} » ne donne aucune valeur d’un territoire chargé.")
    writing.close()
    return delivery_id


def _require_decided(diagnosis: Diagnosis, decisions: Decisions) -> None:
    blocking = sum(count for (_, severity), count in diagnosis.counts.items() if severity is Severity.BLOCKING)
    pending = len(diagnosis.pending(decisions))
    if blocking or pending:
        told = [f"{blocking} point(s) bloquant(s)"] if blocking else []
        told += [f"{pending} correction(s) à accepter ou à refuser"] if pending else []
        raise Conflict(f"« {diagnosis.file} » ne peut pas être importé : {', '.join(told)}.")


def _require_new(conn: Connection, digest: str) -> None:
    there = conn.scalar(
        sa.select(Delivery.id).where(
            Delivery.digest == digest, Delivery.state.in_(["draft", "validated", "released"])
        )
    )
    if there is not None:
        raise Conflict(f"Ce fichier, lu de la même façon, est déjà la livraison n° {there}.")


def _report(found: Control) -> dict[str, Any]:
    """What is kept of the control: counts by family and severity, and what was decided."""
    diagnosis = found.diagnosis
    return {
        "summary": {
            "blocking": 0,
            "findings": sum(diagnosis.counts.values()),
            "accepted": len(found.repairs),
            **diagnosis.summary,
        },
        "families": [
            {"family": family, "severity": severity, "count": count}
            for (family, severity), count in sorted(diagnosis.counts.items())
        ],
        "repairs": [asdict(repair) | {"key": repair.key} for repair in found.repairs[:LISTED]],
        "refused": sorted(found.decisions.refused),
    }
