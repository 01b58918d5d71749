"""The values of a series, computed from its passport: at publication, or the first time that somebody asks."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.errors import Conflict, NotFound
from geo.sqlfiles import sql_file
from indicators.publication.geographies import Geographies, read_geographies, require_unchanged
from indicators.tables import Series

HERE = Path(__file__).parent


def fill(conn: Connection, series_id: int, geographies: Geographies | None = None) -> None:
    """Compute the values of a series, and first those of the series it is made of; those there are left alone.

    Two who ask at once wait for each other. Raises NotFound for a series that does not exist, and Conflict where
    the territories were loaded anew since it was published: what it would have been cannot be known any more.
    Without `geographies`, nothing is kept of what was computed while territories were being loaded.
    """
    # The values of this transaction have no statistics yet: a planner that expects none of them nests loops.
    conn.execute(sa.text("SET LOCAL enable_nestloop = off"))
    series = conn.execute(
        sa.select(*Series.__table__.c).where(Series.id == series_id).with_for_update()
    ).one_or_none()
    if series is None:
        raise NotFound(f"Série inconnue : {series_id}.")
    if series.computed_at is not None:
        return
    now = geographies or read_geographies(conn)
    passport: dict[str, Any] = series.passport
    given = passport | {
        "series_id": series.id,
        "to_millesime": series.millesime,
        "from_millesime": passport.get("delivered_millesime"),
        "import_id": passport.get("import"),
        "import_ids": passport.get("imports"),
        "weight_import_id": passport.get("weight_import"),
        "levels": series.levels,
    }
    if not set(series.geography.split("|")) <= {now.between(start, series.millesime) for start in now.versions}:
        raise Conflict(
            f"« {series.indicator} » ({series.period}) n’avait pas été calculé dans la géographie {series.millesime} "
            "avant que ses territoires ne soient rechargés : demandez la publication courante."
        )
    if "series" in passport:
        given |= _inputs(conn, passport["series"], now)
        if len(passport["series"]) == 2:
            conn.execute(sa.text("DROP TABLE IF EXISTS pairs"))
            _run(conn, "pairs", given)
    if passport["by"] == "typology":
        from indicators.publication.typologies import write_categories  # pandas is slow to import

        write_categories(conn, given)
    elif passport["by"] == "producer" and given["from_millesime"] == series.millesime:
        _run(conn, "own", given)
    else:
        _run(conn, passport["by"], given)
    conn.execute(sa.update(Series).where(Series.id == series.id).values(computed_at=sa.func.now()))
    if geographies is None:
        require_unchanged(conn, now)


def _inputs(conn: Connection, digests: list[str], now: Geographies) -> dict[str, int]:
    known = dict(conn.execute(sa.select(Series.digest, Series.id).where(Series.digest.in_(digests))).all())
    for digest in sorted(set(digests)):  # all take their locks in the same order
        fill(conn, known[digest], now)
    return {"first_series": known[digests[0]], "second_series": known[digests[-1]]}


def _run(conn: Connection, name: str, given: dict[str, Any]) -> None:
    statement = sql_file(HERE, name)
    conn.execute(statement, {key: given[key] for key in statement.compile().params})
