"""What is verified of a delivery before it may replace what is loaded.

Each check returns findings; one that refuses names the offending codes in a French sentence. `refuse` raises
once, with every refusal, so that a producer sees all that is wrong in one run.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from boundaries.delivery import Delivery
from boundaries.levels import Level, is_code
from geo.errors import Invalid

SHOWN = 20  # codes named in a sentence; the report holds them all
MINIMUM_AREA_M2 = 10_000  # the smallest commune, Castelmoron-d’Albret, covers 3.5 ha
MAXIMUM_CHANGE = 0.01  # share of a commune's surface that the cleaning of borders may move
MAXIMUM_DRIFT = 0.30  # share by which an unchanged commune may differ from the previous millesime
MAXIMUM_TOTAL_DRIFT = 0.005  # and the whole scope


@dataclass(frozen=True)
class Finding:
    """One thing that was found: a sentence, the codes it is about, and whether it forbids the load."""

    sentence: str
    codes: tuple[str, ...] = ()
    refused: bool = True

    def __str__(self) -> str:
        if not self.codes:
            return self.sentence
        shown = ", ".join(self.codes[:SHOWN])
        more = f" et {len(self.codes) - SHOWN} autres" if len(self.codes) > SHOWN else ""
        return f"{self.sentence} : {shown}{more}"


def refuse(findings: Iterable[Finding], millesime: int) -> None:
    """Raise Invalid with every refusal among the findings; return when there is none."""
    refused = [str(finding) for finding in findings if finding.refused]
    if refused:
        raise Invalid(f"Limites {millesime} refusées. " + ". ".join(refused) + ". Rien n’a été modifié.")


def code_findings(delivery: Delivery) -> list[Finding]:
    """Return what is wrong with the codes and memberships of a delivery, before any geometry is looked at."""
    frames = {
        Level.COMMUNE: delivery.communes,
        Level.ARRONDISSEMENT_MUNICIPAL: delivery.arrondissements,
        Level.EPCI: delivery.epci,
        Level.DEPARTEMENT: delivery.departements,
        Level.REGION: delivery.regions,
    }
    found: list[Finding] = []
    for level, frame in frames.items():
        codes = frame["code"].astype(str)
        malformed = sorted(code for code in codes if not is_code(level, code))
        found += _when(malformed, f"Codes mal formés ({level})")
        found += _when(sorted(set(codes[codes.duplicated()])), f"Codes en double ({level})")
    communes = delivery.communes[delivery.communes["in_scope"]]
    parents = {
        "epci": (delivery.epci, "un EPCI inconnu", False),
        "departement": (delivery.departements, "un département inconnu", True),
        "region": (delivery.regions, "une région inconnue", True),
    }
    for column, (frame, words, compulsory) in parents.items():
        orphan = ~communes[column].isin(frame["code"]) & (communes[column].notna() | compulsory)
        found += _when(sorted(communes.loc[orphan, "code"]), f"Communes rattachées à {words}")
    cities = set(delivery.communes["code"])
    lost = ~delivery.arrondissements["commune"].isin(cities)
    found += _when(sorted(delivery.arrondissements.loc[lost, "code"]), "Arrondissements d’une commune absente")
    if delivery.outlines:
        missing = delivery.communes.geometry.isna() | delivery.communes.geometry.is_empty
        found += _when(sorted(delivery.communes.loc[missing, "code"]), "Communes sans polygone")
    return found


def area_findings(
    codes: NDArray[np.str_], area_m2: NDArray[np.float64], cleaned_m2: NDArray[np.float64]
) -> list[Finding]:
    """Return what the surfaces say before and after the cleaning of shared borders."""
    degenerate = area_m2 < MINIMUM_AREA_M2
    change = np.abs(cleaned_m2 - area_m2) / np.where(degenerate, np.nan, area_m2)
    moved = change > 1e-9
    found = _when(codes[degenerate].tolist(), "Polygones dégénérés (moins d’un hectare)")
    found += _when(
        codes[change > MAXIMUM_CHANGE].tolist(),
        f"Communes dont plus de {MAXIMUM_CHANGE:.0%} de la surface en recouvre d’autres".replace("%", " %"),
    )
    if moved.any():
        most = f"{np.nanmax(change):.3%}".replace(".", ",").replace("%", " %")
        sentence = f"Limites communes rectifiées (au plus {most} d’une commune)"
        found.append(Finding(sentence, tuple(codes[moved].tolist()), refused=False))
    return found


def drift_findings(
    codes: NDArray[np.str_],
    area_m2: NDArray[np.float64],
    previous: "pd.Series[float]",
    changed: set[str],
    millesime: int,
) -> list[Finding]:
    """Return how surfaces drifted against another loaded millesime.

    `previous` gives m² by code there, `changed` the communes whose perimeter is known to have changed between
    the two. The whole is compared only where both hold the same scope.
    """
    here = pd.Series(area_m2, index=codes)
    common = here.index.intersection(previous.index).difference(sorted(changed))
    drift = (here[common] / previous[common] - 1).abs()
    found = _when(
        sorted(drift.index[drift > MAXIMUM_DRIFT]),
        f"Surfaces très différentes du millésime {millesime} sans changement de périmètre connu",
    )
    total = abs(here.sum() / previous.sum() - 1)
    if total > MAXIMUM_TOTAL_DRIFT:
        share = f"{total:.2%}".replace(".", ",").replace("%", " %")
        found.append(Finding(f"Surface totale à {share} de celle du millésime {millesime}"))
    return found


def _when(codes: list[str], sentence: str) -> list[Finding]:
    return [Finding(sentence, tuple(codes))] if codes else []
