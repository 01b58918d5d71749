"""Deliveries of values, released as a validator would."""

import sqlalchemy as sa

from indicators.actors import Actor
from indicators.lifecycle import record_delivery, release_delivery, validate
from indicators.statuses import Status
from indicators.tables import Import, ImportValue

VALIDATOR = Actor("Jeanne", "validator")


def bring(
    conn: sa.Connection,
    period: str,
    millesime: int,
    values: dict[str, float | None],
    statuses: dict[str, Status] | None = None,
    indicator: str = "population",
    level: str = "commune",
) -> int:
    """Return the id of a delivery of one import, released."""
    digest = f"{indicator}{period}{level}{values}{statuses}"
    delivery_id = record_delivery(
        conn, VALIDATOR, file="toy", size=1, sha256="0" * 64, source="toy", producer="toy", licence="toy",
        digest=digest, sheets=["toy"],
    )  # fmt: skip
    import_id = conn.execute(
        sa.insert(Import)
        .values(
            delivery_id=delivery_id, indicator=indicator, period=period, millesime=millesime, scope="52",
            levels=[level], digest=digest, counts={}, notes={},
        )
        .returning(Import.id)
    ).scalar_one()  # fmt: skip
    validate(conn, delivery_id, VALIDATOR)
    release_delivery(conn, delivery_id, VALIDATOR)
    known = statuses or {}
    conn.execute(
        sa.insert(ImportValue),
        [
            {
                "import_id": import_id,
                "level": level,
                "code": code,
                "line": line,
                "sheet": 0,
                "value": value,
                "status": known.get(code, Status.MISSING if value is None else Status.OBSERVED),
            }
            for line, (code, value) in enumerate(values.items(), start=2)
        ],
    )
    return delivery_id
