"""Territories that a delivery was expected to have and has not."""

from collections import defaultdict

from boundaries.levels import LABELS, Level
from indicators.imports.diagnosis.ledger import Ledger
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.imports.reference import Reference


def look_for_missing(ledger: Ledger, reference: Reference, millesime: int, found: Found) -> None:
    """Say which loaded territories have no row, at each level and period that the delivery has.

    A territory that the delivery names for one measure and not for another is counted once per measure. A city
    whose arrondissements are all there is not missing.
    """
    places = list(ledger.places)
    given: dict[tuple[Level, str], set[str]] = defaultdict(set)
    partial: dict[Level, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for series in ledger.series():
        by_level: dict[Level, set[str]] = defaultdict(set)
        for who in set(series.who.tolist()):
            if who >= 0 and places[who][0] is not None:
                level, code = places[who]
                by_level[level].add(code)
        for level, codes in by_level.items():
            given[level, series.period] |= codes
            for code in reference.expected.get((millesime, level), frozenset()) - codes:
                partial[level][code].append(f"{series.indicator} {series.period}".strip())
    absent_in: dict[tuple[Level, str], list[str]] = defaultdict(list)
    for (level, period), codes in given.items():
        lost = reference.expected.get((millesime, level), frozenset()) - codes
        municipal = given.get((Level.ARRONDISSEMENT_MUNICIPAL, period), set())
        if level is Level.ARRONDISSEMENT_MUNICIPAL:
            continue
        for code in lost:
            parts = [
                part
                for part, city in reference.parents.get((millesime, Level.COMMUNE), {}).items()
                if city == code
            ]
            if level is not Level.COMMUNE or not parts or not municipal.issuperset(parts):
                absent_in[level, code].append(period)
    for (level, code), periods in sorted(absent_in.items()):
        when = f" ({', '.join(filter(None, periods[:4]))})" if any(periods) else ""
        name = reference.codes(millesime, level).get(code, "")
        sentence = f"{code} {name} ({LABELS[level][0]}) n’a aucune ligne{when}."
        found.add(Finding(Family.MISSING_TERRITORY, Severity.TO_DECIDE, sentence, given=code))
    for level, codes_of in partial.items():
        some = {code: names for code, names in codes_of.items() if (level, code) not in absent_in}
        if some and level is not Level.ARRONDISSEMENT_MUNICIPAL:
            sentence = (
                f"{len(some)} {LABELS[level][1]} n’ont pas de ligne pour certaines séries "
                f"(par exemple {next(iter(sorted(some)))} : {next(iter(some.values()))[0]})."
            )
            found.add(Finding(Family.MISSING_TERRITORY, Severity.NOTE, sentence))
