"""Primary secrecy: which cells a source forbids to publish, and how wide each must stay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import Invalid
from indicators.secrecy.cells import Flags, Floats
from indicators.secrecyrule import Rule


@dataclass(frozen=True, eq=False)
class Contributions:
    """What the cells are made of, n entries: their totals, respondents, largest contributors and populations.

    `total` is the published (weighted, where weights are used) value; `respondents` the number of units, weighted
    where the rule is on weights. `largest` (n x m) holds the m largest contributions of each cell, unweighted, from
    the largest; `population` is that of the territory.
    """

    total: Floats
    respondents: Floats | None = None
    largest: Floats | None = None
    population: Floats | None = None


@dataclass(frozen=True, eq=False)
class Primary:
    """What rules ask of n cells: which are primary, and the interval that each must leave (see `Cells`)."""

    secret: Flags
    floor: Floats
    ceiling: Floats
    width: Floats


def primary(given: Contributions, rule: Rule) -> Primary:
    """Return which cells a rule makes primary and the protection of each.

    A dominated cell must leave its contributor protected: its upper bound is at least what makes the rule hold no
    more (largest / k for (n, k); for p %, the missing remainder). Raises Invalid where the rule needs what is not
    given: a rule is never passed over in silence.

    >>> from datetime import date
    >>> counts = Contributions(np.array([0.0, 2.0, 3.0]), respondents=np.array([0.0, 2.0, 3.0]))
    >>> found = primary(counts, Rule("Ménages", "essai", date(2024, 1, 1), threshold=3, count=True))
    >>> found.secret.tolist(), found.width.tolist()
    ([False, True, False], [0.0, 3.0, 0.0])
    """
    total = np.asarray(given.total, float)
    secret = np.zeros(len(total), bool)
    above = np.zeros(len(total))
    if rule.threshold or rule.zero_is_secret:
        secret |= frequency(_asked(given.respondents, rule, "le nombre de répondants"), rule)
    if rule.dominance:
        largest = _asked(given.largest, rule, "les plus gros contributeurs")
        secret |= dominance(total, largest, rule.dominance)
        many, per_cent = rule.dominance
        above = np.maximum(above, largest[:, :many].sum(axis=1) * 100 / per_cent - total)
    if rule.p_percent is not None:
        largest = _asked(given.largest, rule, "les plus gros contributeurs")
        secret |= p_percent(total, largest, rule.p_percent)
        above = np.maximum(above, rule.p_percent / 100 * largest[:, 0] - _remainder(total, largest))
    if rule.minimum_population is not None:
        secret |= _asked(given.population, rule, "la population") < rule.minimum_population
    share = rule.protection_pct / 100 * np.abs(total)
    width = np.where(secret & rule.count, float(rule.threshold), 0.0)
    return Primary(
        secret,
        np.where(secret, total - share, total),
        np.where(secret, total + np.maximum(share, above), total),
        width,
    )


def frequency(respondents: ArrayLike, rule: Rule) -> Flags:
    """Return the cells of fewer respondents than the threshold; none at all is secret only where the rule says so."""
    number = np.asarray(respondents, float)
    few = (number > 0) & (number < rule.threshold)
    return np.asarray(few | (number == 0) if rule.zero_is_secret else few)


def dominance(total: ArrayLike, largest: Floats, rule: tuple[int, float]) -> Flags:
    """Return the cells whose n largest contributors hold more than k per cent.

    With weights, the contributions are unweighted and the total weighted: `MAX > 0.85 x weighted total`.

    >>> dominance([100.0, 100.0], np.array([[85.0], [86.0]]), (1, 85)).tolist()
    [False, True]
    """
    many, per_cent = rule
    if largest.ndim != 2 or largest.shape[1] < many:
        raise Invalid(f"Dominance : il faut les {many} plus gros contributeurs de chaque cellule.")
    return np.asarray(largest[:, :many].sum(axis=1) * 100 > per_cent * np.asarray(total, float) * (1 + 1e-12))


def p_percent(total: ArrayLike, largest: Floats, per_cent: float) -> Flags:
    """Return the cells where the second contributor, who knows its own part, comes within p per cent of the first.

    >>> p_percent([100.0, 100.0], np.array([[60.0, 36.0], [60.0, 30.0]]), 10).tolist()
    [True, False]
    """
    if largest.ndim != 2 or largest.shape[1] < 2:
        raise Invalid("Règle du p % : il faut les deux plus gros contributeurs de chaque cellule.")
    first = largest[:, 0]
    return np.asarray((first > 0) & (_remainder(np.asarray(total, float), largest) < per_cent / 100 * first))


def strictest(found: Sequence[Primary]) -> Primary:
    """Return what several rules ask together: a derived value obeys those of all its inputs."""
    if not found:
        raise Invalid("Secret primaire : aucune règle n’est donnée.")
    return Primary(
        np.any([one.secret for one in found], axis=0),
        np.min([one.floor for one in found], axis=0),
        np.max([one.ceiling for one in found], axis=0),
        np.max([one.width for one in found], axis=0),
    )


def _remainder(total: Floats, largest: Floats) -> Floats:
    return np.asarray(total - largest[:, 0] - largest[:, 1])


def _asked(given: Floats | None, rule: Rule, what: str) -> Floats:
    if given is None:
        raise Invalid(f"La règle de secret « {rule.name} » demande {what} de chaque cellule.")
    return np.asarray(given, float)
