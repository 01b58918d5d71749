"""Territories that come twice in a series: the same figure again, another figure, or secret here and zero there."""

import numpy as np

from indicators.imports.diagnosis.ledger import Ledger, Series
from indicators.imports.findings import Family, Finding, Found, Repair, Severity
from indicators.imports.mapping import Mapping
from indicators.imports.numbers import CODE_OF
from indicators.statuses import Status


def look_for_doubles(ledger: Ledger, mapping: Mapping, found: Found) -> None:
    """Say which figures are given twice; nothing is said where the mapping adds them up."""
    names = {rank: code for (_, code), rank in ledger.places.items()}
    known = np.array([level is not None for level, _ in ledger.places] + [False])
    for series in ledger.series():
        order = np.argsort(series.who, kind="stable")
        who = series.who[order]
        again = (np.diff(who) == 0) & known[who[1:]]
        for position in again.nonzero()[0]:
            first, second = int(order[position]), int(order[position + 1])
            if mapping.duplicates == "sum":
                _contradiction(series, first, second, names, found)
            else:
                _double(series, first, second, names, found)


def _double(series: Series, first: int, second: int, names: dict[int, str], found: Found) -> None:
    if _contradiction(series, first, second, names, found):
        return
    chunk = series.chunks[series.chunk[second]]
    same = series.status[first] == series.status[second] and (
        series.value[first] == series.value[second]
        or (np.isnan(series.value[first]) and np.isnan(series.value[second]))
    )
    same = same and not chunk.layout.table.roll_up  # parts of one commune: they are added up, never left out
    code = names[int(series.who[second])]
    where = f"ligne {series.line[first]}"
    other = series.chunks[series.chunk[first]].layout.sheet.name
    if other != chunk.layout.sheet.name:
        where += f" de la feuille « {other} »"
    place, line = chunk.layout.code or 0, int(series.line[second])
    heading = chunk.layout.headings[place]
    subject = f"{code}, {series.indicator}" + (f" {series.period}" if series.period else "")
    if same:
        # the whole row goes: one repair for all its figures
        repair = None
        if (chunk.layout.sheet.name, line, place) not in found.repairs:
            repair = Repair(
                Family.DUPLICATE_SAME,
                chunk.layout.sheet.name,
                line,
                place,
                heading,
                code,
                "",
                "la ligne répète une autre ligne",
                needed=True,
            )
        sentence = f"{subject} : même valeur qu’à la {where} ; écarter cette ligne ?"
        found.add(
            Finding(
                Family.DUPLICATE_SAME,
                Severity.TO_DECIDE,
                sentence,
                chunk.layout.sheet.name,
                line,
                heading,
                code,
                "",
                repair,
            )
        )
        return
    sentence = (
        f"{subject} : {_text(series, second)} ici et {_text(series, first)} à la {where} ; le producteur doit dire "
        "laquelle est juste, ou la recette sommer les lignes."
    )
    found.add(
        Finding(
            Family.DUPLICATE_DIFFERENT,
            Severity.BLOCKING,
            sentence,
            chunk.layout.sheet.name,
            line,
            chunk.column.heading,
            code,
        )
    )


def _contradiction(series: Series, first: int, second: int, names: dict[int, str], found: Found) -> bool:
    """Say when one figure is secret and the other zero: zero would then say what must not be known."""
    secret = CODE_OF[Status.SECRET]
    pair = (first, second) if series.status[first] == secret else (second, first)
    if series.status[pair[0]] != secret or series.value[pair[1]] != 0:
        return False
    chunk = series.chunks[series.chunk[pair[1]]]
    sentence = (
        f"{names[int(series.who[first])]}, {series.indicator} {series.period} : secret à la ligne "
        f"{series.line[pair[0]]} et zéro ici ; un zéro mis pour un secret est une erreur."
    )
    line = int(series.line[pair[1]])
    where = (chunk.layout.sheet.name, line, chunk.column.heading)
    found.add(Finding(Family.SECRET_AS_ZERO, Severity.BLOCKING, sentence, *where, given="0", proposed="s"))
    return True


def _text(series: Series, place: int) -> str:
    value = series.value[place]
    return "aucune valeur" if np.isnan(value) else f"{value:.12g}".replace(".", ",")
