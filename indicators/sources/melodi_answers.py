"""Understands Melodi's answers: observations become the rows of one sheet, metadata become labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from geo.errors import Invalid
from indicators.sources import sdmx
from indicators.sources.tabular import text

GEO = ("GEO_MILLESIME", "GEO_LEVEL", "GEO")
MEASURE, STATUS, VALUE = "MEASURE", "STATUS", "OBS_VALUE"
OWN = frozenset({*GEO[:2], MEASURE, STATUS, VALUE})

TEXT = pd.ArrowDtype(pa.string())

Row = dict[str, str | None]


def rows_of(page: Mapping[str, Any], asked: str) -> list[Row]:
    """Return the observations of a page, one row per measure, every cell a text or None.

    GEO is split into its year, its level and its code; the measure’s name (OBS_VALUE_NIVEAU…) goes to MEASURE.
    Raises Invalid when the page is of another form, or holds a column that would be overwritten.
    """
    observations = page.get("observations")
    if not isinstance(observations, list):
        raise Invalid(f"La réponse reçue pour {asked} ne contient pas d’observations.")
    rows = []
    for observation in observations:
        parts = observation if isinstance(observation, dict) else {}
        dimensions, measures = parts.get("dimensions"), parts.get("measures")
        attributes = parts.get("attributes") or {}
        if not (isinstance(dimensions, dict) and isinstance(measures, dict) and measures):
            raise Invalid(f"La réponse reçue pour {asked} contient une observation sans dimension ou sans mesure.")
        if not isinstance(attributes, dict) or OWN & (dimensions.keys() | attributes.keys()):
            raise Invalid(f"La réponse reçue pour {asked} contient une observation dont les noms se confondent.")
        common = {name: text(value) for name, value in (attributes | dimensions).items()}
        if isinstance(place := common.get("GEO"), str):
            common |= zip(GEO, sdmx.territory(place), strict=True)
        for name, measure in measures.items():
            value = measure.get("value") if isinstance(measure, dict) else measure
            rows.append(common | {MEASURE: name, VALUE: text(value)})
    return rows


@dataclass
class Observations:
    """What several pages hold together, column by column: a million of observations are not kept as objects."""

    count: int = 0
    pages: list[pd.DataFrame] = field(default_factory=list)
    dimensions: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def add(self, page: Mapping[str, Any], asked: str) -> list[Row]:
        """Take a page in; return its rows."""
        rows = rows_of(page, asked)
        self.count += len(page["observations"])
        for observation in page["observations"]:
            self.dimensions.update(observation["dimensions"])
            self.attributes.update(observation.get("attributes") or ())
        if rows:
            self.pages.append(pd.DataFrame(rows, dtype=TEXT))
        return rows

    def table(self, asked: str) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows in an order that does not depend on the server’s, and French remarks.

        Columns: the territory, the other dimensions, MEASURE, STATUS (a word of `indicators.statuses`), the attributes
        that it was made of, and OBS_VALUE. Raises Invalid when two rows describe the same thing: the pages then do
        not belong together.
        """
        geo = list(GEO) if "GEO" in self.dimensions or not self.pages else []
        keys = [*geo, *sorted(self.dimensions - {"GEO"}), MEASURE]
        columns = [*keys, *sorted(self.attributes - self.dimensions), VALUE]
        frame = pd.concat(self.pages) if self.pages else pd.DataFrame(columns=columns, dtype=TEXT)
        frame = frame.reindex(columns=columns).sort_values(keys, na_position="first", ignore_index=True)
        if frame.duplicated(keys).any():
            raise Invalid(f"La même observation est donnée deux fois, pour {asked}. Recommencez plus tard.")
        statuses, remarks = _statuses(frame)
        frame.insert(len(keys), STATUS, pd.Series(statuses, dtype=TEXT))
        ours = {level.value for level in sdmx.LEVELS.values()}
        levels = frame[GEO[1]].astype(object).where(frame[GEO[1]].notna(), "aucun").unique() if geo else ()
        foreign = sorted(set(levels) - ours)
        if foreign:
            remarks.append(f"Niveaux géographiques que l’observatoire ne connaît pas\u202f: {', '.join(foreign)}.")
        return frame, remarks


def _statuses(frame: pd.DataFrame) -> tuple[list[str | None], list[str]]:
    """Return the status of each row, None where a code is unknown, and a remark for each such combination."""
    given = [column for column in sdmx.STATUS_COLUMNS if column in frame.columns]
    codes = (frame[column].astype(object).where(frame[column].notna(), None) for column in given)
    cases = list(zip(*codes, frame[VALUE].notna(), strict=True))
    said: dict[tuple[Any, ...], str | None] = {}
    remarks = []
    for case in sorted(set(cases), key=repr):
        try:
            said[case] = sdmx.status_of(dict(zip(given, case[:-1], strict=True)), bool(case[-1])).value
        except Invalid as error:
            said[case] = None
            remarks.append(f"{error.detail} Observations concernées\u202f: {cases.count(case)}.")
    return [said[case] for case in cases], remarks


@dataclass(frozen=True)
class Concept:
    """A dimension, an attribute or the measure of a dataset, and the French labels of its codes.

    A territory’s code is the one that observations have (`2022-DEP-44`).
    """

    code: str
    label: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Product:
    """A file of a dataset: its name, its format, its size in bytes as the catalogue announces it."""

    id: str
    title: str
    format: str
    size: int | None
    zipped: bool

    @property
    def file(self) -> str:
        """Return the name of the file, with the suffix that tells what it is."""
        return f"{self.id}.{'zip' if self.zipped else self.format.lower()}"


def concepts_of(content: Mapping[str, Any]) -> dict[str, Concept]:
    """Return the concepts of an answer of `/range`, by code.

    A code without a French label has its English one, else itself.
    """
    concepts = {}
    for item in _dicts(content.get("range")):
        concept = item.get("concept") or {}
        values = {
            str(v.get("id", v.get("code")) if concept.get("code") == "GEO" else v.get("code")): v
            for v in _dicts(item.get("values"))
        }
        labels = {code: french(value.get("label")) or code for code, value in values.items()}
        code = str(concept.get("code"))
        concepts[code] = Concept(code, french(concept.get("label")) or code, labels)
    return concepts


def products_of(content: Mapping[str, Any]) -> dict[str, Product]:
    """Return the files that an answer of `/catalog` lists, by name."""
    return {
        str(item["id"]): Product(
            id=str(item["id"]),
            title=str(item.get("title") or item["id"]),
            format=str(item.get("format") or "bin"),
            size=item["byteSize"] if isinstance(item.get("byteSize"), int) else None,
            zipped="zip" in str(item.get("packageFormat")),
        )
        for item in _dicts(content.get("product"))
        if item.get("id")
    }


def french(label: object) -> str:
    """Return the French text of a label, else the English one, else nothing; Melodi writes labels in two ways.

    >>> french({"fr": "Âge", "en": "Age"}), french([{"lang": "en", "content": "Age"}, {"lang": "fr", "content": "Âge"}])
    ('Âge', 'Âge')
    >>> french({"en": "Age"}), french(None)
    ('Age', '')
    """
    texts = {item.get("lang"): item.get("content") for item in _dicts(label)} if isinstance(label, list) else label
    if not isinstance(texts, dict):
        return ""
    return str(texts.get("fr") or texts.get("en") or "").strip()


def _dicts(items: object) -> Iterable[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
