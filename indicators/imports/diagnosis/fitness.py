"""Whether what a delivery gives can be published: an indicator that is imported, of a period that it is computed with."""

import re

from indicators.catalogue import Indicator, catalogue
from indicators.imports.blocks import period_of
from indicators.imports.diagnosis.ledger import Ledger
from indicators.imports.findings import Family, Finding, Found, Severity

YEAR = re.compile(r"[1-9]\d{3}")


def look_at_fitness(ledger: Ledger, found: Found) -> None:
    """Say which indicators of the catalogue, or which of their periods, no publication could be made of."""
    for name, period in ledger.chunks:
        item = catalogue().get(name)
        if item is None or not period:
            continue
        if item.derivation is not None:
            sentence = f"« {name} » ne s’importe pas : l’observatoire le calcule."
            found.add(Finding(Family.LAYOUT, Severity.BLOCKING, sentence, given=name))
        elif period_of(period) != period:
            sentence = f"« {period} » n’est pas une période (une année, 2024-T1, 2018-2021…)."
            found.add(Finding(Family.PERIOD, Severity.BLOCKING, sentence, given=period))
        elif not YEAR.fullmatch(period) and (needing := _counting_years(item)):
            sentence = (
                f"« {period} » n’est pas une année : « {name} » sert à calculer « {needing.id} », qui demande des "
                "années."
            )
            found.add(Finding(Family.PERIOD, Severity.BLOCKING, sentence, given=period))


def _counting_years(item: Indicator) -> Indicator | None:
    """An indicator that is computed from this one by counting years, if there is any."""
    return next(
        (
            other
            for other in catalogue().values()
            if other.numerator == item.id and (other.derivation == "growth" or other.denominator_lag)
        ),
        None,
    )
