"""The catalogue: what each indicator is, read from one TOML file per indicator and checked at start."""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from boundaries.levels import ZONINGS, Level
from geo.errors import Invalid, NotFound
from indicators.natures import Nature


class Indicator(BaseModel):
    """An indicator's sheet; texts are French.

    `derivation` says how it is computed: `area` from outlines, `ratio` (`factor` x numerator / denominator),
    `growth` and `index` (100 in `base_period`) from other indicators; `class` counts the communes whose numerator
    is within `bounds` (the lower one in, the upper one out), or adds up their values; `epci-nature` is read from
    the limits; None when it is imported. `denominator_lag` is how many periods of one year the denominator comes
    after the numerator (stocks of 31 December over those of 1 January). An imported weighted mean names its
    `weight`. A total that is the sum of categories names them all (`parts`): nothing is computed from it, but whoever
    reads all but one of them knows the last. A typology lists its `categories` (number as stored, label) and the
    rule by which it is converted to other geographies. `reference_date` is the day (MM-DD) that a period of one year
    stands for. `breaks` are class limits chosen for it, `pivot` the value around which a diverging ramp turns.
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
    parts: tuple[str, ...] = ()
    direction: Literal["more-is-better", "less-is-better", "neutral"]
    theme: str
    source: str
    producer: str
    licence: str
    levels: tuple[Level, ...]
    field: str
    precautions: str
    frequency: str
    derivation: Literal["area", "ratio", "growth", "index", "class", "epci-nature"] | None = None
    factor: float = 1
    denominator_lag: int = 0
    bounds: tuple[float, ...] = ()
    counted: Literal["communes", "value"] = "communes"
    base_period: str | None = None
    categories: dict[int, str] = {}
    conversion: Literal["largest-population", "absorbing", "absorbed", "difference"] = "difference"
    reference_date: str = "01-01"
    minimum_years: int = 1
    breaks: tuple[float, ...] = ()
    pivot: float | None = None

    @property
    def every_level(self) -> tuple[Level, ...]:
        """The levels it may have values at: those of the sheet, and every zoning made of communes where they are."""
        return (*self.levels, *ZONINGS) if Level.COMMUNE in self.levels else self.levels

    @property
    def digest(self) -> str:
        """A digest of the sheet: a changed definition makes new series; what it is the total of changes no value."""
        return hashlib.sha256(self.model_dump_json(exclude={"parts"}).encode()).hexdigest()[:12]

    @model_validator(mode="after")
    def _complete(self) -> "Indicator":
        """Refuse a sheet that lacks what its derivation or its nature needs."""
        derivations: dict[str, dict[str, object]] = {
            "ratio": {"numerator": self.numerator, "denominator": self.denominator},
            "growth": {"numerator": self.numerator},
            "class": {"numerator": self.numerator, "bounds": self.bounds or None},
            "index": {"numerator": self.numerator, "base_period": self.base_period},
        }
        needed = derivations.get(str(self.derivation), {})
        if self.nature is Nature.TYPOLOGY:
            needed["categories"] = self.categories or None
        lacking = [name for name, value in needed.items() if value is None]
        if lacking:
            raise ValueError(f"il manque {', '.join(lacking)}")
        return self


@cache
def catalogue() -> Mapping[str, Indicator]:
    """Return every indicator by id, those that others are computed from first.

    Raises Invalid when a sheet is malformed, or names an indicator that does not exist.
    """
    sheets = sorted(Path(__file__).parent.glob("*.toml"))
    found = {sheet.stem: _read(sheet) for sheet in sheets}
    for indicator in found.values():
        for other in (indicator.numerator, indicator.denominator, indicator.weight, *indicator.parts):
            if other is not None and other not in found:
                raise Invalid(f"La fiche « {indicator.id} » cite un indicateur inconnu : « {other} ».")
    ordered: dict[str, Indicator] = {}
    for name in sorted(found, key=lambda name: (found[name].derivation not in (None, "area"), name)):
        _place(name, found, ordered, ())
    return MappingProxyType(ordered)


def indicator(identifier: str) -> Indicator:
    """Return one indicator. Raises NotFound, naming those that exist."""
    try:
        return catalogue()[identifier]
    except KeyError:
        known = ", ".join(catalogue())
        raise NotFound(f"Indicateur inconnu : « {identifier} ». Indicateurs publiés : {known}.") from None


def _place(
    name: str, found: Mapping[str, Indicator], ordered: dict[str, Indicator], above: tuple[str, ...]
) -> None:
    """Put an indicator after those it is computed from. Raises Invalid for one computed from itself."""
    if name in above:
        raise Invalid(f"La fiche « {name} » se cite elle-même : {' → '.join((*above, name))}.")
    if name in ordered:
        return
    item = found[name]
    if item.derivation is not None:
        for other in (item.numerator, item.denominator):
            if other is not None:
                _place(other, found, ordered, (*above, name))
    ordered[name] = item


def _read(sheet: Path) -> Indicator:
    try:
        read = Indicator.model_validate(tomllib.loads(sheet.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise Invalid(f"Fiche d’indicateur illisible : {sheet.name} ({error}).") from error
    if read.id != sheet.stem:
        raise Invalid(f"La fiche {sheet.name} porte l’identifiant « {read.id} ».")
    return read
