"""The mapping of a source: which column of which sheet is which indicator, period and unit. It is the recipe.

A mapping is checked when it is built, and reads and writes itself as JSON and as TOML, so that the next delivery
of the same source is one command. It says how cells are read; it never says that a cell is wrong.
"""

import json
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from boundaries.levels import Level
from geo import toml
from geo.errors import Invalid, NotFound
from indicators.catalogue import catalogue
from indicators.natures import Nature
from indicators.statuses import Status

RECIPES = Path(__file__).resolve().parent.parent / "recipes"

# What stands where a figure would, in the files of French producers; compared without case.
SIGNS: dict[str, Status] = {
    "s": Status.SECRET,
    "c": Status.SECRET,
    "nd": Status.MISSING,
    "n.d.": Status.MISSING,
    "n.d": Status.MISSING,
    "na": Status.MISSING,
    "...": Status.MISSING,
    "…": Status.MISSING,
    "..": Status.MISSING,
    ":": Status.MISSING,
    "///": Status.NOT_APPLICABLE,
    "n.s.": Status.NOT_SIGNIFICANT,
    "ns": Status.NOT_SIGNIFICANT,
}
# What may follow a figure.
SUFFIXES: dict[str, Status] = {
    "p": Status.PROVISIONAL,
    "(p)": Status.PROVISIONAL,
    "e": Status.ESTIMATED,
    "(e)": Status.ESTIMATED,
    "n.s.": Status.NOT_SIGNIFICANT,
}
# What a column of observation statuses says (SDMX OBS_STATUS and CONF_STATUS, or our own words).
FLAGS: dict[str, Status] = {
    **{status.value: status for status in Status},
    "A": Status.OBSERVED,
    "F": Status.OBSERVED,
    "P": Status.PROVISIONAL,
    "E": Status.ESTIMATED,
    "I": Status.ESTIMATED,
    "U": Status.NOT_SIGNIFICANT,
    "M": Status.MISSING,
    "O": Status.MISSING,
    "L": Status.MISSING,
    "C": Status.SECRET,
    "D": Status.SECRET,
    "N": Status.SECRET,
    "Q": Status.SECRET,
}

Text = dict[str, str]


class Recipe(BaseModel):
    """What every part of a mapping is: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measure(Recipe):
    """One column of figures. Headings are compared without case, spaces of any kind counting as one.

    `column` may hold `{yyyy}` or `{yy}`: every column whose heading has a year there is read, the year being the
    period (two digits up to 60 are 20yy, the others 19yy). `period` set here wins over every other. `where` keeps the
    rows whose cell under a heading fits a pattern (`D2*`): the layout called long. `factor` turns the figure into
    the unit of the indicator (1000 for thousands). `nature`, `unit` and `decimals` are for what is not in the
    catalogue; the catalogue's own word wins. `total_of` names the columns that this one is the sum of.
    `words` are the numbers that the categories of a typology stand for.
    """

    indicator: str
    column: str
    period: str = ""
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    where: Text = {}
    nature: Nature | None = None
    unit: str = ""
    decimals: int | None = None
    total_of: tuple[str, ...] = ()
    words: dict[str, float] = {}

    @property
    def labels(self) -> dict[str, float]:
        """The numbers that words stand for: those of the mapping, and the categories of the catalogue."""
        known = catalogue().get(self.indicator)
        categories = known.categories if known else {}
        return {**{label: float(number) for number, label in categories.items()}, **self.words}

    @property
    def kind(self) -> Nature | None:
        """The nature, the catalogue's where it knows the indicator."""
        known = catalogue().get(self.indicator)
        return known.nature if known else self.nature

    @property
    def places(self) -> int | None:
        """How many decimals a figure has, where that is known."""
        known = catalogue().get(self.indicator)
        return known.decimals if known else self.decimals

    @property
    def unit_text(self) -> str:
        """The unit, as the catalogue or the mapping says it."""
        known = catalogue().get(self.indicator)
        return known.unit_short if known else self.unit


class Table(Recipe):
    """How the sheets whose names fit a pattern are laid out.

    `header` are the lines of the headings, counted from 1 as in the file; where there are several they are joined
    by ` — `. A column without heading is called `colonne 3`, a second `Total` is `Total (2)`. `level` is the level
    of every row, or `level_column` tells it through `levels`. `roll_up = "iris"` reads the commune in the first
    five characters of the code. `checked_only` sheets serve to verify totals and are not imported.
    """

    sheets: str = "*"
    header: tuple[int, ...] = (1,)
    code: str
    name: str = ""
    level: Level | None = None
    level_column: str = ""
    levels: dict[str, Level] = {}
    period: str = ""
    period_column: str = ""
    period_sheet: bool = False
    status_column: str = ""
    roll_up: Literal["", "iris"] = ""
    where: Text = {}
    checked_only: bool = False
    measures: tuple[Measure, ...] = ()

    @field_validator("header")
    @classmethod
    def _lines(cls, lines: tuple[int, ...]) -> tuple[int, ...]:
        if not lines or any(line < 1 for line in lines) or list(lines) != sorted(set(lines)):
            raise ValueError("les lignes d’en-tête sont des numéros croissants à partir de 1")
        return lines

    @model_validator(mode="after")
    def _one_level(self) -> "Table":
        if bool(self.level) == bool(self.level_column):
            raise ValueError("il faut level, ou level_column avec levels")
        return self


