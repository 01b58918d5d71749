"""The time machine in the database: movements stored, and the passages between all loaded millesimes kept up to date."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries import events
from boundaries.existence import Existence, listed, walked
from boundaries.former_codes import CodeList
from boundaries.levels import Level
from boundaries.links import links
from boundaries.movements import Kind, Movement
from boundaries.passage import Kind as Certainty
from boundaries.passage import Row, Share, Shares, rows
from boundaries.places import require_millesime
from boundaries.scope import ALL
from boundaries.sources.codes import departement_of
from boundaries.tables import FormerCode, Millesime, Passage, Territory
from boundaries.tables import Movement as Stored
from boundaries.tables import MovementsFile as StoredFile
from geo.copying import copy_rows


@dataclass(frozen=True)
class MovementsFile:
    """The movements in force: which file they were read from, and up to which day they go."""

    name: str
    sha256: str
    last_day: date
    movements: list[Movement]


def store_movements(conn: Connection, name: str, sha256: str, movements: list[Movement]) -> list[str]:
    """Return French remarks, after the movements replaced those known and every passage was computed again."""
    conn.execute(sa.delete(StoredFile))
    conn.execute(
        sa.insert(StoredFile).values(
            sha256=sha256,
            name=name,
            first_day=min(row.day for row in movements),
            last_day=max(row.day for row in movements),
        )
    )
    copy_rows(
        conn,
        Stored.__table__,  # type: ignore[arg-type]
        ["sha256", "position", "mod", "day", "kind_before", "before", "kind_after", "after"],
        ((sha256, position, *row) for position, row in enumerate(movements)),
    )
    return refresh_passages(conn)


def stored_movements(conn: Connection) -> MovementsFile | None:
    """Return the movements in force, in the order of their file, or None where none were loaded."""
    file = conn.execute(sa.select(StoredFile.name, StoredFile.sha256, StoredFile.last_day)).one_or_none()
    if file is None:
        return None
    columns = (Stored.mod, Stored.day, Stored.kind_before, Stored.before, Stored.kind_after, Stored.after)
    found = conn.execute(sa.select(*columns).order_by(Stored.position))
    movements = [
        Movement(mod, day, Kind(kind_before), before, Kind(kind_after), after)
        for mod, day, kind_before, before, kind_after, after in found
    ]
    return MovementsFile(file.name, file.sha256, file.last_day, movements)


def refresh_passages(conn: Connection) -> list[str]:
    """Return French remarks, after the passages between all known millesimes were computed again.

    One more millesime may be a new step between two others, so that all of them are.
    """
    file = stored_movements(conn)
    history = events.steps(file.movements) if file else None
    found = links(stored_lists(conn), history, file.last_day if file else None)
    conn.execute(sa.delete(Passage))
    lines = (
        (start, end, code, target, share.weight, share.kind.value, link.source.value)
        for (start, end), link in found.items()
        for code, targets in link.shares.items()
        for target, share in targets.items()
    )
    columns = ["from_millesime", "to_millesime", "from_code", "to_code", "weight", "kind", "source"]
    copy_rows(conn, Passage.__table__, columns, lines)  # type: ignore[arg-type]
    return [link.remark for link in found.values() if link.remark]


def stored_passage(conn: Connection, start: int, end: int) -> tuple[list[Row], str | None]:
    """Return the lines of the table of passage between two loaded millesimes, and the source of the passage.

    Without any line there is no source to tell. Raises NotFound when one of the two is not loaded.
    """
    for year in (start, end):
        require_millesime(conn, year)
    there, back = _stored_shares(conn, start, end), _stored_shares(conn, end, start)
    one_of_them = sa.select(Passage.source).where(Passage.from_millesime.in_([start, end]))
    source = conn.scalar(one_of_them.where(Passage.to_millesime.in_([start, end])).limit(1))
    return rows(there, back), source


def _stored_shares(conn: Connection, start: int, end: int) -> Shares:
    found: Shares = {}
    for code, target, weight, kind in conn.execute(
        sa.select(Passage.from_code, Passage.to_code, Passage.weight, Passage.kind)
        .where(Passage.from_millesime == start, Passage.to_millesime == end)
        .order_by(Passage.from_code, Passage.to_code)
    ):
        found.setdefault(code, {})[target] = Share(weight, Certainty(kind))
    return found


def stored_lists(conn: Connection, year: int | None = None) -> list[CodeList]:
    """Return the code lists of the loaded millesimes, oldest first; of one of them, if asked."""
    years = [year] if year else list(conn.scalars(sa.select(Millesime.year).order_by(Millesime.year)))
    return [_stored_list(conn, one) for one in years]


def known_codes(conn: Connection) -> Existence:
    """Return in which years each commune code exists, of the loaded Region or country.

    Where movements are loaded: every year up to their last one, walked from the newest millesime that they reach.
    Otherwise the loaded millesimes alone. Communes that only complete an EPCI are left out: their departement is
    not known whole.
    """
    lists = {one.millesime: one.codes - one.outside for one in stored_lists(conn)}
    file = stored_movements(conn)
    reached = [year for year in lists if file is not None and date(year, 1, 1) <= file.last_day]
    if file is None or not reached:
        return listed(lists)
    base = max(reached)
    first = min(row.day for row in file.movements).year
    found = walked(events.steps(file.movements), base, lists[base], range(first, file.last_day.year + 1))
    if conn.scalar(sa.select(Millesime.scope).where(Millesime.year == base)) == ALL:
        return found
    held = {departement_of(code) for code in lists[base]}  # and not where a neighbour came from
    return Existence(
        found.years, {code: mask for code, mask in found.masks.items() if departement_of(code) in held}
    )


def _stored_list(conn: Connection, year: int) -> CodeList:
    communes = conn.execute(
        sa.select(Territory.code, Territory.weight_population, Territory.in_scope).where(
            Territory.millesime == year, Territory.level == Level.COMMUNE
        )
    ).all()
    former = conn.execute(
        sa.select(FormerCode.code, FormerCode.successor, FormerCode.part_of).where(FormerCode.millesime == year)
    ).all()
    return CodeList(
        year,
        {row.code: row.weight_population for row in communes},
        {code: successor for code, successor, _ in former},
        {code: successor for code, successor, part in former if part},
        frozenset(row.code for row in communes if not row.in_scope),
    )
