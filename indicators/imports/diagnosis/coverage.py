"""Territories that a delivery was expected to have and has not."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from boundaries.levels import LABELS, Level
from indicators.imports.diagnosis.ledger import Ledger
from indicators.imports.diagnosis.names import departement
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.imports.mapping import Mapping
from indicators.imports.reference import Reference


def look_for_missing(ledger: Ledger, mapping: Mapping, reference: Reference, found: Found) -> None:
    """Say which loaded territories have no row, at each level and period that the delivery has.

    Communes are expected in the departements that the delivery has communes of; the other departements are told
    in one sentence. A territory that has a row for one measure and none for another is told apart. A city whose
    arrondissements are all there is not missing, and nothing is where the mapping says that a commune without a
    row has none.
    """
    millesime = mapping.millesime or 0
    given: dict[tuple[Level, str], set[str]] = defaultdict(set)
    partial: dict[Level, dict[str, str]] = defaultdict(dict)
    places = list(ledger.places)
    known: dict[bytes, dict[Level, set[str]]] = {}  # series of a wide file list the same territories
    for series in ledger.series():
        ranks = np.unique(series.who)
        if ranks.tobytes() not in known:
            known[ranks.tobytes()] = _by_level(ranks, places)
        for level, codes in known[ranks.tobytes()].items():
            given[level, series.period] |= codes
            for code in reference.expected.get((millesime, level), frozenset()) - codes:
                partial[level].setdefault(code, f"{series.indicator} {series.period}".strip())
    absent_in: dict[tuple[Level, str], list[str]] = defaultdict(list)
    for (level, period), codes in given.items():
        if level is Level.ARRONDISSEMENT_MUNICIPAL:
            continue
        lost = reference.expected.get((millesime, level), frozenset()) - codes
        if level is Level.COMMUNE:
            lost -= _given_by_parts(
                given.get((Level.ARRONDISSEMENT_MUNICIPAL, period), set()), reference, millesime
            )
            lost = _where_expected(lost, codes, period, found)
        for code in lost:
            absent_in[level, code].append(period)
    severity = Severity.NOTE if mapping.absent == "zero" else Severity.TO_DECIDE
    ending = " ; la recette dit qu’il vaut zéro" if mapping.absent == "zero" else ""
    for (level, code), periods in sorted(absent_in.items()):
        when = f" ({', '.join(filter(None, periods[:4]))})" if any(periods) else ""
        name = reference.codes(millesime, level).get(code, "")
        sentence = f"{code} {name} ({LABELS[level][0]}) n’a aucune ligne{when}{ending}."
        found.add(Finding(Family.MISSING_TERRITORY, severity, sentence, given=code))
    for level, series_of in partial.items():
        some = {code: name for code, name in sorted(series_of.items()) if (level, code) not in absent_in}
        if some and level is not Level.ARRONDISSEMENT_MUNICIPAL and mapping.absent != "zero":
            code, name = next(iter(some.items()))
            sentence = (
                f"{len(some)} {LABELS[level][1]} n’ont pas de ligne pour certaines séries ({code} pour {name}…)."
            )
            found.add(Finding(Family.MISSING_TERRITORY, Severity.NOTE, sentence))


def _by_level(ranks: NDArray[np.int32], places: list[tuple[Level | None, str]]) -> dict[Level, set[str]]:
    by_level: dict[Level, set[str]] = defaultdict(set)
    for who in ranks.tolist():
        level, code = places[who] if who >= 0 else (None, "")
        if level is not None:
            by_level[level].add(code)
    return by_level


def _given_by_parts(municipal: set[str], reference: Reference, millesime: int) -> set[str]:
    """The cities all of whose arrondissements are given."""
    parts: dict[str, set[str]] = defaultdict(set)
    for part, city in reference.parents.get((millesime, Level.COMMUNE), {}).items():
        parts[city].add(part)
    return {city for city, those in parts.items() if those <= municipal}


def _where_expected(lost: frozenset[str], codes: set[str], period: str, found: Found) -> frozenset[str]:
    """The missing communes of the departements that the delivery has; the others are told as departements."""
    covered = {departement(code) for code in codes}
    elsewhere = sorted({departement(code) for code in lost} - covered)
    if elsewhere:
        when = f" en {period}" if period else ""
        sentence = f"Aucune commune{when} dans {len(elsewhere)} départements chargés : {', '.join(elsewhere)}."
        found.add(Finding(Family.MISSING_TERRITORY, Severity.TO_DECIDE, sentence))
    return frozenset(code for code in lost if departement(code) in covered)
