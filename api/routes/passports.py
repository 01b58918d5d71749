"""Passports: what a published value came from, down to the lines of the files, and the value computed again."""

import math
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import grammars
from api.dependencies import Connection, Sources
from api.documents import answer, json_document
from api.strict import StrictRoute
from indicators.passports import EDITION, PassportId, read_passport

router = APIRouter(prefix="/api/passports", route_class=StrictRoute, tags=["Indicateurs"])

MAX_INPUTS = 10_000


@router.get("/{identifier}", summary="Le passeport d’une valeur")
def passport(
    request: Request,
    conn: Connection,
    sources: Sources,
    identifier: Annotated[
        str,
        Path(
            description="Série, niveau et code, par exemple 0123456789abcdef:commune:44109 "
            "(donné par /series, et par le membre series de /values)",
            max_length=100,
            json_schema_extra=grammars.told(grammars.PASSPORT),
        ),
    ],
    limit: Annotated[int, Query(description="Données de départ par page", ge=1, le=MAX_INPUTS)] = 1000,
    offset: Annotated[int, Query(description="Données de départ à passer", ge=0)] = 0,
) -> Response:
    """Return the passport: definition, formula, a page of its inputs, files, validators, releases, and the proof."""
    found = read_passport(conn, PassportId.parse(identifier), sources)
    inputs = found["inputs"]
    page = {
        "agrees": agrees(found),
        "inputs_total": len(inputs),
        "inputs_offset": offset,
        "inputs": inputs[offset : offset + limit],
    }
    return answer(request, json_document(found | page))


def agrees(found: dict[str, Any]) -> bool | None:
    """Return whether the value computed again from a passport is the one that is published (1e-9, relative).

    None where the data it was made from are not shown.
    """
    if found["by"] == EDITION:
        return None
    value, again = found["value"], found["recomputed"]
    if value is None or again is None:
        return value is again
    return math.isclose(value, again, rel_tol=1e-9, abs_tol=1e-12)
