"""The catalogue: what each indicator is, read from one TOML file per indicator and checked at start."""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from boundaries.levels import Level
from geo.errors import Invalid, NotFound
from indicators.natures import Nature


class Indicator(BaseModel):
    """An indicator's sheet; texts are French.

    `derivation` says how it is computed: `area` from outlines, `ratio` and `growth` from other indicators; None
    when it is imported. `reference_date` is the day (MM-DD) that a period of one year stands for. `breaks` are
    class limits chosen for it, `pivot` the value around which a diverging ramp turns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: str
    short_label: str
    definition: str
    unit: str
    unit_short: str
    decimals: int
    nature: Nature
    numerator: str | None = None
    denominator: str | None = None
    weight: str | None = None
    direction: Literal["more-is-better", "less-is-better", "neutral"]
    theme: str
    source: str
    producer: str
    licence: str
    levels: tuple[Level, ...]
    field: str
    precautions: str
    frequency: str
    derivation: Literal["area", "ratio", "growth"] | None = None
    reference_date: str = "01-01"
    minimum_years: int = 1
    breaks: tuple[float, ...] = ()
    pivot: float | None = None

    @property
    def digest(self) -> str:
        """A digest of the sheet: a changed definition makes new series."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


@cache
def catalogue() -> Mapping[str, Indicator]:
    """Return every indicator by id, those that others are computed from first.

    Raises Invalid when a sheet is malformed, or names an indicator that does not exist.
    """
    sheets = sorted(Path(__file__).parent.glob("*.toml"))
    found = {sheet.stem: _read(sheet) for sheet in sheets}
    for indicator in found.values():
        for other in (indicator.numerator, indicator.denominator, indicator.weight):
            if other is not None and other not in found:
                raise Invalid(f"La fiche « {indicator.id} » cite un indicateur inconnu : « {other} ».")
    ordered = sorted(found.values(), key=lambda item: (item.derivation not in (None, "area"), item.id))
    return MappingProxyType({indicator.id: indicator for indicator in ordered})


def indicator(identifier: str) -> Indicator:
    """Return one indicator. Raises NotFound, naming those that exist."""
    try:
        return catalogue()[identifier]
    except KeyError:
        known = ", ".join(catalogue())
        raise NotFound(f"Indicateur inconnu : « {identifier} ». Indicateurs publiés : {known}.") from None


def _read(sheet: Path) -> Indicator:
    try:
        read = Indicator.model_validate(tomllib.loads(sheet.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise Invalid(f"Fiche d’indicateur illisible : {sheet.name} ({error}).") from error
    if read.id != sheet.stem:
        raise Invalid(f"La fiche {sheet.name} porte l’identifiant « {read.id} ».")
    return read