class Mapping(Recipe):
    """How every cell of a source's files is read.

    `millesime` is the geography of the codes, None while nobody has said it. `period` is what the measure
    describes when neither column, heading nor sheet says so. `duplicates = "sum"` adds the rows of one territory,
    for additive natures only. `absent = "zero"` says that the source leaves out the communes that have none: those
    of the departements that the file has are then zero, not missing. `thousands` is the sign between thousands, a
    space standing for every kind of space.
    """

    source: str
    title: str = ""
    producer: str = ""
    licence: str = ""
    file: str = "*"
    millesime: int | None = None
    period: str = ""
    decimal: Literal[",", "."] = "."
    thousands: Literal["", " ", ".", ",", "'"] = ""
    signs: dict[str, Status] = SIGNS
    suffixes: dict[str, Status] = SUFFIXES
    flags: dict[str, Status] = FLAGS
    duplicates: Literal["refuse", "sum"] = "refuse"
    absent: Literal["missing", "zero"] = "missing"
    tables: tuple[Table, ...] = ()

    @field_validator("signs", "suffixes")
    @classmethod
    def _without_case(cls, signs: dict[str, Status]) -> dict[str, Status]:
        return {sign.casefold(): status for sign, status in signs.items()}

    def at(self, millesime: int | None = None, period: str = "") -> "Mapping":
        """Return the same mapping for another geography or period: those of the next delivery."""
        changes: dict[str, Any] = {"millesime": millesime, "period": period}
        return self.model_copy(update={name: value for name, value in changes.items() if value})

    def to_json(self) -> str:
        """Return the mapping as JSON, without what is left at its default."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> "Mapping":
        """Return the mapping that a JSON text holds. Raises Invalid, naming the field that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise Invalid(_refusal("reçue", error)) from error

    def to_toml(self) -> str:
        """Return the mapping as a TOML recipe, without what is left at its default."""
        return "\n".join(_toml(json.loads(self.to_json()))) + "\n"

    @classmethod
    def from_toml(cls, text: str, name: str = "reçue") -> "Mapping":
        """Return the mapping that a TOML recipe holds. Raises Invalid, naming the field that is wrong."""
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise Invalid(f"La recette {name} n’est pas du TOML lisible : {error}.") from error
        except ValidationError as error:
            raise Invalid(_refusal(name, error)) from error


@cache
def recipes() -> dict[str, Mapping]:
    """Return the recipes that come with the product, by source. Raises Invalid when one is malformed."""
    found = {}
    for sheet in sorted(RECIPES.glob("*.toml")):
        found[sheet.stem] = Mapping.from_toml(sheet.read_text(encoding="utf-8"), sheet.name)
    return found


def recipe(source: str) -> Mapping:
    """Return one recipe. Raises NotFound, naming those that exist."""
    try:
        return recipes()[source]
    except KeyError:
        known = ", ".join(recipes())
        raise NotFound(f"Recette inconnue : « {source} ». Recettes disponibles : {known}.") from None


def recipes_for(file: str) -> list[Mapping]:
    """Return the recipes whose file pattern fits a file's name, without case; those that fit any are left out."""
    return [one for one in recipes().values() if one.file != "*" and fnmatchcase(file.lower(), one.file.lower())]


def _refusal(name: str, error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "l’ensemble"
    reasons = {"missing": "il manque", "extra_forbidden": "ce champ n’existe pas"}
    stated = (
        str(first["ctx"]["error"]) if first["type"] == "value_error" else "la valeur n’est pas de celles acceptées"
    )
    return f"La recette {name} est refusée : {place} ({reasons.get(first['type'], stated)})."


def _toml(values: dict[str, Any], path: str = "") -> list[str]:
    """Lines of a TOML document: plain values first, then tables, then arrays of tables."""
    lines = [f"{toml.key(key)} = {toml.inline(value)}" for key, value in values.items() if not _tables(value)]
    for key, value in values.items():
        if _tables(value):
            here = f"{path}{toml.key(key)}"
            for item in value:
                lines += ["", f"[[{here}]]", *_toml(item, f"{here}.")]
    return lines


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
