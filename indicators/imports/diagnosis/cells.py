"""The figures of a delivery, cell by cell: what cannot be read, what is doubtful, what its nature forbids."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators.imports.blocks import Block, ranks
from indicators.imports.findings import Family, Finding, Found, Repair, Severity
from indicators.imports.layout import Column, Layout
from indicators.imports.mapping import Mapping
from indicators.imports.numbers import HIDDEN, SPACE, Manner, Problem, read
from indicators.natures import Nature

FAMILY_OF = {
    Problem.UNREADABLE: Family.UNREADABLE,
    Problem.OTHER_DECIMAL: Family.DECIMALS,
    Problem.AMBIGUOUS: Family.THOUSANDS,
    Problem.PERCENT: Family.PERCENT,
    Problem.HIDDEN: Family.HIDDEN,
    Problem.SHEET_ERROR: Family.UNREADABLE,
    Problem.FORMULA: Family.FORMULA,
    Problem.UNIT: Family.UNIT,
    Problem.MINUS: Family.UNREADABLE,
}
REASONS = {
    Problem.UNREADABLE: "ce n’est pas un nombre comme les autres de la colonne",
    Problem.OTHER_DECIMAL: "le signe décimal n’est pas celui du fichier",
    Problem.AMBIGUOUS: "on ne peut pas savoir si le signe sépare des milliers ou des décimales",
    Problem.PERCENT: "le signe % est dans la cellule alors que l’unité n’est pas un pourcentage",
    Problem.HIDDEN: "la cellule contient un caractère invisible",
    Problem.SHEET_ERROR: "le tableur a laissé une erreur à la place de la valeur",
    Problem.FORMULA: "une formule tient lieu de valeur ; elle n’est jamais calculée",
    Problem.UNIT: "l’unité est écrite dans la cellule",
    Problem.MINUS: "le signe moins est un tiret typographique",
}
MOSTLY = 0.5  # share of a column from which an oddity is the way of the whole column


@dataclass
class Habits:
    """How the figures of one column are written, over the whole sheet."""

    figures: int = 0
    fractions: int = 0
    percents: int = 0
    first_percent: int | None = None
    first_bare: int | None = None
    spaced: int = 0
    first_spaced: int | None = None
    narrow: int = 0
    first_narrow: int | None = None
    empty: int = 0
    signs: Counter[str] = field(default_factory=Counter)
    first_sign: dict[str, int] = field(default_factory=dict)
    not_whole: list[tuple[int, float]] = field(default_factory=list)


class Cells:
    """The checks of the figures of one sheet, block by block."""

    def __init__(self, layout: Layout, mapping: Mapping, found: Found) -> None:
        self.layout = layout
        self.mapping = mapping
        self.found = found
        self.habits: dict[Column, Habits] = defaultdict(Habits)
        self.flags: dict[str, int] = {}

    def look(self, block: Block, column: Column, rows: NDArray[np.bool_]) -> None:
        """Look at the figures of a column in some rows of a block."""
        read = block.figures(column)
        troubled = rows & (read.problem != 0)
        if troubled.any():
            self._problems(block, column, troubled.nonzero()[0])
        here = rows & ~np.isnan(read.value)
        self._natures(block, column, here, read.value)
        self._writing(block, column, rows)

    def end(self) -> None:
        """Say what only the whole sheet shows."""
        for column, habits in self.habits.items():
            self._end(column, habits)
        for flag, line in sorted(self.flags.items()):
            self._say(
                Family.SIGNS,
                Severity.TO_DECIDE,
                line,
                self.layout.headings[self.layout.status or 0],
                f"Statut « {flag} » inconnu de la recette : la valeur est lue sans lui.",
                given=flag,
            )

    def flag(self, block: Block) -> None:
        """Look at the column of statuses."""
        if self.layout.status is None:
            return
        told = block.cells(self.layout.status).dictionary_encode()
        which = ranks(told, -1)
        for rank, text in enumerate(told.dictionary.to_pylist()):
            if text.strip() and text.strip() not in self.mapping.flags and text not in self.flags:
                self.flags[text] = int(block.lines[(which == rank).nonzero()[0][0]])

    def _problems(self, block: Block, column: Column, places: NDArray[np.int64]) -> None:
        texts = block.cells(column.place).take(places).to_pylist()
        manner = Manner.of(column.measure)
        known = {text: read(text, self.mapping, manner) for text in set(texts)}
        for place, text in zip(places, texts, strict=True):
            reading = known[text]
            family = FAMILY_OF[reading.problem]
            if not self.found.room(family, Severity.BLOCKING) and reading.proposal is None:
                self.found.count(family, Severity.BLOCKING, 1)
                continue
            line = int(block.lines[place])
            reason = REASONS[reading.problem]
            repair = None
            if reading.proposal is not None:
                repair = Repair(
                    family,
                    self.layout.sheet.name,
                    line,
                    column.place,
                    column.heading,
                    text,
                    reading.proposal,
                    reason,
                )
            position = _position(text, self.mapping)
            where = f" (caractère {position})" if reading.problem is Problem.UNREADABLE and position else ""
            ending = (
                f"lire « {reading.proposal} » ?"
                if reading.proposal is not None
                else "aucune valeur n’est lue ; corrigez la cellule ou déclarez ce signe dans la recette."
            )
            self.found.add(
                Finding(
                    family,
                    Severity.TO_DECIDE if repair else Severity.BLOCKING,
                    f"« {text} » : {reason}{where} ; {ending}".replace(" ; ", " ; "),
                    self.layout.sheet.name,
                    line,
                    column.heading,
                    text,
                    reading.proposal or "",
                    repair,
                )
            )

    def _natures(self, block: Block, column: Column, here: NDArray[np.bool_], value: NDArray[np.float64]) -> None:
        habits, measure = self.habits[column], column.measure
        habits.figures += int(here.sum())
        with np.errstate(invalid="ignore"):
            negative = here & (value < 0)
            over = here & (value > 100)
            fraction = here & (value != np.floor(value))
        if measure.kind is Nature.STOCK:
            for place in negative.nonzero()[0]:
                self._cell(block, column, int(place), Family.NEGATIVE, "un effectif ne peut pas être négatif.")
        if measure.kind is Nature.RATIO and measure.unit_text.startswith("%"):
            for place in over.nonzero()[0]:
                self._cell(block, column, int(place), Family.OVER_HUNDRED, "une part ne peut pas dépasser 100 %.")
        if measure.kind is not None and measure.kind.additive and measure.places == 0 and measure.factor == 1:
            places = fraction.nonzero()[0]
            habits.fractions += len(places)
            room = 10_000 - len(habits.not_whole)
            habits.not_whole += [(int(block.lines[place]), float(value[place])) for place in places[:room]]

    def _writing(self, block: Block, column: Column, rows: NDArray[np.bool_]) -> None:
        """Note how the cells are written: percent signs, spaces, the signs that stand for a figure."""
        habits = self.habits[column]
        figures = block.figures(column)
        odd = rows & ~figures.bare
        if not odd.any():
            habits.first_bare = habits.first_bare or _first(block.lines[rows])
            return
        told, lines = block.cells(column.place).filter(odd), block.lines[odd]

        def seen(pattern: str) -> NDArray[np.int64]:
            fits = pc.fill_null(pc.match_substring_regex(told, pattern), False).to_numpy(zero_copy_only=False)
            found: NDArray[np.int64] = lines[fits]
            return found

        if column.measure.unit_text.startswith("%"):
            signed = seen(r"[0-9]\s*%\s*$")
            habits.percents += len(signed)
            habits.first_percent = habits.first_percent or _first(signed)
        habits.first_bare = habits.first_bare or _first(block.lines[rows & figures.bare])
        padded = seen(rf"^{SPACE}+[^{SPACE[1:-1]}]|[^{SPACE[1:-1]}]{SPACE}+$")
        habits.spaced += len(padded)
        habits.first_spaced = habits.first_spaced or _first(padded)
        if self.mapping.thousands == " ":
            narrow = seen("[0-9][\u00a0\u202f\u2009\u2007][0-9]")
            habits.narrow += len(narrow)
            habits.first_narrow = habits.first_narrow or _first(narrow)
        absent = (np.isnan(figures.value) & (figures.problem == 0))[odd]
        if absent.any():
            signs = told.filter(absent).dictionary_encode()
            which = ranks(signs, -1)
            habits.empty += int((which < 0).sum())
            for rank, text in enumerate(signs.dictionary.to_pylist()):
                bare = text.strip()
                if bare:
                    habits.signs[bare] += int((which == rank).sum())
                    habits.first_sign.setdefault(bare, int(lines[absent][(which == rank).nonzero()[0][0]]))

    def _end(self, column: Column, habits: Habits) -> None:
        heading = column.heading
        if habits.fractions > MOSTLY * habits.figures:
            self._say(
                Family.NOT_WHOLE,
                Severity.NOTE,
                habits.not_whole[0][0],
                heading,
                f"{habits.fractions} effectifs sur {habits.figures} ne sont pas entiers : ce sont des estimations.",
            )
        else:
            for line, value in habits.not_whole:
                given = f"{value:g}".replace(".", ",")
                sentence = f"« {given} » : un effectif doit être un nombre entier."
                self._say(Family.NOT_WHOLE, Severity.TO_DECIDE, line, heading, sentence, given=given)
        if habits.percents:
            bare = habits.figures - habits.percents
            if bare > 0:
                self._say(
                    Family.PERCENT,
                    Severity.TO_DECIDE,
                    min(habits.first_percent or 0, habits.first_bare or 0) if habits.first_bare else None,
                    heading,
                    f"{habits.percents} cellules portent le signe % et {bare} ne le portent pas : vérifiez que toutes "
                    "sont dans la même unité.",
                )
            else:
                self._say(
                    Family.PERCENT,
                    Severity.NOTE,
                    habits.first_percent,
                    heading,
                    "Toutes les cellules portent le signe % : les nombres sont lus en pour cent.",
                )
        if habits.spaced:
            self._say(
                Family.SPACES,
                Severity.NOTE,
                habits.first_spaced,
                heading,
                f"{habits.spaced} cellules ont des espaces avant ou après leur contenu ; ils ne changent rien au nombre.",
            )
        if habits.narrow:
            self._say(
                Family.SPACES,
                Severity.NOTE,
                habits.first_narrow,
                heading,
                f"{habits.narrow} nombres ont des espaces insécables entre leurs milliers ; la recette le prévoit.",
            )
        self._end_signs(column, habits)

    def _end_signs(self, column: Column, habits: Habits) -> None:
        """Several signs for one fact, or empty cells beside signs: the producer should say which is which."""
        by_status: dict[str, list[str]] = defaultdict(list)
        for sign in habits.signs:
            status = self.mapping.signs.get(sign.casefold())
            if status is not None:
                by_status[status].append(sign)
        for meaning, signs in by_status.items():
            several = [f"« {sign} » ({habits.signs[sign]})" for sign in sorted(signs)]
            if meaning == "missing" and habits.empty:
                several.append(f"cellule vide ({habits.empty})")
            if len(several) > 1:
                self._say(
                    Family.SIGNS,
                    Severity.NOTE,
                    min(habits.first_sign[sign] for sign in signs),
                    column.heading,
                    f"Plusieurs signes sont lus comme le même fait : {', '.join(several)}.",
                )

    def _cell(self, block: Block, column: Column, place: int, family: Family, rule: str) -> None:
        if not self.found.room(family, Severity.TO_DECIDE):
            self.found.count(family, Severity.TO_DECIDE, 1)
            return
        given = block.cells(column.place)[place].as_py()
        line = int(block.lines[place])
        self._say(family, Severity.TO_DECIDE, line, column.heading, f"« {given} » : {rule}", given=given)

    def _say(
        self, family: Family, severity: Severity, line: int | None, column: str, sentence: str, given: str = ""
    ) -> None:
        self.found.add(Finding(family, severity, sentence, self.layout.sheet.name, line, column, given))


def _first(lines: NDArray[np.int64]) -> int | None:
    return int(lines[0]) if len(lines) else None


def _position(text: str, mapping: Mapping) -> int | None:
    """The place, from 1, of the first character that no figure has there."""
    bare = HIDDEN.sub("", text)
    allowed = set("0123456789+-") | {mapping.decimal} | ({mapping.thousands} if mapping.thousands else set())
    return next((place for place, letter in enumerate(bare, start=1) if letter not in allowed | {" "}), None)
