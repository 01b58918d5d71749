"""The page of a passport `/passeports/{id}`: a published value, all that it came from, and the value computed again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.dependencies import Connection, Sources
from api.filling import FillingRoute
from api.pages.figures import figure
from api.pages.french import capitalised, decimals, exact, named, number, percent
from api.pages.french import moment as told_moment
from api.pages.legend import WORDS
from api.pages.rows import note
from api.pages.sentence import measure, written
from api.pages.site import page
from api.routes.passports import agrees
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from indicators.actors import ROLES
from indicators.catalogue import Indicator, catalogue
from indicators.catalogue import indicator as sheet
from indicators.journal import ACTIONS
from indicators.passports import PassportId, read_passport
from indicators.statuses import SIGNS, Status

router = APIRouter(route_class=FillingRoute, include_in_schema=False)

SIZE = 100  # inputs on one page
DIGITS = 6  # of what has more: an input that was itself computed


@router.get("/passeports/{identifier}")
def passeport(
    request: Request,
    connection: Connection,
    sources: Sources,
    identifier: str,
    at: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Return the page of a passport. A wrong identifier raises, and the page of the error says what is accepted."""
    found = read_passport(connection, PassportId.parse(identifier), sources)
    item = sheet(found["indicator"])
    pages = max(1, -(-len(found["inputs"]) // SIZE))
    at = min(at, pages)
    inputs = found["inputs"][(at - 1) * SIZE : at * SIZE]
    level = Level(found["territory"]["level"])
    components = [_component(part) for part in found.get("components", [])]
    columns, lines = _table(found, item, inputs, components)
    return page(
        request,
        "passeport.html",
        passeport=found,
        indicateur=item,
        lieu=named(found["territory"]["nom"]),
        niveau=LEVEL_LABELS[level][0],
        valeur=_measured(found["value"], Status(found["status"]), item),
        statut=capitalised(note(Status(found["status"]), found["coverage"])),
        recalcule=None if found["recomputed"] is None else _figure(found["recomputed"], item),
        concorde=agrees(found),
        composantes=components,
        colonnes=columns,
        lignes=lines,
        total=len(found["inputs"]),
        numero=at,
        pages=pages,
        livraisons=[_delivery(one) for one in found["deliveries"]],
        publications=[_release(one) for one in found["releases"]],
        geographies=_geographies(found),
    )


def _measured(value: float | None, status: Status, item: Indicator) -> str:
    """The value with its unit, or the sign that stands for it."""
    read = figure(value, status)
    return SIGNS[status].replace("...", "…") if read is None else measure(read, item, item.nature.rules.signed)


def _figure(value: float, item: Indicator) -> str:
    return written(value, item, item.nature.rules.signed)


def precise(value: float | None) -> str:
    """Return a number with the decimals that it has, six at most: an input is shown as it was read.

    >>> precise(1234.5), precise(1 / 3), precise(None)
    ('1\\u202f234,5', '0,333333', '')
    """
    if value is None:
        return ""
    return exact(value) if decimals(value) <= DIGITS else number(value, DIGITS)


def _told(value: float | None, status: str, item: Indicator | None) -> str:
    """A value that something was computed from, or the sign that stands where it would."""
    if value is None:
        return SIGNS[Status(status)].replace("...", "…")
    return _figure(value, item) if item is not None and item.categories else precise(value)


def _component(part: Mapping[str, Any]) -> dict[str, Any]:
    item = catalogue().get(part["indicator"])
    status = Status(part["status"] or Status.MISSING)
    return {
        "role": capitalised(part["role"]),
        "nom": item.label if item else part["indicator"],
        "court": item.short_label if item else part["indicator"],
        "periode": part["period"],
        "valeur": _told(part["value"], status, item),
        "statut": WORDS[status],
        "passeport": part["passport"],
    }


def _table(
    found: Mapping[str, Any], item: Indicator, inputs: list[dict[str, Any]], components: list[dict[str, Any]]
) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The headings (with their class) and the cells of the inputs: they depend on how the value was computed."""
    if components:
        parts = {part["passeport"]: part for part in components}
        headings = [(f"{part['court']} {part['periode']}", "n") for part in parts.values()]
        rows = []
        for unit in inputs:
            told = [
                _told(unit["first"], unit["first_status"], None),
                _told(unit["second"], unit["second_status"], None),
            ]
            statuses = dict.fromkeys(WORDS[Status(unit[which])] for which in ("first_status", "second_status"))
            rows.append([_place(unit), *told[: len(headings)], ", ".join(statuses)])
        return [("Territoire", ""), *headings, ("Statut", "statut")], rows
    if found["by"] in ("area", "epci_nature"):
        own = [
            [_place(unit), _told(unit["value"], unit["status"], item), str(unit["geography"])] for unit in inputs
        ]
        return [("Territoire", ""), ("Valeur", "n"), ("Version des limites", "")], own
    many = len({name for one in _own(found) for name in one["sheets"] if name}) > 1
    headings = [("Territoire du fichier", ""), ("Valeur lue", "n"), ("Statut", "statut"), ("Ligne", "n")]
    headings += [("Feuille", "")] if many else []
    weighted = "weight" in (inputs[0] if inputs else {})
    headings += [("Part reprise", "n"), ("Passage", "")] if weighted else []
    headings += [("Poids", "n"), ("Ligne du poids", "n")] if found["by"] == "mean" else []
    headings += [("Habitants", "n")] if found["by"] == "typology" else []
    return headings, [_line(found, item, piece, many, weighted) for piece in inputs]


def _line(
    found: Mapping[str, Any], item: Indicator, piece: Mapping[str, Any], many: bool, weighted: bool
) -> list[str]:
    line = "sans ligne" if piece["line"] is None else number(piece["line"])
    cells = [_place(piece), _told(piece["value"], piece["status"], item), WORDS[Status(piece["status"])], line]
    if many:
        cells.append(_sheet(found, piece))
    if weighted:
        moved = "" if piece["code"] == piece["to_code"] else f" vers {piece['to_code']}"
        cells += [percent(piece["weight"], 2 if piece["weight"] < 1 else 0), _kind(piece) + moved]
    if found["by"] == "mean":
        own = "" if piece["weighting_line"] is None else number(piece["weighting_line"])
        cells += [precise(piece["weighting"]), own]
    if found["by"] == "typology":
        cells.append(precise(piece["people"]))
    return cells


def _kind(piece: Mapping[str, Any]) -> str:
    return "exact" if piece["weight"] == 1 else "estimé"


def _sheet(found: Mapping[str, Any], piece: Mapping[str, Any]) -> str:
    """The sheet that a line is in, and its file where the value comes from several."""
    own = _own(found)
    held = next((one for one in own if one["import_id"] == piece.get("import_id")), own[0])
    rank = piece["sheet"]
    name = held["sheets"][rank] if rank is not None and rank < len(held["sheets"]) else ""
    return (
        f"{held['file']}, {name}" if len({one["file"] for one in own}) > 1 and name != held["file"] else str(name)
    )


def _own(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The deliveries of the indicator itself, without that of its weight."""
    return [one for one in found["deliveries"] if one["indicator"] == found["indicator"]]


def _place(unit: Mapping[str, Any]) -> str:
    return f"{named(unit['nom'])} ({unit['code']})" if unit["nom"] else str(unit["code"])


def _delivery(one: Mapping[str, Any]) -> dict[str, Any]:
    item = catalogue().get(one["indicator"])
    return {
        **one,
        "objet": f"{item.label if item else one['indicator']}, {one['period']}, géographie {one['millesime']}",
        "corrections": None if one["accepted"] is None else len(one["accepted"]),
        "journal": [
            f"{capitalised(ACTIONS[step['action']])} le {_moment(step['at'])} par {step['actor']} "
            f"({ROLES.get(step['role'], step['role'])})"
            for step in one["journal"]
        ],
    }


def _release(one: Mapping[str, Any]) -> str:
    said = f"Publication n° {one['id']} du {_moment(one['published_at'])}, par {one['published_by']}"
    return said + (f" ; retirée le {_moment(one['withdrawn_at'])}" if one["withdrawn_at"] else "")


def _geographies(found: Mapping[str, Any]) -> str:
    delivered = {one["millesime"] for one in found["deliveries"]}
    said = f"Géographie au 1er janvier {found['millesime']}"
    others = sorted(delivered - {found["millesime"]})
    if others:
        said += f" ; le fichier est dans celle de {', '.join(map(str, others))}"
    return said + "."


def _moment(text: str) -> str:
    return told_moment(datetime.fromisoformat(text))
