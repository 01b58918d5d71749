"""Policies for tests: who may see what of an indicator, and what is stored of it for each audience."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from boundaries.readers import Audience
from indicators.actors import Actor
from indicators.editions import sentence
from indicators.policy import AppliedRule, Policy
from indicators.policy.storing import change_rows
from indicators.secrecy import Disclosure, Rule
from indicators.tables import ReleaseEdition, ReleaseSeries, Series, Value

VALIDATOR = Actor("Jeanne", "validator")
FEW = Rule("Moins de 11", "essai", date(2024, 1, 1), threshold=11)


def restrict(
    conn: sa.Connection, indicator: str, audiences: tuple[Audience, ...] = tuple(Audience), **asked: Any
) -> None:
    """Restrict an indicator for some audiences; by default every one, cells of fewer than 11 units being secret."""
    given = asked or {"rules": (AppliedRule(FEW, respondents=indicator),)}
    change_rows(conn, [Policy(indicator, audience, **given) for audience in audiences], VALIDATOR)


def shown(
    conn: sa.Connection, audience: Audience, indicator: str, period: str, millesime: int, level: str = "commune"
) -> dict[str, tuple[float | None, str]]:
    """Return what the current release of an audience shows of an indicator at a level: value and status by code."""
    found = conn.execute(
        sa.text(
            "SELECT t.code, v.value, v.status::text AS status FROM indicators.value AS v "
            "JOIN boundaries.territory AS t ON t.id = v.territory_id "
            "WHERE v.series_id = :series AND t.level = :level ORDER BY t.code"
        ),
        {"series": series_of(conn, audience, indicator, period, millesime), "level": level},
    )
    return {row.code: (row.value, row.status) for row in found}


def series_of(conn: sa.Connection, audience: Audience, indicator: str, period: str, millesime: int) -> int | None:
    """Return the id of the series that the last release lists for an audience."""
    last = sa.select(sa.func.max(ReleaseEdition.release_id)).where(ReleaseEdition.edition == audience.edition)
    return conn.scalar(
        sa.select(Series.id)
        .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
        .where(
            ReleaseSeries.release_id == last.scalar_subquery(),
            ReleaseSeries.edition == audience.edition,
            Series.indicator == indicator,
            Series.period == period,
            Series.millesime == millesime,
        )
    )


def overwrite(conn: sa.Connection, series: int, level: str, code: str, value: float | None) -> None:
    """Put another value in a stored series, as a fault would."""
    territory = sa.text(
        "SELECT t.id FROM boundaries.territory AS t JOIN indicators.series AS s ON s.millesime = t.millesime "
        "WHERE s.id = :series AND t.level = :level AND t.code = :code"
    )
    place = conn.execute(territory, {"series": series, "level": level, "code": code}).scalar_one()
    conn.execute(
        sa.update(Value)
        .where(Value.series_id == series, Value.territory_id == place)
        .values(
            value=value, status="secret" if value is None else "observed", coverage=0.0 if value is None else 1.0
        )
    )


def unmask(
    conn: sa.Connection, indicator: str, code: str, millesime: int = 2023, level: str = "commune",
    audience: Audience = Audience.PUBLIC,
) -> None:  # fmt: skip
    """Serve the true value of a hidden cell."""
    series = series_of(conn, audience, indicator, "2021", millesime)
    assert series is not None
    assert shown(conn, audience, indicator, "2021", millesime, level)[code][0] is None, "the cell is not hidden"
    base = sa.select(Series.base_id).where(Series.id == series).scalar_subquery()
    true = conn.scalar(
        sa.text(
            "SELECT v.value FROM indicators.value AS v JOIN boundaries.territory AS t ON t.id = v.territory_id "
            "WHERE v.series_id = :base AND t.level = :level AND t.code = :code"
        ),
        {"base": conn.scalar(sa.select(base)), "level": level, "code": code},
    )
    overwrite(conn, series, level, code, true)


def told(found: list[Disclosure], text: str, by: str) -> Disclosure:
    """Return the disclosure of a cell whose label holds a text; it must be named by a relation."""
    named = [one for one in found if text in one.label]
    assert named, [sentence(one) for one in found]
    assert any(by in relation for one in named for relation in one.relations), named
    return named[0]
