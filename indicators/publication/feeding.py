"""Which imports feed what is published: for each indicator, period and level, the last one released and not withdrawn."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import distinct_on

from boundaries.levels import Level
from indicators.tables import Delivery, Import


@dataclass(frozen=True)
class Feed:
    """An import that gives the values of an indicator and a period at some levels."""

    import_id: int
    delivery_id: int
    indicator: str
    period: str
    level: Level
    millesime: int
    digest: str
    notes: dict[str, Any]
    file: str


Feeds = dict[str, dict[str, dict[Level, Feed]]]


def read_feeds(conn: Connection) -> Feeds:
    """Return what feeds each indicator, by period and level.

    Undoing a delivery needs nothing more than its withdrawal: the one before it is the last again.
    """
    each = (
        sa.select(
            Import.id.label("import_id"),
            Import.delivery_id,
            Import.indicator,
            Import.period,
            sa.func.unnest(Import.levels).label("level"),
            Import.millesime,
            Import.digest,
            Import.notes,
            Delivery.file,
            Delivery.released_at,
        )
        .join(Delivery, Delivery.id == Import.delivery_id)
        .where(Delivery.state == "released")
        .subquery()
    )
    coordinates = (each.c.indicator, each.c.period, each.c.level)
    rows = conn.execute(
        sa.select(*[column for column in each.c if column.name != "released_at"])
        .ext(distinct_on(*coordinates))
        .order_by(*coordinates, each.c.released_at.desc(), each.c.import_id.desc())
    )
    feeds: Feeds = {}
    for row in rows:
        found = Feed(**{**row._mapping, "level": Level(row.level)})
        feeds.setdefault(found.indicator, {}).setdefault(found.period, {})[found.level] = found
    return feeds
