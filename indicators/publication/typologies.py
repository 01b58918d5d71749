"""The values of a typology: the producer's categories, carried into another millesime by the declared rule."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.levels import Level
from boundaries.passage import Kind
from boundaries.tables import Territory
from boundaries.typology import Rule, converted_categories
from geo.columnar import copy_frame
from geo.sqlfiles import sql_file
from indicators.statuses import Status
from indicators.tables import Value

HERE = Path(__file__).parent


def write_categories(conn: Connection, given: dict[str, Any]) -> None:
    """Write the category of every commune of the target millesime: rules in `boundaries.typology`.

    A commune that one whole commune became keeps what the producer said, its status included; one that several
    agree on is observed, one that the rule chose is estimated; where the rule does not decide it is impossible.
    """
    statement = sql_file(HERE, "categories")
    wanted = {name: given[name] for name in statement.compile().params}
    rows = conn.execute(statement, wanted)
    pieces = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    communes = pd.DataFrame(
        conn.execute(
            sa.select(Territory.id, Territory.code).where(
                Territory.millesime == given["to_millesime"], Territory.level == Level.COMMUNE.value
            )
        ).all(),
        columns=["territory_id", "target"],
    )
    found = converted_categories(Rule(given["rule"]), pieces).set_index("target")
    alone = pieces.groupby("target").filter(lambda own: len(own) == 1).set_index("target")
    kept = alone[alone["weight"] >= 1 - 1e-9]["status"]
    kinds = communes["target"].map(found["kind"])
    statuses = kinds.map(
        {Kind.EXACT: Status.OBSERVED, Kind.ESTIMATED: Status.ESTIMATED, Kind.IMPOSSIBLE: Status.IMPOSSIBLE}
    )
    own = communes["target"].map(kept).astype(object)
    statuses = own.fillna(statuses.astype(object)).fillna(Status.MISSING.value)
    values = communes["target"].map(found["category"]).astype(float)
    written = pd.DataFrame(
        {
            "series_id": given["series_id"],
            "territory_id": communes["territory_id"],
            "value": values,
            "status": statuses.astype(str),
            "coverage": np.where(values.isna(), 0.0, 1.0),
        }
    ).sort_values("territory_id")
    copy_frame(conn, Value.__table__, written)  # type: ignore[arg-type]
