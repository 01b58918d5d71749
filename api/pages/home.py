"""The first page: what the observatory is, and the indicators that have something published."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import Connection
from api.filling import FillingRoute
from api.pages.french import listing
from api.pages.rows import sort_key
from api.pages.selection import MAPPED
from api.pages.site import page
from boundaries.levels import LABELS
from indicators.catalogue import Indicator
from indicators.catalogue import indicator as sheet
from indicators.published import Choices, all_choices

router = APIRouter(route_class=FillingRoute, include_in_schema=False)


@router.get("/")
def home(request: Request, connection: Connection) -> Response:
    """Return the home page."""
    cards = [(sheet(name), available) for name, available in all_choices(connection).items()]
    themes = {theme: [_card(item, own) for item, own in cards if item.theme == theme] for theme in by_theme(cards)}
    return page(request, "accueil.html", themes=themes)


def by_theme(listed: Sequence[tuple[Indicator, Any]]) -> list[str]:
    """Return the themes of some indicators, in the order of the alphabet."""
    return sorted({item.theme for item, _ in listed}, key=sort_key)


def _card(indicator: Indicator, available: Choices) -> dict[str, Any]:
    """Return what the home page tells of an indicator."""
    periods = sorted({period for own in available.periods.values() for period in own})
    return {
        "requete": f"indicateur={indicator.id}",
        "nom": indicator.label,
        "definition": indicator.definition.strip(),
        "annees": f"{periods[0]} à {periods[-1]}" if len(periods) > 1 else "".join(periods),
        "niveaux": listing([LABELS[level][1] for level in MAPPED if level in available.levels]),
        "producteur": indicator.producer,
    }
