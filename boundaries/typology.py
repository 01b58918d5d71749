"""Categories of communes carried into another millesime by a declared rule; without one they are not converted.

The absorbing commune is the one whose code the new one keeps (its chef-lieu); the others were absorbed.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from boundaries.passage import Kind


class Rule(StrEnum):
    """What decides of the category of a commune made of several."""

    LARGEST_POPULATION = "largest-population"
    ABSORBING = "absorbing"
    ABSORBED = "absorbed"
    DIFFERENCE = "difference"


class Piece(NamedTuple):
    """A commune, or the part of one, that goes into another; `population` is that of the whole origin."""

    origin: str
    target: str
    weight: float
    population: float | None
    category: str | None


class Converted(NamedTuple):
    """The category of a commune in the new millesime; None, `impossible`, where the rule does not decide."""

    category: str | None
    kind: Kind


def converted_category(rule: Rule, pieces: Iterable[Piece]) -> Converted:
    """Return the category of one commune from the pieces that it is made of (all of the same target).

    Pieces that agree give their category under any rule. Where they do not: the one with most people among all
    (`largest-population`) or among the absorbed (`absorbed`), that of the absorbing commune (`absorbing`), none
    (`difference`). Nothing is decided where a category is unknown, where nobody is counted, or on equal terms.

    >>> parts = [Piece("49001", "49001", 1, 500, "rural"), Piece("49002", "49001", 1, 600, "urbain")]
    >>> [converted_category(rule, parts).category for rule in Rule]
    ['urbain', 'rural', 'urbain', None]
    """
    found = converted_categories(rule, pd.DataFrame(list(pieces), columns=Piece._fields))
    if len(found) != 1:
        return Converted(None, Kind.IMPOSSIBLE)
    category, kind = found[["category", "kind"]].iloc[0]
    return Converted(category, Kind(kind))


def converted_categories(rule: Rule, pieces: pd.DataFrame) -> pd.DataFrame:
    """Return the category and its kind for each target, sorted, of a frame with the columns of `Piece`.

    `exact`: one whole commune, or whole communes that agree; `estimated`: the rule chose, or a part of a split
    commune takes after the whole; `impossible`: nothing is decided, and the category is None.
    """
    frame = pieces.assign(people=pieces["population"].astype(float) * pieces["weight"].astype(float))
    grouped = frame.groupby("target", sort=True)
    known = grouped["category"].count() == grouped.size()
    agreed = known & (grouped["category"].nunique() == 1)
    whole = grouped["weight"].min() >= 1 - 1e-9
    category = grouped["category"].first().where(agreed)
    if rule is not Rule.DIFFERENCE:
        absorbing = frame["origin"] == frame["target"]
        asked = {Rule.ABSORBING: absorbing, Rule.ABSORBED: ~absorbing}.get(rule, pd.Series(True, frame.index))
        category = category.where(agreed, _chosen(frame[asked], needs_people=rule is not Rule.ABSORBING))
    category = category.where(known)
    decided = category.notna()
    kind = np.where(decided, np.where(agreed & whole, Kind.EXACT, Kind.ESTIMATED), Kind.IMPOSSIBLE)
    answers = category.astype(object).where(decided, None)
    return pd.DataFrame({"target": category.index, "category": answers.to_numpy(), "kind": kind})


def _chosen(frame: pd.DataFrame, needs_people: bool) -> pd.Series:
    """The category of each target with most people; none on equal terms, or where some are not counted."""
    summed = frame.groupby(["target", "category"])["people"].sum(min_count=1).reset_index()
    single = summed.groupby("target")["category"].first()[summed.groupby("target").size() == 1]
    if not needs_people:
        return single
    uncounted = set(frame.loc[frame["people"].isna(), "target"])
    most = summed["people"] == summed.groupby("target")["people"].transform("max")
    first = summed[most & ~summed["target"].isin(uncounted)]
    alone = first[~first["target"].duplicated(keep=False)].set_index("target")["category"]
    return single.combine_first(alone)
