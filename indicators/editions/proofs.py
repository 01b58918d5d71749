"""Of what system each edition was made and proved, kept with the internal series that nobody is served.

Hiding cells once more from data that did not change could hide others, and a new edition beside the former one tells
what both do not hide: an edition is made again only when something of its system changed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from indicators.editions.held import Held
from indicators.publication.closing import PROOFS
from indicators.secrecy import Cells, Relations
from indicators.tables import Series

METHOD = 1  # of choosing what to hide; another one makes every edition anew


@dataclass(frozen=True)
class Proof:
    """The mark of the system that an edition was made of, and how its pattern was found."""

    mark: str
    optimal: bool
    note: str


def mark(cells: Cells, relations: Relations) -> str:
    """Return a digest of a whole system: cells, what is asked of them, and what ties them."""
    found = hashlib.sha256(repr((METHOD, cells.id, cells.level, relations.name)).encode())
    matrix = relations.matrix.sorted_indices()
    for array in (
        cells.value,
        cells.standing,
        cells.cost,
        cells.lower,
        cells.upper,
        cells.seen_low,
        cells.seen_high,
        cells.floor,
        cells.ceiling,
        cells.width,
        cells.eligible,
        matrix.indptr,
        matrix.indices,
        matrix.data,
        relations.low,
        relations.high,
        relations.needs,
    ):
        found.update(array.tobytes())
    return found.hexdigest()[:32]


def recalled(held: Sequence[Held], audience: Audience) -> tuple[Proof | None, dict[int, int]]:
    """Return the proof of an audience's edition and its series by internal series; no proof where they differ."""
    proofs: set[Proof] = set()
    series: dict[int, int] = {}
    for one in held:
        kept = one.passport.get(PROOFS, {}).get(audience.value) if one.current else None
        if kept is not None:
            series[one.id] = int(kept["series"])
            proofs.add(Proof(kept["mark"], kept["optimal"], kept["note"]))
    return (proofs.pop() if len(proofs) == 1 else None), series


def remember(conn: Connection, audience: Audience, series: Mapping[int, int], proof: Proof) -> None:
    """Keep the proof of an edition with each internal series."""
    for internal, edition in sorted(series.items()):
        kept = {audience.value: {"series": edition, **asdict(proof)}}
        known = sa.func.coalesce(Series.passport[PROOFS], sa.literal({}, Series.passport.type))
        conn.execute(
            sa.update(Series)
            .where(Series.id == internal)
            .values(
                passport=Series.passport.op("||")(
                    sa.func.jsonb_build_object(PROOFS, known.op("||")(sa.literal(kept, Series.passport.type)))
                )
            )
        )
