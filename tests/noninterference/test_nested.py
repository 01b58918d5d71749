"""Whatever the policy and the data, each audience sees a part of what the next one sees, and the same of it."""

from datetime import UTC, datetime

import sqlalchemy as sa
from deliveries import VALIDATOR, bring
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from restricted import FEW
from toycountry import POPULATIONS, country
from twins import pattern

from boundaries.levels import Level
from boundaries.load import load
from boundaries.readers import Audience
from geo.progress import silent
from indicators.policy import AppliedRule, Policy
from indicators.policy.rows import strictest
from indicators.policy.storing import change_rows
from indicators.publication import publish
from indicators.secrecy import Inconclusive

NAME = "ventes_logements"
FAR = datetime(2150, 1, 1, tzinfo=UTC)


@st.composite
def policies(draw: st.DrawFn) -> list[Policy]:
    """A row for each audience, each at least as strict as that of the next one."""
    rows: list[Policy] = []
    for audience in reversed(Audience):
        row = Policy(
            NAME,
            audience,
            finest_level=draw(st.sampled_from((None, None, Level.EPCI, Level.DEPARTEMENT))),
            rounding=draw(st.sampled_from((None, None, 5.0, 10.0))),
            minimum_population=draw(st.sampled_from((None, None, 150.0, 450.0))),
            rules=draw(st.sampled_from(((), (AppliedRule(FEW, NAME),)))),
            shown=draw(st.integers(0, 5)) > 0,
            embargo=draw(st.sampled_from((None, None, None, FAR))),
        )
        rows.append(strictest(row, rows[-1:]))
    return rows


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(policies(), st.lists(st.integers(0, 60), min_size=7, max_size=7))
def test_an_audience_sees_a_part_of_what_the_next_one_sees(
    conn: sa.Connection, rows: list[Policy], values: list[int]
) -> None:
    undone = conn.begin_nested()
    try:
        load(conn, country(2023), "52", silent)
        bring(
            conn,
            "2021",
            2023,
            {code: float(one) for code, one in zip(POPULATIONS, values, strict=True)},
            indicator=NAME,
        )
        change_rows(conn, rows, VALIDATOR)
        try:
            publish(conn, silent)
        except Inconclusive:
            event("nothing was published: no pattern protects")
            return
        seen = {audience: pattern(conn, audience) for audience in Audience}
    finally:
        undone.rollback()
    steps = {row.audience: row.rounding or 0.0 for row in rows}
    for lower, higher in ((Audience.PUBLIC, Audience.PROFESSIONAL), (Audience.PROFESSIONAL, Audience.REGION)):
        for cell, (status, value) in seen[lower].items():
            assert cell in seen[higher], f"{cell} is shown to {lower} and not to {higher}"
            told, same = seen[higher][cell]
            if value is not None:
                assert same is not None, f"{cell} is hidden from {higher} and not from {lower}"
                assert abs(value - same) <= (steps[lower] + steps[higher]) / 2 if cell[0] == NAME else True
                assert steps[lower] or value == same
                assert status == told
    event(f"hidden from the public: {sum(value is None for _, value in seen[Audience.PUBLIC].values()) > 0}")
