"""The codes of a delivery: what each one that is no territory may be, and what it would have to be to be one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from boundaries import cog
from boundaries.levels import LABELS, Level, is_code
from indicators.imports.diagnosis.names import Gazetteer, departement, plain
from indicators.imports.findings import MAX_REPAIRS, Family, Finding, Found, Repair, Severity
from indicators.imports.layout import Layout
from indicators.imports.numbers import HIDDEN
from indicators.imports.reference import Reference

TOTALS = re.compile(
    r"^(sous[- ])?(total|totaux|ensemble|france( .*)?|dom|drom|m[ée]tropole|fr|f|fm|m)\b", re.IGNORECASE
)
EVERYTHING = (Level.FRANCE, "FR")
ELSEWHERE = re.compile(r"(975|977|978|98\d|99\d)\d{2}")


@dataclass(frozen=True)
class Row:
    """A row whose code is to be judged: where it is, its code, its name, the level that it should be.

    `cell` is what the file holds, of which `code` may be the first characters.
    """

    line: int
    cell: str
    code: str
    name: str
    level: Level | None


@dataclass(frozen=True)
class Verdict:
    """What a code that is no territory is taken for."""

    family: Family
    severity: Severity
    sentence: str
    proposed: str = ""
    total: tuple[Level, str] | None = None


class Codes:
    """The checks of the codes of one sheet; `rows` are those that are no territory, `pairs` the code and its name."""

    def __init__(
        self, layout: Layout, reference: Reference, millesime: int, found: Found, summing: bool = False
    ) -> None:
        self.layout = layout
        self.reference = reference
        self.millesime = millesime
        self.found = found
        self.summing = summing
        self.communes = reference.codes(millesime, Level.COMMUNE)
        self.gazetteer = Gazetteer(self.communes)
        self.rows: list[Row] = []
        self.present: set[str] = set()
        self.pairs: dict[tuple[str, str], int] = {}
        self.lines: dict[str, int] = {}
        self.totals: dict[int, tuple[Level, str]] = {}
        self._outside_count: Counter[Level] = Counter()
        self._first_outside: dict[Level, tuple[int, str]] = {}
        self._elsewhere: dict[str, bool] = {}

    def elsewhere(self, code: str, line: int, rows: int) -> bool:
        """Return whether a code is one of a territory that was not loaded, and count its rows if it is."""
        level = self.layout.table.level or Level.COMMUNE
        if code not in self._elsewhere:
            self._elsewhere[code] = bool(code.strip()) and self._judge(Row(0, code, code, "", level)) is None
        if self._elsewhere[code]:
            self._outside_count[level] += rows
            self._first_outside.setdefault(level, (line, code))
        return self._elsewhere[code]

    def judge_later(self, row: Row) -> None:
        """Keep a row whose code is no territory; beyond what can be repaired, rows are counted alone."""
        if len(self.rows) < MAX_REPAIRS:
            self.rows.append(row)
        else:
            self.found.overflow += 1

    def end(self) -> None:
        """Judge every code that is no territory, and the names of those that are."""
        outside, first_outside = self._outside_count, self._first_outside
        verdicts: dict[tuple[str, str, Level | None], Verdict | None] = {}
        for row in self.rows:
            asked = (row.code, row.name, row.level)
            if asked not in verdicts:
                verdicts[asked] = self._judge(row)
            verdict = verdicts[asked]
            if verdict is None:
                level = row.level or Level.COMMUNE
                outside[level] += 1
                first_outside.setdefault(level, (row.line, row.code))
            else:
                self._say(row, verdict)
                if verdict.total is not None:
                    self.totals[row.line] = verdict.total
        for level, count in outside.items():
            line, code = first_outside[level]
            sentence = (
                f"{count} ligne(s) sur des {LABELS[level][1]} hors du périmètre chargé : elles sont comptées et non "
                "lues ; ce n’est pas une erreur."
            )
            self._add(Family.OUT_OF_SCOPE, Severity.NOTE, sentence, line, code)
            self.found.count(Family.OUT_OF_SCOPE, Severity.NOTE, count - 1)
        self._names()
        self._cities()

    def _judge(self, row: Row) -> Verdict | None:
        """What a code is taken for; None when it is one of a territory that was not loaded."""
        code, bare = row.code, HIDDEN.sub("", row.code).strip(" \u00a0\u202f\u2009\t")
        level = row.level or Level.COMMUNE
        if not bare:
            return self._without_code(row)
        if self._known(bare, level) and bare != code:
            family = Family.HIDDEN if HIDDEN.search(code) else Family.SPACES
            what = "un caractère invisible" if family is Family.HIDDEN else "des espaces"
            return self._fix(family, f"le code contient {what}", bare)
        total = self._total(row, bare, level)
        if total is not None:
            return total
        return self._written(row, bare, level) or self._moved(row, bare, level) or self._lost(row, bare, level)

    def _written(self, row: Row, bare: str, level: Level) -> Verdict | None:
        """A code that a spreadsheet or a hand has changed: zero lost, number made, letters lowered."""
        compact = re.sub(r"[\s.\u00a0\u202f]", "", bare)
        candidates = {
            Family.FORMAT: re.sub(r"[.,]0+$", "", bare),
            Family.SPACES: compact,
            Family.CORSICA: bare.upper(),
        }
        for family, candidate in candidates.items():
            if candidate != bare and self._known(candidate, level):
                reason = {
                    Family.FORMAT: "le code a été lu comme un nombre",
                    Family.SPACES: "le code contient des espaces",
                    Family.CORSICA: "les lettres d’un code sont des majuscules",
                }[family]
                return self._fix(family, reason, candidate)
        bare = candidates[Family.FORMAT]
        width = {Level.COMMUNE: 5, Level.DEPARTEMENT: 2, Level.REGION: 2}.get(level)
        if width and bare.isdigit() and len(bare) == width - 1:
            padded = f"0{bare}"
            if self._known(padded, level):
                return self._fix(Family.LOST_ZERO, "le zéro initial du code a été perdu", padded)
            if is_code(level, padded) and self._outside(padded, level):
                sentence = f"« {row.code} » : le zéro initial est perdu (« {padded} »), hors du périmètre chargé."
                return Verdict(Family.LOST_ZERO, Severity.NOTE, sentence, padded)
        if level is Level.COMMUNE and re.fullmatch(r"20\d{3}", bare) and not self._outside("2A001", level):
            return self._corsican(row, bare)
        if level is Level.DEPARTEMENT and bare in {"20", "201", "202"}:
            proposed = {"201": "2A", "202": "2B"}.get(bare, "")
            return self._fix(Family.CORSICA, "la Corse est 2A et 2B depuis 1976", proposed)
        return None

    def _corsican(self, row: Row, bare: str) -> Verdict:
        """A commune of Corsica under 20xxx: the code of before 1976, or 201xx and 202xx from postal codes."""
        named = [code for code in self.gazetteer.named(row.name) if code.startswith("2")]
        same = [code for code in (f"2A{bare[2:]}", f"2B{bare[2:]}") if code in self.communes]
        postal = [code for code in self.reference.postal.get(self.millesime, {}).get(bare, ()) if code in named]
        found = postal or [code for code in same if code in named] or named
        if not found and not row.name.strip() and len(same) == 1:
            found = same
        proposed = found[0] if len(found) == 1 else ""
        return self._fix(Family.CORSICA, "les communes de Corse ont un code en 2A ou 2B depuis 1976", proposed)

    def _moved(self, row: Row, bare: str, level: Level) -> Verdict | None:
        """A code of another geography."""
        if level is not Level.COMMUNE:
            years = [year for year in self.reference.millesimes if bare in self.reference.codes(year, level)]
            if years:
                sentence = f"« {bare} » existe en {years[-1]} et non en {self.millesime}."
                return Verdict(Family.VANISHED_CODE, Severity.TO_DECIDE, sentence)
            return None
        successors = self.reference.successors(self.millesime, bare)
        if not successors:
            return None
        if row.name and bare in self.reference.postal.get(self.millesime, {}):
            postal = self._postal(row, bare)
            if postal is not None and postal.proposed:
                return postal
        if len(successors) > 1:
            into = ", ".join(sorted(successors))
            sentence = (
                f"La commune {bare} a été partagée entre {into} : sa valeur ne peut pas être donnée à l’une d’elles ; "
                f"importez ce fichier dans son millésime."
            )
            return Verdict(Family.VANISHED_CODE, Severity.TO_DECIDE, sentence)
        successor = next(iter(successors))
        name = self.communes.get(successor, "")
        if successor in self.present and not self.summing:
            sentence = (
                f"La commune {bare} fait partie de {successor} {name}, qui a sa propre ligne : additionner les deux "
                "demande une recette qui somme ; importez plutôt ce fichier dans son millésime."
            )
            return Verdict(Family.VANISHED_CODE, Severity.TO_DECIDE, sentence)
        reason = f"la commune {bare} n’existe plus en {self.millesime} ; {successor} {name} l’a reprise"
        return self._fix(Family.VANISHED_CODE, reason, successor)

    def _lost(self, row: Row, bare: str, level: Level) -> Verdict | None:
        """A code that is nothing known: a postal code, a territory outside, or a mistake."""
        served = self.reference.postal.get(self.millesime, {}).get(bare, ()) if level is Level.COMMUNE else ()
        # a file that has the communes of a postal code under their own codes means another commune by it
        if served and not (self._outside(bare, level) and self.present.issuperset(served)):
            return self._postal(row, bare)
        if self._outside(bare, level):
            return None
        proposed = self.gazetteer.closest(bare, row.name) if level is Level.COMMUNE else None
        if proposed is not None and proposed not in self.present:
            reason = f"aucune commune n’a ce code ; {proposed} est {self.communes[proposed]}"
            return self._fix(Family.UNKNOWN_CODE, reason, proposed)
        sentence = (
            f"« {row.code} » n’est le code d’aucun territoire ({LABELS[level][0]}) au 1er janvier {self.millesime}"
        )
        sentence += f" ; la ligne dit « {row.name} »." if row.name else "."
        return Verdict(Family.UNKNOWN_CODE, Severity.TO_DECIDE, sentence)

    def _postal(self, row: Row, bare: str) -> Verdict:
        communes = self.reference.postal[self.millesime][bare]
        named = [code for code in communes if row.name and self._same(code, row.name)]
        found = named or (list(communes) if len(communes) == 1 and not row.name else [])
        served = ", ".join(f"{code} {self._name(code)}" for code in communes[:5])
        reason = f"c’est un code postal, qui dessert {served}"
        return self._fix(Family.POSTAL_CODE, reason, found[0] if len(found) == 1 else "")

    def _without_code(self, row: Row) -> Verdict:
        named = self.gazetteer.named(row.name)
        if TOTALS.match(row.name.strip()):
            sentence = f"« {row.name} » est une ligne de total : elle est comparée et non lue."
            return Verdict(Family.TOTAL_ROW, Severity.NOTE, sentence, total=EVERYTHING)
        if len(named) == 1 and named[0] not in self.present:
            return self._fix(
                Family.UNKNOWN_CODE, "le code manque ; le nom n’est celui que d’une commune", named[0]
            )
        said = f" La ligne dit « {row.name} »." if row.name else ""
        return Verdict(Family.UNKNOWN_CODE, Severity.TO_DECIDE, f"Le code manque : la ligne n’est pas lue.{said}")

    def _total(self, row: Row, bare: str, level: Level) -> Verdict | None:
        """A row that sums others: of the departement among communes, of everything."""
        place: tuple[Level, str] | None = None
        if TOTALS.match(bare):
            place = EVERYTHING
        else:
            for above in (Level.DEPARTEMENT, Level.EPCI, Level.REGION):
                if above is not level and level is Level.COMMUNE and self._known(bare, above):
                    place = (above, bare)
                    break
        if place is None:
            return None
        sentence = f"« {row.code} » est une ligne de total : elle est comparée à la somme des autres et non lue."
        return Verdict(Family.TOTAL_ROW, Severity.NOTE, sentence, total=place)

    def _names(self) -> None:
        """Compare the names of the file with those of the codes: a postal code may be the code of another commune."""
        for (code, name), line in self.pairs.items():
            if not name.strip() or self.gazetteer.same(code, name):
                continue
            row = Row(line, code, code, name, Level.COMMUNE)
            served = self.reference.postal.get(self.millesime, {}).get(code, ())
            if any(self._same(other, name) for other in served):
                self._say(row, self._postal(row, code))
                continue
            named = [other for other in self.gazetteer.named(name) if departement(other) == departement(code)]
            if named:
                sentence = (
                    f"Le code {code} est celui de {self.communes[code]}, et la ligne dit « {name} » ({named[0]}) : "
                    "l’un des deux est faux, ou les lignes sont décalées."
                )
                self._add(Family.NAME_MISMATCH, Severity.TO_DECIDE, sentence, line, code, named[0])
            else:
                sentence = f"Le code {code} est celui de {self.communes[code]}, et la ligne dit « {name} »."
                self._add(Family.NAME_MISMATCH, Severity.NOTE, sentence, line, code)

    def _cities(self) -> None:
        """A city beside its arrondissements: both are kept, each at its level."""
        parents = self.reference.parents.get((self.millesime, Level.COMMUNE), {})
        given: dict[str, list[str]] = defaultdict(list)
        for code in sorted(self.present):
            if code in parents and code not in self.communes:
                given[parents[code]].append(code)
        for city, parts in given.items():
            name = self.communes.get(city, city)
            beside = "à côté de" if city in self.present else "sans"
            sentence = (
                f"{len(parts)} arrondissements municipaux {beside} {city} {name} : ils sont lus à leur niveau et "
                "jamais additionnés avec la ville."
            )
            self._add(Family.ARRONDISSEMENT, Severity.NOTE, sentence, self.lines.get(parts[0], 0), parts[0])

    def met(self, codes: Iterable[tuple[str, int]]) -> None:
        """Take note of territories and of their lines."""
        for code, line in codes:
            self.lines.setdefault(code, line)
            self.present.add(code)

    def _known(self, code: str, level: Level) -> bool:
        if code in self.reference.codes(self.millesime, level):
            return True
        return level is Level.COMMUNE and code in self.reference.codes(
            self.millesime, Level.ARRONDISSEMENT_MUNICIPAL
        )

    def _outside(self, code: str, level: Level) -> bool:
        """Whether a code has the form of a territory that was not loaded."""
        if not is_code(level, code):
            return False
        if level is Level.COMMUNE:
            known = self.reference.codes(self.millesime, Level.DEPARTEMENT)
            return bool(ELSEWHERE.fullmatch(code)) or (
                self.millesime not in self.reference.whole and departement(code) not in known
            )
        return self.millesime not in self.reference.whole

    def _name(self, code: str) -> str:
        return self.communes.get(code) or self.reference.codes(self.millesime, Level.ARRONDISSEMENT_MUNICIPAL).get(
            code, ""
        )

    def _same(self, code: str, name: str) -> bool:
        mine, theirs = plain(self._name(code)), plain(name)
        return bool(mine) and (mine == theirs or (code in self.communes and self.gazetteer.same(code, name)))

    def _fix(self, family: Family, reason: str, proposed: str) -> Verdict:
        return Verdict(family, Severity.TO_DECIDE, reason, proposed)

    def _say(self, row: Row, verdict: Verdict) -> None:
        repair = None
        sentence = verdict.sentence
        if verdict.severity is Severity.TO_DECIDE and verdict.proposed:
            column = self.layout.headings[self.layout.code or 0]
            place = self.layout.code or 0
            repair = Repair(
                verdict.family,
                self.layout.sheet.name,
                row.line,
                place,
                column,
                row.cell,
                verdict.proposed,
                sentence,
            )
            sentence = f"« {row.code} » : {sentence} ; lire « {verdict.proposed} » ?"
        elif not sentence.endswith((".", "?")):
            sentence = f"« {row.code} » : {sentence} ; aucune correction n’est sûre, la ligne n’est pas lue."
        self._add(verdict.family, verdict.severity, sentence, row.line, row.code, verdict.proposed, repair)

    def _add(
        self,
        family: Family,
        severity: Severity,
        sentence: str,
        line: int,
        given: str = "",
        proposed: str = "",
        repair: Repair | None = None,
    ) -> None:
        column = self.layout.headings[self.layout.code or 0]
        self.found.add(
            Finding(family, severity, sentence, self.layout.sheet.name, line, column, given, proposed, repair)
        )


def judge_millesime(codes: set[str], millesime: int, reference: Reference, found: Found) -> None:
    """Say when the commune codes of a delivery fit another loaded geography better than that of the mapping."""
    lists = {year: set(reference.codes(year, Level.COMMUNE)) for year in reference.millesimes}
    lists = {year: known for year, known in lists.items() if known}
    if millesime not in lists or not codes:
        return
    detection = cog.detect(codes, lists)
    mine = next((fit for fit in detection.ranking if fit.millesime == millesime), None)
    best = detection.ranking[0] if detection.ranking else None
    if mine is None or best is None or len(best.unknown) >= len(mine.unknown):
        return
    examples = ", ".join(mine.unknown[:5])
    years = ", ".join(map(str, detection.best))
    sentence = (
        f"{len(mine.unknown)} codes de communes n’existent pas en {millesime} (par exemple {examples}) ; ceux de "
        f"{years} conviennent mieux ({len(best.unknown)} inconnus) : la géographie du fichier est-elle bien {millesime} ?"
    )
    severity = Severity.BLOCKING if best.whole and len(mine.unknown) > 1 else Severity.TO_DECIDE
    found.add(Finding(Family.MILLESIME, severity, sentence, given=str(millesime), proposed=years))
