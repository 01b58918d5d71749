"""The form of a delivery: its format, its sheets, its headings, what stands above, beside and below the table."""

import difflib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators.imports.blocks import Block
from indicators.imports.findings import Family, Finding, Found, Severity
from indicators.imports.layout import Layout, head, key, tidy
from indicators.imports.mapping import Mapping
from indicators.imports.numbers import HIDDEN
from indicators.imports.sheets import Delivered

ONLY_FEW = 0.05  # share of rows up to which the cells under no heading are taken for shifted rows
SEEN = r"[^\s\p{Z}\p{Cf}\x0b\x1c-\x1f\x85]"  # a letter that `tidy` keeps: neither a space of any kind nor hidden
UNITS = [
    (re.compile(r"\ben milliers?\b|\bmilliers d[e’']|\bk€|\(milliers?\)", re.IGNORECASE), 1_000.0, "en milliers"),
    (
        re.compile(r"\ben millions?\b|\bmillions d[e’']|\bM€|\(millions?\)", re.IGNORECASE),
        1_000_000.0,
        "en millions",
    ),
    (re.compile(r"\bmilliards d[e’']|\ben milliards?\b|\bMd€", re.IGNORECASE), 1_000_000_000.0, "en milliards"),
]


def unit_in(text: str) -> tuple[float, str] | None:
    """Return the factor that a heading or a title announces, and its words.

    >>> unit_in("Emploi salarié (en milliers)"), unit_in("Population")
    ((1000.0, 'en milliers'), None)
    """
    return next(((factor, words) for pattern, factor, words in UNITS if pattern.search(text)), None)


def look_at_file(delivered: Delivered, mapping: Mapping, found: Found) -> None:
    """Say what was found of the file and of its sheets."""
    for remark in delivered.remarks:
        found.add(Finding(Family.FORMAT, Severity.NOTE, remark))
    encoding = delivered.form.get("encoding", "")
    if encoding and encoding.lower().replace("_", "-") not in {"utf-8", "ascii", "us-ascii"}:
        sentence = f"Le fichier est encodé en {encoding}, non en UTF-8 : vérifiez les lettres accentuées."
        found.add(Finding(Family.FORMAT, Severity.NOTE, sentence, given=encoding))
    for table in mapping.tables:
        if not any(fnmatchcase(sheet.name, table.sheets) for sheet in delivered.sheets):
            names = ", ".join(f"« {sheet.name} »" for sheet in delivered.sheets[:20])
            sentence = f"Aucune feuille ne correspond à « {table.sheets} ». Feuilles du fichier : {names}."
            found.add(Finding(Family.LAYOUT, Severity.BLOCKING, sentence, given=table.sheets))
    for sheet in delivered.sheets:
        if not any(fnmatchcase(sheet.name, table.sheets) for table in mapping.tables):
            sentence = f"La feuille « {sheet.name} » n’est pas lue : la recette n’en dit rien."
            found.add(Finding(Family.LAYOUT, Severity.NOTE, sentence, sheet.name))


