"""One value for a set of territories, by the formula of the indicator's nature: what others would add up by hand."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import grammars
from api.dependencies import AsOf, Connection, CurrentVersions, Kept, Millesime, Offered, Within, release_id
from api.documents import Document, answer, json_document
from api.strict import StrictRoute
from api.versions import kept_only_if_current
from boundaries import places, sets
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import Level
from boundaries.places import Place
from boundaries.sets import Members
from geo.errors import Invalid
from indicators.aggregates import Answer, over_periods, over_set
from indicators.catalogue import Indicator
from indicators.natures import Operation, over_space, over_time
from indicators.statuses import LABELS, Status

router = APIRouter(prefix="/api/indicators", route_class=StrictRoute, tags=["Indicateurs"])

MAX_PERIODS = 50
LISTED = 50  # territories named in the answer; a longer list is counted

Territories = Annotated[
    str | None,
    Query(
        description=f"Territoires séparés par des virgules (au plus {sets.LIMIT}), par exemple "
        "commune:44109,commune:44020",
        max_length=30 * sets.LIMIT,
        json_schema_extra=grammars.told(grammars.PLACES),
    ),
]


@router.get("/{identifier}/aggregate", summary="La valeur d’un ensemble de territoires")
def aggregate(
    request: Request,
    conn: Connection,
    now: CurrentVersions,
    kept: Kept,
    item: Offered,
    millesime: Millesime,
    within: Within,
    as_of: AsOf,
    territories: Territories = None,
    level: Annotated[Level | None, Query(description="Niveau des territoires de within")] = None,
    period: Annotated[
        str | None, Query(description="Période, par exemple 2022 ou 2016-2022", max_length=20)
    ] = None,
    periods: Annotated[
        str | None, Query(description="Périodes séparées par des virgules, avec over=time", max_length=500)
    ] = None,
    over: Annotated[Literal["space", "time"], Query(description="Sur quoi porte l’opération")] = "space",
    operation: Annotated[
        Operation | None, Query(description="Opération ; à défaut celle de la nature de l’indicateur")
    ] = None,
) -> Response:
    """Return the value of an indicator over a set of territories, its status, what it covers and what it is made of.

    The set is a list of territories, or those of a level within another; none may cover a part of another.
    """
    asked = _periods(over, period, periods)
    # what the nature forbids is said before anything is looked for
    chosen = over_time(item, operation) if over == "time" else over_space(item, operation)
    places_asked = _set(territories, level, within)

    def build() -> Document:
        places.require_millesime(conn, millesime)
        if isinstance(places_asked, list):
            members = sets.chosen(conn, places_asked, millesime)
        else:
            members = sets.within(conn, *places_asked, millesime)
        release = release_id(conn, as_of)
        if over == "time":
            found = over_periods(conn, item, members, asked, chosen, release)
        else:
            found = over_set(conn, item, members, asked[0], chosen, release)
        made = json_document(_body(item, members, over, asked, found))
        return kept_only_if_current(made, conn, now)

    key = (
        "aggregate",
        now.data,
        item.id,
        millesime,
        territories,
        level,
        str(within),
        asked,
        over,
        operation,
        as_of,
    )
    return answer(request, kept.get_or_build(key, build))


def _periods(over: str, period: str | None, periods: str | None) -> tuple[str, ...]:
    """The periods asked for, oldest first."""
    if over == "space":
        if period is None or periods is not None:
            raise Invalid("Donnez une période (period=2022) ; plusieurs se demandent par periods=…&over=time.")
        return (period,)
    found = sorted({part for part in (periods or "").split(",") if part})
    if period is not None or len(found) < 2:
        raise Invalid("Avec over=time, donnez au moins deux périodes différentes : periods=2019,2022.")
    if len(found) > MAX_PERIODS:
        raise Invalid(f"{len(found)} périodes demandées ; au plus {MAX_PERIODS} à la fois.")
    return tuple(found)


def _set(territories: str | None, level: Level | None, within: Place | None) -> list[Place] | tuple[Level, Place]:
    if territories is not None and level is None and within is None:
        return sets.parse(territories)
    if territories is None and level is not None and within is not None:
        return level, within
    raise Invalid(
        "Donnez les territoires (territories=commune:44109,commune:44020), ou un niveau et son territoire englobant "
        "(level=commune&within=departement:44)."
    )


def _body(item: Indicator, members: Members, over: str, periods: tuple[str, ...], found: Answer) -> dict[str, Any]:
    made = found.made
    return {
        "indicator": item.id,
        "label": item.label,
        "unit": item.unit,
        "decimals": item.decimals,
        "nature": item.nature,
        "over": over,
        "operation": found.operation,
        "formula": found.formula,
        "millesime": members.millesime,
        "periods": periods,
        "value": made.value,
        "status": made.status,
        "status_label": LABELS[made.status],
        "coverage": {
            "share": made.coverage,
            "territories": made.territories,
            "with_value": made.with_value,
            "without_value": made.without_value,
            "statuses": found.statuses,
            "secret": found.statuses.get(Status.SECRET, 0),
            "missing": found.statuses.get(Status.MISSING, 0),
        },
        "parts": [
            {
                "role": part.role,
                "indicator": part.indicator,
                "period": part.period,
                "unit": part.unit,
                "value": part.value,
            }
            for part in found.parts
        ],
        "shares": [
            {"category": int(code), "label": item.categories.get(int(code), str(code)), "share": share}
            for code, share in found.shares.items()
        ],
        "territories": [str(place) for place in members.places[:LISTED]],
        "notes": _notes(members, found),
        "series": found.series,
        "source": item.source,
        "producer": item.producer,
        "licence": item.licence,
    }


def _notes(members: Members, found: Answer) -> list[str]:
    """What must be said of the value, in French."""
    notes = []
    made = found.made
    if len(members) > LISTED:
        notes.append(f"Les {LISTED} premiers territoires sont nommés, sur {len(members)}.")
    if made.status is Status.PARTIAL:
        notes.append("La valeur ne couvre pas tout l’ensemble : elle n’en est pas le total.")
    if secrets := found.statuses.get(Status.SECRET, 0):
        plural = "s" if secrets > 1 else ""
        notes.append(f"{secrets} valeur{plural} sous secret statistique, absente{plural} du calcul.")
    if members.straddling:
        names = ", ".join(map(str, members.straddling[:10]))
        many = LEVEL_LABELS[members.straddling[0].level][len(members.straddling) > 1]
        notes.append(
            f"{len(members.straddling)} {many} compté{'s' if len(members.straddling) > 1 else ''} en entier, "
            f"au-delà du territoire englobant : {names}."
        )
    return notes
