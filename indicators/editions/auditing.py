"""The current release of an audience, attacked as it is stored with all that its reader may see."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries.readers import Audience
from indicators.editions.attacking import attack, read_served
from indicators.editions.earlier import ROUNDING, told_before
from indicators.editions.held import read_values
from indicators.editions.judging import judge
from indicators.editions.material import Beside, read_material
from indicators.editions.statements import Statement
from indicators.policy import read_policies
from indicators.publication.closing import PROOFS
from indicators.releases import current_release
from indicators.secrecy import Disclosure
from indicators.tables import ReleaseSeries, Series

Key = tuple[str, str, int]


def audit_release(
    conn: Connection, audience: Audience, statements: Sequence[Statement] = (), now: datetime | None = None
) -> list[Disclosure]:
    """Return what the readers of an audience's current release can compute that they may not know; nothing is proof.

    What is served is read from the store, and so is the truth, which takes a connection that may read it. What may
    not be known is what the policy in force says now: a policy that was made stricter since the release was published
    is told by its disclosures. `statements` are what pages say beside the tables.
    """
    listed = {each: _listed(conn, each) for each in Audience}
    truths = _truths(conn, [row for rows in listed.values() for row in rows])
    if not truths:
        return []
    material = read_material(conn, truths.values())
    policies, moment, beside = read_policies(conn), now or datetime.now(UTC), Beside(conn, material.held)
    judged = {each: judge(material.held, material.ground, policies, each, moment, beside) for each in Audience}
    own = {(row.indicator, row.period, row.millesime): row for row in listed[audience]}
    rows = {one.id: own[one.key] for one in material.held if one.current and one.key in own}
    made = {identity: row.id for identity, row in rows.items()}
    # the rounding that was served, whatever the policy says now
    asked = judged[audience] | {
        identity: replace(judged[audience][identity], step=float(row.passport.get(ROUNDING, 0.0)))
        for identity, row in rows.items()
    }
    served = read_served(conn, material, made)
    told = told_before(conn, material.held, audience, without=list(made.values()))
    below = [judged[other] for other in Audience if other < audience]
    return attack(material, asked, served, below, told, statements=statements)


def _listed(conn: Connection, audience: Audience) -> list[sa.Row[Any]]:
    """The edition series of the current release of an audience."""
    release = current_release(conn, audience.edition)
    if release is None:
        return []
    return list(
        conn.execute(
            sa.select(
                Series.id, Series.indicator, Series.period, Series.millesime, Series.base_id, Series.passport
            )
            .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
            .where(
                ReleaseSeries.release_id == release.id,
                ReleaseSeries.edition == audience.edition,
                Series.base_id.is_not(None),
            )
            .order_by(Series.id)
        )
    )


def _truths(conn: Connection, rows: Sequence[sa.Row[Any]]) -> dict[Key, int]:
    """The internal series that hold the truth of editions: the last one that says what they show.

    An edition is kept where only hidden values changed: what it was first made from is not always the truth now.
    """
    found: dict[Key, int] = {}
    for row in rows:
        key = (row.indicator, row.period, row.millesime)
        if key not in found:
            found[key] = next(_agreeing(conn, key, [each for each in rows if each[1:4] == row[1:4]]), row.base_id)
    return found


def _agreeing(conn: Connection, key: Key, editions: Sequence[sa.Row[Any]]) -> Iterator[int]:
    shown = [(*read_values(conn, row.id)[:2], float(row.passport.get(ROUNDING, 0.0))) for row in editions]
    indicator, period, millesime = key
    candidates = conn.scalars(
        sa.select(Series.id)
        .where(
            Series.indicator == indicator,
            Series.period == period,
            Series.millesime == millesime,
            Series.edition == 0,
            Series.passport.has_key(PROOFS),
        )
        .order_by(Series.id.desc())
    ).all()
    for candidate in candidates:
        territory, value, _, _ = read_values(conn, candidate)
        true = dict(zip(territory.tolist(), value.tolist(), strict=True))
        if all(
            np.isnan(said) or abs(true.get(place, np.nan) - said) <= step / 2 + 1e-9 * (1 + abs(said))
            for places, values, step in shown
            for place, said in zip(places.tolist(), values.tolist(), strict=True)
        ):
            yield candidate