def look_at_headings(layout: Layout, mapping: Mapping, found: Found) -> None:
    """Say what was found of the headings and of the lines above them."""
    sheet, header = layout.sheet.name, layout.table.header
    for name in layout.absent:
        near = difflib.get_close_matches(key(name), [key(other) for other in layout.headings], n=1)
        proposed = next((other for other in layout.headings if near and key(other) == near[0]), "")
        ending = f" ; s’agit-il de « {proposed} » ?" if proposed else "."
        given = ", ".join(f"« {other} »" for other in layout.headings[:15])
        sentence = f"Colonne attendue introuvable : « {name} »{ending} Colonnes de la feuille : {given}."
        found.add(Finding(Family.LAYOUT, Severity.BLOCKING, sentence, sheet, header[-1], name, name, proposed))
    above = head(layout.sheet, header[-1])
    if header[0] > 1:
        titles = [tidy(cell) for cell in above[above.index < header[0]].to_numpy().ravel() if tidy(cell)]
        said = f" : « {titles[0]} »" if titles else ""
        sentence = f"Le tableau commence à la ligne {header[0]} ; {header[0] - 1} ligne(s) le précèdent{said}."
        found.add(Finding(Family.HEADER, Severity.NOTE, sentence, sheet, header[0], given=" / ".join(titles[:3])))
        _units(layout, " ".join(titles), found)
    if len(header) > 1:
        sentence = f"L’en-tête occupe {len(header)} lignes ({', '.join(map(str, header))}) : elles sont jointes."
        found.add(Finding(Family.HEADER, Severity.NOTE, sentence, sheet, header[0]))
    for line in header:
        if line in above.index:
            _written(layout, line, list(above.loc[line]), found)
    for place, name in enumerate(layout.headings):
        twin = re.fullmatch(r"(.*) \((\d+)\)", name)
        if twin and any(key(other) == key(twin.group(1)) for other in layout.headings[:place]):
            sentence = (
                f"Deux colonnes portent le même titre : « {twin.group(1)} » ; la seconde est appelée « {name} »."
            )
            found.add(
                Finding(Family.HEADER, Severity.NOTE, sentence, sheet, header[-1], name, twin.group(1), name)
            )


def _written(layout: Layout, line: int, cells: list[object], found: Found) -> None:
    for place, cell in enumerate(cells):
        if not isinstance(cell, str) or not cell.strip():
            continue
        where = (layout.sheet.name, line, layout.headings[place])
        if HIDDEN.search(cell.replace("\n", " ").replace("\r", " ")):
            sentence = f"Le titre « {tidy(cell)} » contient un caractère invisible ; il est reconnu sans lui."
            found.add(Finding(Family.HIDDEN, Severity.NOTE, sentence, *where, repr(cell), tidy(cell)))
        elif cell != tidy(cell):
            sentence = f"Le titre « {tidy(cell)} » a des espaces ou des retours à la ligne en trop."
            found.add(Finding(Family.SPACES, Severity.NOTE, sentence, *where, cell, tidy(cell)))


def _units(layout: Layout, titles: str, found: Found) -> None:
    """Compare the unit that headings or titles announce with the factor of the mapping."""
    whole = unit_in(titles)
    for column in layout.columns:
        announced = unit_in(column.heading) or whole
        if announced is None:
            continue
        factor, words = announced
        if column.measure.factor == factor:
            continue
        sentence = (
            f"La colonne « {column.heading} » est annoncée {words}, et la recette multiplie par "
            f"{column.measure.factor:g} : faut-il multiplier par {factor:g} ?"
        )
        found.add(
            Finding(
                Family.UNIT,
                Severity.TO_DECIDE,
                sentence,
                layout.sheet.name,
                layout.table.header[-1],
                column.heading,
                words,
                f"factor = {factor:g}",
            )
        )


def units_in_headings(layout: Layout, found: Found) -> None:
    """Say where a heading announces another unit than the mapping; titles above are looked at with the headings."""
    if layout.table.header[0] == 1:
        _units(layout, "", found)


