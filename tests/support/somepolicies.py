"""Any policy that holds, for laws that must hold of all of them."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from boundaries.levels import Level
from boundaries.readers import Audience
from indicators.catalogue import catalogue
from indicators.natures import Nature
from indicators.policy import AppliedRule, Policies, Policy
from indicators.policy.rows import strictest
from indicators.secrecy import Rule

positive = st.floats(min_value=1e-9, max_value=1e12)
percent = st.floats(min_value=0.5, max_value=100)
words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30).map(str.strip).filter(bool)
moments = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    return [
        Rule(
            name,
            draw(words),
            draw(st.dates(date(1950, 1, 1))),
            threshold=draw(st.integers(0, 1000)),
            dominance=draw(st.none() | st.just((1, draw(percent)))),
            minimum_population=draw(st.none() | positive),
            zero_is_secret=draw(st.booleans()),
            protection_pct=draw(percent),
        )
        for name in draw(st.lists(words, unique=True, max_size=3))
    ]


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    """Any policy that holds: what one audience may not see, the one before it may not see either."""
    made = draw(rules())
    rows = [Policy("surface", audience, shown=False) for audience in Audience]
    for indicator in draw(st.sets(st.sampled_from(sorted({*catalogue()} - {"surface"})), max_size=4)):
        higher: Policy | None = None
        for audience in reversed(Audience):
            years = sorted(draw(st.lists(st.integers(1950, 2050), min_size=2, max_size=2)))
            row = Policy(
                indicator,
                audience,
                draw(st.none() | st.sampled_from(Level)),
                draw(st.none() | st.just(str(years[0]))),
                None,
                None if catalogue()[indicator].nature is Nature.TYPOLOGY else draw(st.none() | positive),
                draw(st.none() | positive),
                tuple(AppliedRule(rule, "population", ("surface",)) for rule in made if draw(st.booleans())),
                draw(st.booleans()),
                draw(st.none() | moments),
            )
            higher = row if higher is None else strictest(row, [higher])
            rows.append(higher)
    return Policies(tuple(rows), tuple(made))
