"""What a diagnosis is made of: findings, the repairs they propose, and what was decided about them."""

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from geo.errors import Invalid

LISTED = 10_000  # findings of a family and severity that are listed; all are counted
MAX_REPAIRS = 200_000  # cells; a file that needs more must be made again by its producer


class Severity(StrEnum):
    """How much a finding matters: the import cannot go on, someone must decide, or it is good to know."""

    BLOCKING = "blocking"
    TO_DECIDE = "to-decide"
    NOTE = "note"


SEVERITIES = {
    Severity.BLOCKING: "bloquant",
    Severity.TO_DECIDE: "à décider",
    Severity.NOTE: "pour information",
}


class Family(StrEnum):
    """What kind of ill a finding is about."""

    FORMAT = "format"
    LAYOUT = "layout"
    HEADER = "header"
    UNNAMED_COLUMN = "unnamed-column"
    EMPTY = "empty"
    FOOTNOTE = "footnote"
    SHIFTED = "shifted"
    UNIT = "unit"
    MILLESIME = "millesime"
    LOST_ZERO = "lost-zero"
    POSTAL_CODE = "postal-code"
    CORSICA = "corsica"
    ARRONDISSEMENT = "arrondissement"
    VANISHED_CODE = "vanished-code"
    UNKNOWN_CODE = "unknown-code"
    OUT_OF_SCOPE = "out-of-scope"
    TOTAL_ROW = "total-row"
    NAME_MISMATCH = "name-mismatch"
    SPACES = "spaces"
    HIDDEN = "hidden"
    DUPLICATE_SAME = "duplicate-same"
    DUPLICATE_DIFFERENT = "duplicate-different"
    UNREADABLE = "unreadable"
    DECIMALS = "decimals"
    THOUSANDS = "thousands"
    PERCENT = "percent"
    FORMULA = "formula"
    NEGATIVE = "negative"
    OVER_HUNDRED = "over-hundred"
    NOT_WHOLE = "not-whole"
    TOTALS = "totals"
    JUMP = "jump"
    MISSING_TERRITORY = "missing-territory"
    SECRET_AS_ZERO = "secret-as-zero"  # noqa: S105
    SIGNS = "signs"
    PERIOD = "period"


FAMILIES = {
    Family.FORMAT: "encodage et format",
    Family.LAYOUT: "colonnes et feuilles attendues",
    Family.HEADER: "lignes d’en-tête",
    Family.UNNAMED_COLUMN: "colonne sans titre",
    Family.EMPTY: "lignes ou colonnes vides",
    Family.FOOTNOTE: "notes sous le tableau",
    Family.SHIFTED: "cellules décalées",
    Family.UNIT: "unité",
    Family.MILLESIME: "millésime des codes",
    Family.LOST_ZERO: "zéro initial perdu",
    Family.POSTAL_CODE: "code postal à la place du code Insee",
    Family.CORSICA: "codes de la Corse",
    Family.ARRONDISSEMENT: "arrondissements de Paris, Lyon et Marseille",
    Family.VANISHED_CODE: "code disparu",
    Family.UNKNOWN_CODE: "code inconnu",
    Family.OUT_OF_SCOPE: "hors du périmètre chargé",
    Family.TOTAL_ROW: "ligne de total",
    Family.NAME_MISMATCH: "nom et code en désaccord",
    Family.SPACES: "espaces en trop",
    Family.HIDDEN: "caractères invisibles",
    Family.DUPLICATE_SAME: "doublon de même valeur",
    Family.DUPLICATE_DIFFERENT: "doublon de valeurs différentes",
    Family.UNREADABLE: "nombre illisible",
    Family.DECIMALS: "signe décimal",
    Family.THOUSANDS: "séparateur de milliers ambigu",
    Family.PERCENT: "signe pour cent",
    Family.FORMULA: "formule",
    Family.NEGATIVE: "effectif négatif",
    Family.OVER_HUNDRED: "part supérieure à 100 %",
    Family.NOT_WHOLE: "effectif non entier",
    Family.TOTALS: "total qui ne correspond pas",
    Family.JUMP: "saut depuis la livraison précédente",
    Family.MISSING_TERRITORY: "territoires absents",
    Family.SECRET_AS_ZERO: "secret donné ailleurs comme zéro",
    Family.SIGNS: "signes mêlés",
    Family.PERIOD: "période",
}


