"""One value for a set of territories, from published values alone: by the formula of the indicator's nature, or not.

What is not published cannot be told from an aggregate: it is made of the very values that anybody may read, and a
secret among them leaves it partial.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from boundaries.sets import Members
from geo.errors import Invalid
from indicators import published
from indicators.aggregation import Aggregate, Values, along, growth, index, ratio, shares, total, weighted_mean
from indicators.catalogue import Indicator
from indicators.catalogue import indicator as sheet
from indicators.natures import Operation, over_space, over_time, two_dates
from indicators.publication.periods import denominator_period, reference_date, years_between
from indicators.statuses import Status


@dataclass(frozen=True)
class Part:
    """One sum of the formula: what it is of, of which indicator and period, in which unit."""

    role: str
    indicator: str
    period: str
    unit: str
    value: float | None


@dataclass(frozen=True)
class Answer:
    """An aggregate, how it was made, and the series that it was read from (their digests)."""

    made: Aggregate
    operation: Operation
    formula: str
    parts: list[Part]
    statuses: dict[Status, int]
    series: list[str]
    shares: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Read:
    """The published values of one series over the set."""

    item: Indicator
    period: str
    digest: str
    values: Values


def over_set(
    conn: Connection,
    item: Indicator,
    members: Members,
    period: str,
    asked: Operation | None = None,
    release_id: int | None = None,
) -> Answer:
    """Return the value of an indicator over a set of territories.

    Raises NatureForbids for what its nature has no formula for, NotFound for what is not published.
    """
    operation = over_space(item, asked)

    def read(name: str, when: str) -> _Read:
        return _read(conn, sheet(name), when, members, release_id)

    if operation is Operation.SUM:
        found = read(item.id, period)
        return _answer(total(found.values), operation, f"somme de {item.id} {period}", {"sum": found}, found)
    if operation is Operation.SHARES:
        return _categories(read(item.id, period))
    if operation is Operation.WEIGHTED_MEAN:
        means, weights = read(item.id, period), read(str(item.weight), period)
        made = weighted_mean(means.values, weights.values)
        formula = f"somme de {item.id} × {item.weight} / somme de {item.weight}, {period}"
        return _answer(made, operation, formula, {"weighted_sum": means, "weights": weights}, means)
    if operation is Operation.RATIO:
        over = read(str(item.numerator), period)
        under = read(str(item.denominator), denominator_period(item, period, members.millesime))
        factor = f"{item.factor:g} × " if item.factor != 1 else ""
        formula = f"{factor}somme de {item.numerator} {over.period} / somme de {item.denominator} {under.period}"
        made = ratio(over.values, under.values, item.factor)
        return _answer(made, operation, formula, {"numerator": over, "denominator": under}, over)
    if operation is Operation.INDEX:
        now, base = read(str(item.numerator), period), read(str(item.numerator), str(item.base_period))
        formula = f"100 × somme de {item.numerator} {period} / somme de {item.numerator} {item.base_period}"
        return _answer(index(now.values, base.values), operation, formula, {"value": now, "base": base}, now)
    return _growth(item, period, read)


def over_periods(
    conn: Connection,
    item: Indicator,
    members: Members,
    periods: Sequence[str],
    asked: Operation | None = None,
    release_id: int | None = None,
) -> Answer:
    """Return what the sums of several periods, oldest first, make over time: the last, their mean or their sum.

    Raises NatureForbids for a stock that would be summed over years, and for natures that nothing is made of so.
    """
    operation = over_time(item, asked)
    found = [_read(conn, item, period, members, release_id) for period in periods]
    sums = [total(one.values) for one in found]
    names = {Operation.LAST: "dernière valeur", Operation.MEAN: "moyenne", Operation.SUM: "somme"}
    formula = f"{names[operation]} des sommes de {item.id} en {', '.join(periods)}"
    return Answer(
        along(sums, operation),
        operation,
        formula,
        [Part("sum", item.id, one.period, item.unit, made.value) for one, made in zip(found, sums, strict=True)],
        _counts(status for one in found for status in one.values.statuses),
        [one.digest for one in found],
    )


def _growth(item: Indicator, period: str, read: Callable[[str, str], _Read]) -> Answer:
    first, last = two_dates(item, period)
    base = sheet(str(item.numerator))
    years = years_between(reference_date(base, first), reference_date(base, last))
    if years < item.minimum_years:
        raise Invalid(
            f"« {item.label} » se calcule entre des dates distantes d’au moins {item.minimum_years} ans ; "
            f"{first} et {last} ne le sont pas."
        )
    start, end = read(base.id, first), read(base.id, last)
    formula = f"100 × ((somme de {base.id} {last} / somme de {base.id} {first}) ^ (1 / {years:g}) − 1)"
    made = growth(start.values, end.values, years)
    return _answer(made, Operation.GROWTH, formula, {"first": start, "last": end}, end)


def _categories(found: _Read) -> Answer:
    """The shares of the categories; a set has no category of its own, so its value has no object."""
    parts = shares(found.values)
    covered = total(found.values)
    made = Aggregate(
        None,
        Status.NOT_APPLICABLE if parts else covered.status,
        covered.coverage,
        covered.territories,
        covered.with_value,
    )
    formula = f"part des territoires de chaque catégorie de {found.item.id} {found.period}"
    return Answer(made, Operation.SHARES, formula, [], _counts(found.values.statuses), [found.digest], parts)


def _answer(
    made: Aggregate, operation: Operation, formula: str, reads: dict[str, _Read], counted: _Read
) -> Answer:
    sums = {"sum": made.value} if operation is Operation.SUM else dict(made.parts)
    parts = [Part(role, one.item.id, one.period, one.item.unit, sums.get(role)) for role, one in reads.items()]
    return Answer(
        made,
        operation,
        formula,
        parts,
        _counts(counted.values.statuses),
        list(dict.fromkeys(one.digest for one in reads.values())),
    )


def _counts(statuses: Iterable[Status]) -> dict[Status, int]:
    told = list(statuses)
    return {status: told.count(status) for status in Status if status in told}


def _read(conn: Connection, item: Indicator, period: str, members: Members, release_id: int | None) -> _Read:
    """Read a series over the set; a territory that the series has nothing for is missing."""
    series = published.find(conn, item.id, period, members.millesime, release_id)
    lacking = [level for level in members.levels if level not in series.levels]
    if lacking:
        offered = ", ".join(series.levels)
        raise Invalid(f"« {item.id} » n’est pas publié au niveau « {lacking[0]} ». Niveaux : {offered}.")
    rows = {row.territory_id: row for row in conn.execute(published.values_of(series.id, members.ids))}
    found = [rows.get(identity) for identity in members.ids]
    values = Values.of(
        [None if row is None else row.value for row in found],
        [Status.MISSING if row is None else Status(row.status) for row in found],
        [0.0 if row is None else row.coverage for row in found],
        members.units,
    )
    return _Read(item, period, series.digest, values)
