"""What a delivery says against the last one: revisions and evolutions that are too large to be taken on trust.

A series is compared with the same period of the last delivery where that has it, else with the nearest earlier
period. The ratios of all territories, as logarithms, give a median and a median absolute deviation (MAD); a
territory jumps when its own is further than `SPREAD` times 1.4826 MAD from the median and its value changed by more
than `LEAST` (both stated in the sentence). The whole jumps when the sum (or the median, of what does not add up)
changed by more than `WHOLE`.
"""

import numpy as np
import pandas as pd

from indicators.imports.diagnosis.ledger import Ledger, Series
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.statuses import Status

SPREAD = 8.0
LEAST = 0.3
WHOLE = 0.2
FEW = 8  # territories from which a spread means something
UNITS = {1000.0: "milliers", 1_000_000.0: "millions", 100.0: "pour cent"}


def look_for_jumps(ledger: Ledger, previous: "pd.DataFrame | None", found: Found) -> None:
    """Compare with `previous`: indicator, period, level, code, value, status, as `values` gives them."""
    if previous is None or previous.empty:
        return
    texts = previous.assign(
        **{name: previous[name].astype(str) for name in ("indicator", "period", "level", "code")}
    )
    by_series = dict(iter(texts.groupby(["indicator", "period"], sort=True)))
    for series in ledger.series():
        earlier = [period for indicator, period in by_series if indicator == series.indicator]
        period = (
            series.period
            if series.period in earlier
            else max((one for one in earlier if one < series.period), default=None)
        )
        if period is not None:
            _compare(series, ledger, by_series[series.indicator, period], period, found)


def _compare(series: Series, ledger: Ledger, before: pd.DataFrame, period: str, found: Found) -> None:
    places = {rank: place for place, rank in ledger.places.items()}
    told = [places.get(int(who), (None, "")) for who in series.who]
    now = pd.DataFrame(
        {
            "level": [str(level) if level else "" for level, _ in told],
            "code": [code for _, code in told],
            "now": series.value,
            "position": np.arange(len(told)),
        }
    )
    both = now[now["level"] != ""].merge(before[["level", "code", "value", "status"]], on=["level", "code"])
    if period == series.period:
        _zeros(series, both, found)
    for level, pairs in both[(both["now"] > 0) & (both["value"] > 0)].groupby("level"):
        ratio = np.log(pairs["now"] / pairs["value"]).to_numpy()
        middle = float(np.median(ratio))
        _whole(series, str(level), pairs, middle, period, found)
        if len(pairs) < FEW:
            continue
        spread = 1.4826 * float(np.median(np.abs(ratio - middle)))
        far = (np.abs(ratio - middle) > np.maximum(SPREAD * spread, np.log1p(LEAST))) & (
            np.abs(np.expm1(ratio)) > LEAST
        )
        for row in pairs[far].itertuples(index=False):
            chunk = series.chunks[series.chunk[row.position]]
            change = _percent(row.now / row.value - 1)
            sentence = (
                f"{row.code} : {_text(row.now)}, contre {_text(row.value)} en {period} dans la livraison précédente "
                f"({change}, quand l’ensemble fait {_percent(np.expm1(middle))} ; seuil : {SPREAD:g} écarts médians "
                f"et {_percent(LEAST)})."
            )
            where = (chunk.layout.sheet.name, int(series.line[row.position]), chunk.column.heading)
            found.add(Finding(Family.JUMP, Severity.TO_DECIDE, sentence, *where, given=_text(row.now)))


def _whole(series: Series, level: str, pairs: pd.DataFrame, middle: float, period: str, found: Found) -> None:
    """The change of the whole: of the sum where it means something, of the middle territory else."""
    additive = series.measure.kind is not None and series.measure.kind.additive
    ratio = float(pairs["now"].sum() / pairs["value"].sum()) if additive else float(np.exp(middle))
    chunk = series.chunks[0]
    for factor, unit in UNITS.items():
        if len(pairs) > 1 and min(abs(np.exp(middle) / factor - 1), abs(np.exp(middle) * factor - 1)) < LEAST:
            sentence = (
                f"{series.indicator} ({level}) : les valeurs sont d’un rapport {_text(float(np.exp(middle)))} avec "
                f"celles de {period} dans la livraison précédente : l’unité a-t-elle changé ({unit}) ?"
            )
            where = (chunk.layout.sheet.name, None, chunk.column.heading)
            found.add(Finding(Family.UNIT, Severity.TO_DECIDE, sentence, *where))
            return
    if abs(ratio - 1) > WHOLE:
        what = "la somme" if additive else "la valeur médiane"
        sentence = (
            f"{series.indicator} ({level}) : {what} des {len(pairs)} territoires communs change de "
            f"{_percent(ratio - 1)} depuis {period} dans la livraison précédente (seuil : {_percent(WHOLE)})."
        )
        found.add(
            Finding(Family.JUMP, Severity.TO_DECIDE, sentence, chunk.layout.sheet.name, None, chunk.column.heading)
        )


def _zeros(series: Series, both: pd.DataFrame, found: Found) -> None:
    """What was secret in the last delivery and is zero now, for the same period."""
    for row in both[(both["status"].astype(str) == Status.SECRET) & (both["now"] == 0)].itertuples(index=False):
        chunk = series.chunks[series.chunk[row.position]]
        sentence = (
            f"{row.code} : zéro, alors que la livraison précédente disait secret pour la même période ; un zéro mis "
            "pour un secret est une erreur."
        )
        where = (chunk.layout.sheet.name, int(series.line[row.position]), chunk.column.heading)
        found.add(Finding(Family.SECRET_AS_ZERO, Severity.BLOCKING, sentence, *where, given="0", proposed="s"))


def _text(value: float) -> str:
    return f"{value:.6g}".replace(".", ",")


def _percent(share: float) -> str:
    return f"{share:+.0%}".replace("%", " %").replace("-", "−")
