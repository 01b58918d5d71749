"""A diagnosis as people read it: a French text, lines for a spreadsheet, and JSON for programs."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

from indicators.imports.diagnosis import (
    FAMILIES,
    LISTED,
    NOTHING,
    SEVERITIES,
    Decisions,
    Diagnosis,
    Family,
    Finding,
    Severity,
)

HEADINGS = (
    "famille",
    "gravité",
    "feuille",
    "ligne",
    "colonne",
    "valeur lue",
    "proposition",
    "explication",
    "clé de la correction",
    "décision",
)
ORDER = {severity: rank for rank, severity in enumerate(Severity)}
DECISIONS = {True: "acceptée", False: "refusée", None: "à prendre"}


def text(diagnosis: Diagnosis, decisions: Decisions = NOTHING, shown: int = 5) -> str:
    """Return the report for the command line: what was read, each family with its first findings, what to do."""
    summary = diagnosis.summary
    lines = [
        f"Contrôle de {diagnosis.file} (SHA-256 {diagnosis.sha256[:12]}…)",
        f"Lu : {_several(summary.get('rows', 0), 'ligne')}, {_several(summary.get('figures', 0), 'valeur')}, "
        f"{_several(summary.get('series', 0), 'série')}, {_several(summary.get('sheets', 0), 'feuille')}.",
        "",
    ]
    for family, severity, count in by_family(diagnosis):
        listed = [one for one in diagnosis.findings if one.family is family and one.severity is severity]
        lines.append(f"{FAMILIES[family].capitalize()} — {_count(count)} ({SEVERITIES[severity]})")
        lines += [f"  {_where(one)}{one.sentence}" for one in listed[:shown]]
        if count > shown:
            more = _several(count - min(shown, len(listed)), "autre")
            lines.append(f"  … et {more}, dans le rapport par lignes.")
    lines += ["", *what_to_do(diagnosis, decisions)]
    return "\n".join(lines)


def by_family(diagnosis: Diagnosis) -> list[tuple[Family, Severity, int]]:
    """Return how many findings of each family and severity there are, the gravest first."""
    found = [(family, severity, count) for (family, severity), count in diagnosis.counts.items() if count]
    return sorted(found, key=lambda one: (ORDER[one[1]], list(Family).index(one[0])))


def what_to_do(diagnosis: Diagnosis, decisions: Decisions = NOTHING) -> list[str]:
    """Return the sentences that say what stands between this delivery and its import."""
    blocked = sum(count for (_, severity), count in diagnosis.counts.items() if severity is Severity.BLOCKING)
    pending = diagnosis.pending(decisions)
    lines = []
    if blocked:
        lines.append(
            f"{_several(blocked, 'constat')} à lever avant l’import : corrigez le fichier à la source, ou la recette, puis "
            "relancez le contrôle."
        )
    if pending:
        families = Counter(repair.family for repair in pending)
        named = ", ".join(f"{FAMILIES[family]} ({_count(count)})" for family, count in families.most_common())
        lines.append(
            f"{_several(len(pending), 'correction')} à décider — {named} : acceptez ou refusez, une par une ou par "
            "famille. Rien n’est modifié sans cela ; une cellule dont la correction est refusée reste telle quelle."
        )
    if not lines:
        lines.append("Rien n’empêche l’import.")
    return lines


def rows(diagnosis: Diagnosis, decisions: Decisions = NOTHING) -> Iterator[list[str]]:
    """Yield the lines of the report for a spreadsheet, headings first, each cell made harmless.

    A family that has more findings than are listed ends with a line that says how many are not.
    """
    yield list(HEADINGS)
    listed: Counter[Family] = Counter()
    for one in sorted(diagnosis.findings, key=_order):
        listed[one.family] += 1
        decided = DECISIONS[decisions.on(one.repair)] if one.repair else ""
        cells = [
            FAMILIES[one.family],
            SEVERITIES[one.severity],
            one.sheet,
            "" if one.line is None else str(one.line),
            one.column,
            one.given,
            one.proposed if one.proposed or one.repair is None else "(cellule vidée)",
            one.sentence,
            one.repair.key if one.repair else "",
            decided,
        ]
        yield [harmless(cell) for cell in cells]
    totals: Counter[Family] = Counter()
    for (family, _), count in diagnosis.counts.items():
        totals[family] += count
    for family, count in totals.items():
        if count > listed[family]:
            more = _several(count - listed[family], "autre constat")
            sentence = f"{more} en plus de ceux qui sont listés (limite : {_count(LISTED)})."
            yield [FAMILIES[family], "", "", "", "", "", "", sentence, "", ""]


def as_csv(diagnosis: Diagnosis, decisions: Decisions = NOTHING) -> str:
    """Return the lines of the report as CSV that French spreadsheets open: semicolons, a byte order mark."""
    out = io.StringIO()
    out.write("\ufeff")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows(diagnosis, decisions))
    return out.getvalue()


def as_json(diagnosis: Diagnosis, decisions: Decisions = NOTHING, listed: int = LISTED) -> dict[str, Any]:
    """Return the report as plain values: counts by family, findings with the keys of their repairs, what to do."""
    kept: Counter[Family] = Counter()
    findings = []
    for one in sorted(diagnosis.findings, key=_order):
        kept[one.family] += 1
        if kept[one.family] <= listed:
            findings.append(_plain(one, decisions))
    return {
        "file": diagnosis.file,
        "sha256": diagnosis.sha256,
        "blocking": diagnosis.blocking(decisions),
        "summary": diagnosis.summary,
        "families": [
            {
                "family": str(family),
                "label": FAMILIES[family],
                "severity": str(severity),
                "severity_label": SEVERITIES[severity],
                "count": count,
            }
            for family, severity, count in by_family(diagnosis)
        ],
        "findings": findings,
        "listed_per_family": listed,
        "repairs": len(diagnosis.repairs),
        "pending": len(diagnosis.pending(decisions)),
        "what_to_do": what_to_do(diagnosis, decisions),
    }


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a plain negative number stays itself.

    >>> harmless("=HYPERLINK(1)"), harmless("-12,5"), harmless("@SUM(A1)")
    ("'=HYPERLINK(1)", '-12,5', "'@SUM(A1)")
    """
    if cell[:1] in {"=", "@", "\t", "\r", "\n"} or (
        cell[:1] in {"+", "-"} and not cell[1:].replace(",", "").replace(".", "").isdigit()
    ):
        return f"'{cell}"
    return cell


def _plain(one: Finding, decisions: Decisions) -> dict[str, Any]:
    return {
        "family": str(one.family),
        "severity": str(one.severity),
        "sheet": one.sheet,
        "line": one.line,
        "column": one.column,
        "given": one.given,
        "proposed": one.proposed,
        "sentence": one.sentence,
        "repair": one.repair.key if one.repair else None,
        "decision": decisions.on(one.repair) if one.repair else None,
    }


def _order(one: Finding) -> tuple[int, int, str, int]:
    return ORDER[one.severity], list(Family).index(one.family), one.sheet, one.line or 0


def _where(one: Finding) -> str:
    parts = [f"feuille {one.sheet}"] if one.sheet else []
    parts += [f"ligne {one.line}"] if one.line is not None else []
    parts += [f"colonne {one.column}"] if one.column else []
    return f"{', '.join(parts)} : " if parts else ""


def _several(number: int, words: str) -> str:
    """A number and its words, in the plural from two on.

    >>> _several(1, "ligne"), _several(2, "autre constat")
    ('1 ligne', '2 autres constats')
    """
    return f"{_count(number)} {words if number < 2 else ' '.join(f'{word}s' for word in words.split())}"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