@dataclass(frozen=True)
class Repair:
    """A cell that would be read otherwise, if someone accepts it. `line` counts from 1, `place` columns from 0.

    Refusing one that is `needed` does not let the import go on: what is wrong stays in the file.
    """

    family: Family
    sheet: str
    line: int
    place: int
    column: str
    before: str
    after: str
    reason: str
    needed: bool = False

    @property
    def key(self) -> str:
        """What names this repair in every diagnosis of the same cell: another proposal has another key."""
        cell = "\x1f".join([self.sheet, str(self.line), str(self.place), self.before, self.after])
        return f"{self.family}/{hashlib.sha256(cell.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Finding:
    """One thing that was found, where, in a French sentence. A `repair` has to be accepted or refused."""

    family: Family
    severity: Severity
    sentence: str
    sheet: str = ""
    line: int | None = None
    column: str = ""
    given: str = ""
    proposed: str = ""
    repair: Repair | None = None


@dataclass(frozen=True)
class Decisions:
    """What was accepted and refused, by key of a repair or by family; a key wins over a family."""

    accepted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        both = sorted(self.accepted & self.refused)
        if both:
            raise Invalid(f"Accepté et refusé à la fois : {', '.join(both)}.")

    def on(self, repair: Repair) -> bool | None:
        """Return whether a repair is accepted, or None while nobody decided."""
        for name in (repair.key, str(repair.family)):
            if name in self.accepted or name in self.refused:
                return name in self.accepted
        return None


NOTHING = Decisions()


@dataclass(frozen=True)
class Diagnosis:
    """What was found. `counts` are whole; `findings` holds at most `LISTED` of each kind, `repairs` all of them."""

    file: str
    sha256: str
    findings: tuple[Finding, ...] = ()
    counts: dict[tuple[Family, Severity], int] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    summary: dict[str, int] = field(default_factory=dict)

    def accepted(self, decisions: Decisions) -> tuple[Repair, ...]:
        """Return the repairs to give to `values`. Raises Invalid when a decision names nothing that is proposed."""
        known = {repair.key for repair in self.repairs}
        for name in sorted(decisions.accepted | decisions.refused):
            if name not in known and name not in set(Family):
                raise Invalid(
                    f"Correction inconnue : « {name} ». Relancez le contrôle : la proposition a pu changer."
                )
        return tuple(repair for repair in self.repairs if decisions.on(repair))

    def pending(self, decisions: Decisions = NOTHING) -> tuple[Repair, ...]:
        """Return the repairs that nobody accepted or refused, and those that had to be accepted."""
        return tuple(
            repair
            for repair in self.repairs
            if decisions.on(repair) is None or (repair.needed and not decisions.on(repair))
        )

    def blocking(self, decisions: Decisions = NOTHING) -> bool:
        """Return whether the import must not go on: something blocks, or a repair waits for a decision."""
        blocked = any(count for (_, severity), count in self.counts.items() if severity is Severity.BLOCKING)
        return blocked or bool(self.pending(decisions))


class Found:
    """Findings as they are gathered: every one is counted, those beyond the limit of a family are not kept."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counts: Counter[tuple[Family, Severity]] = Counter()
        self.repairs: dict[tuple[str, int, int], Repair] = {}
        self._kept: Counter[tuple[Family, Severity]] = Counter()
        self.overflow = 0

    def room(self, family: Family, severity: Severity) -> bool:
        """Whether one more finding of a family and severity would be listed."""
        return self._kept[family, severity] < LISTED

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room. A cell has one repair: the first that is proposed."""
        self.counts[finding.family, finding.severity] += 1
        if self.room(finding.family, finding.severity):
            self._kept[finding.family, finding.severity] += 1
            self.findings.append(finding)
        if finding.repair is not None:
            self._propose(finding.repair)

    def count(self, family: Family, severity: Severity, number: int) -> None:
        """Count findings that are not listed one by one."""
        if number:
            self.counts[family, severity] += number

    def _propose(self, repair: Repair) -> None:
        if len(self.repairs) >= MAX_REPAIRS:
            self.overflow += 1
            return
        self.repairs.setdefault((repair.sheet, repair.line, repair.place), repair)


def named(findings: Collection[Finding], family: Family) -> list[Finding]:
    """Return the findings of a family."""
    return [finding for finding in findings if finding.family is family]
