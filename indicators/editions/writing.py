"""The edition series: what an audience sees of a series, written down; nothing in them depends on what is hidden."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from geo.columnar import copy_frame
from indicators.editions.earlier import ROUNDING
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.judging import Judged, written
from indicators.publication.closing import renumber
from indicators.secrecy import Standing
from indicators.statuses import Status
from indicators.tables import Series, Value, series_id

EDITION = "edition"
# What a passport may repeat of the series that an edition was made from: facts of the definition alone.
KEPT = ("formula", "delivered_millesime", "factor", "years", "rule", "low", "high", "counted")
METHOD = (
    "valeurs protégées : ce que la politique de diffusion et le secret statistique interdisent est masqué, ainsi que ce "
    "qui permettrait de le retrouver"
)


def write_edition(
    conn: Connection, one: Held, audience: Audience, judged: Judged, standing: np.ndarray, ground: Ground
) -> int:
    """Return the id of the series that shows an audience what it may see of another, made if its digest is new.

    Values that are not touched are those of the series, with their status and coverage. A hidden cell has no value, the
    one status `secret`, and the coverage of what has no value.
    """
    inside = np.isin(ground.of(one.territory, "level").astype(str), judged.levels)
    hidden = one.known & (standing != Standing.PUBLISHED)
    rows = pd.DataFrame(
        {
            "territory_id": one.territory,
            "value": np.where(hidden, np.nan, written(one, judged.step)),
            "status": np.where(hidden, Status.SECRET.value, one.status),
            "coverage": np.where(hidden, 0.0, one.coverage),
        }
    )[inside]
    digest = _digest(one, audience, judged, rows, ground)
    there = conn.scalar(sa.select(Series.id).where(Series.digest == digest))
    if there is not None:
        # one that was closed with an earlier release, and is right again, is read again
        return int(there) if there % 4 else renumber(conn, [there], audience.edition)[there]
    passport: dict[str, Any] = {name: one.passport[name] for name in KEPT if name in one.passport}
    passport |= {"by": EDITION, "method": METHOD}
    if judged.step:
        passport |= {
            ROUNDING: judged.step,
            "method": f"{METHOD} ; arrondi au multiple de {judged.step:g} le plus proche",
        }
    made = conn.execute(
        sa.insert(Series)
        .values(
            id=series_id(audience.edition),
            base_id=one.id,
            indicator=one.sheet.id,
            period=one.period,
            millesime=one.millesime,
            geography=one.geography,
            levels=list(judged.levels),
            digest=digest,
            passport=passport,
            computed_at=sa.func.now(),
        )
        .returning(Series.id)
    ).scalar_one()
    copy_frame(conn, Value.__table__, rows.assign(series_id=made))  # type: ignore[arg-type]
    return int(made)


def _digest(one: Held, audience: Audience, judged: Judged, rows: pd.DataFrame, ground: Ground) -> str:
    """A digest of what is visible, the same wherever territories have other numbers."""
    told = hashlib.sha256()
    head = (
        audience.value,
        one.sheet.id,
        one.sheet.digest,
        one.period,
        one.millesime,
        one.geography,
        judged.levels,
    )
    told.update(repr((*head, judged.step)).encode())
    territory = rows.territory_id.to_numpy()
    columns = (ground.of(territory, "level"), ground.of(territory, "code"), rows.value, rows.status, rows.coverage)
    lines = sorted(zip(*columns, strict=True))
    told.update(repr([(str(a), str(b), repr(float(c)), str(d), float(e)) for a, b, c, d, e in lines]).encode())
    return told.hexdigest()[:16]