class Shape:
    """What the rows of one sheet look like as a whole: empty, shifted, or notes in place of figures."""

    def __init__(self, layout: Layout, found: Found) -> None:
        self.layout = layout
        self.found = found
        self.filled = np.zeros(len(layout.headings), dtype=np.int64)
        self.rows = 0
        self.extra: dict[int, list[int]] = {}
        self.empty: list[int] = []
        self.notes: list[tuple[int, str]] = []
        self.last = 0
        self.counting: dict[int, bool] = {}

    def look(self, block: Block) -> NDArray[np.bool_]:
        """Return the rows that are rows of figures; take note of the others."""
        present = np.zeros((len(block.frame), len(self.layout.headings)), dtype=bool)
        for place in range(len(self.layout.headings)):
            present[:, place] = _filled(block, place)
        width = present.sum(axis=1)
        # a note stands alone in its row, under no figure, and is no territory
        figures = np.zeros(len(present), dtype=bool)
        for column in self.layout.columns:
            figures |= present[:, column.place]
        empty = width == 0
        notes = (width <= 2) & ~empty & ~figures & (block.level < 0)
        good = ~empty & ~notes
        self.empty += block.lines[empty].tolist()
        for row in notes.nonzero()[0]:
            text = next(tidy(cell) for cell in block.frame.iloc[row] if tidy(cell))
            self.notes.append((int(block.lines[row]), text))
        if good.any():
            self.last = int(block.lines[good][-1])
        self.rows += int(good.sum())
        self.filled += present[good].sum(axis=0)
        for place in self._unnamed():
            here = block.lines[present[:, place] & good].tolist()
            self.extra[place] = [*self.extra.get(place, []), *here][:10_000]
            self._follow(block, place, good)
        rows: NDArray[np.bool_] = good
        return rows

    def end(self) -> None:
        """Say what the whole sheet shows."""
        sheet = self.layout.sheet.name
        for line in self.empty:
            if line < self.last:
                self._say(Family.EMPTY, Severity.NOTE, "Ligne vide au milieu du tableau ; elle est passée.", line)
        for line, text in self.notes:
            short = text if len(text) <= 120 else f"{text[:117]}…"
            kind = "Note sous le tableau" if line > self.last else "Ligne de titre ou de note dans le tableau"
            self._say(Family.FOOTNOTE, Severity.NOTE, f"{kind}, non lue : « {short} ».", line, given=short)
        for place, name in enumerate(self.layout.headings):
            unnamed = place in self._unnamed()
            if not self.filled[place]:
                sentence = f"La colonne {place + 1} est vide." if unnamed else f"La colonne « {name} » est vide."
                found = Finding(Family.EMPTY, Severity.NOTE, sentence, sheet, self._header, name)
                self.found.add(found)
            elif unnamed and self.filled[place] <= max(1, ONLY_FEW * self.rows):
                for line in self.extra[place]:
                    sentence = "La ligne a plus de cellules que l’en-tête : un séparateur de trop a pu décaler ses valeurs."
                    self._say(Family.SHIFTED, Severity.BLOCKING, sentence, line, name)
            elif unnamed:
                is_index = self.counting.get(place, False)
                what = "elle numérote les lignes" if is_index else "son contenu n’est pas décrit"
                sentence = f"La colonne {place + 1} n’a pas de titre : {what} ; elle est appelée « {name} »."
                self.found.add(Finding(Family.UNNAMED_COLUMN, Severity.NOTE, sentence, sheet, self._header, name))

    @property
    def _header(self) -> int:
        return self.layout.table.header[-1]

    def _unnamed(self) -> Iterator[int]:
        for place, name in enumerate(self.layout.headings):
            if name == f"colonne {place + 1}":
                yield place

    def _follow(self, block: Block, place: int, good: NDArray[np.bool_]) -> None:
        """Whether a column goes on counting the rows one by one."""
        if self.counting.get(place, True):
            told = pd.to_numeric(block.cells(place).to_pandas()[good], errors="coerce").to_numpy()
            self.counting[place] = bool(len(told) == 0 or (np.isfinite(told).all() and (np.diff(told) == 1).all()))

    def _say(
        self, family: Family, severity: Severity, sentence: str, line: int, column: str = "", given: str = ""
    ) -> None:
        self.found.add(Finding(family, severity, sentence, self.layout.sheet.name, line, column, given))


def _filled(block: Block, place: int) -> NDArray[np.bool_]:
    cells = block.cells(place)
    filled: NDArray[np.bool_] = pc.fill_null(pc.match_substring_regex(cells, SEEN), False).to_numpy(
        zero_copy_only=False
    )
    return filled
