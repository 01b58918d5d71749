"""What all pages share: the name of the observatory, its navigation, and the Jinja environment."""

from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.compressing import negotiated
from api.documents import VARY
from api.pages import csp, french
from api.pages.statics import static_url
from api.readers import reader_of
from boundaries.readers import LABELS, Audience
from geo.palettes import PATTERNS

# How each Region is named after "Observatoire"; elsewhere the observatory goes by no territory.
_OF_REGION = {
    "01": "de la Guadeloupe",
    "02": "de la Martinique",
    "03": "de la Guyane",
    "04": "de La Réunion",
    "06": "de Mayotte",
    "11": "d’Île-de-France",
    "24": "du Centre-Val de Loire",
    "27": "de Bourgogne-Franche-Comté",
    "28": "de Normandie",
    "32": "des Hauts-de-France",
    "44": "du Grand Est",
    "52": "des Pays de la Loire",
    "53": "de Bretagne",
    "75": "de Nouvelle-Aquitaine",
    "76": "d’Occitanie",
    "84": "d’Auvergne-Rhône-Alpes",
    "93": "de Provence-Alpes-Côte d’Azur",
    "94": "de Corse",
}

# The pages that exist, in the order of the navigation.
NAVIGATION = (("cartes", "Cartes", "/cartes"), ("api", "API", "/api"))

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "nombre": french.number,
    "typo": french.typeset,
    "capitale": french.capitalised,
    "compte": french.count,
    "moment": french.moment,
    "octets": french.weight,
}


def site_name(region: str | None) -> str:
    """Return the name of the observatory of a Region, or of the whole country.

    >>> site_name("52"), site_name(None)
    ('Observatoire des Pays de la Loire', 'Observatoire des territoires')
    """
    return f"Observatoire {_OF_REGION.get(region or '', 'des territoires')}"


def page(
    request: Request, template: str, status: int = 200, *, private: bool = False, **values: Any
) -> HTMLResponse:
    """Return a page under the site's policy; the template gets the nonce, the site and the URLs of its files.

    A private one, and any that is not made for the public, is kept by nobody, and not compressed: it may hold secrets
    beside what others have written.
    """
    audience = reader_of(request).audience
    nonce = csp.new_nonce()
    root = str(request.scope.get("root_path", ""))
    html = _templates.get_template(template).render(
        values
        | {
            "nonce": nonce,
            "site": site_name(getattr(request.app.state, "region", None)),
            "navigation": NAVIGATION,
            "root": root,
            "static": lambda name: static_url(name, root),
            "motifs": PATTERNS,
            "edition": None if audience is Audience.PUBLIC else LABELS[audience],
        }
    )
    if private or audience is not Audience.PUBLIC:
        return HTMLResponse(html, status, csp.headers(nonce) | {"Cache-Control": "no-store"})
    headers = csp.headers(nonce) | {"Vary": VARY}
    coding = negotiated(request.headers.get("accept-encoding", "").encode("latin-1"))
    if coding is None:
        return HTMLResponse(html, status, headers)
    # The page holds nothing secret, so compressing it tells nothing to who measures its length.
    return HTMLResponse(coding.whole(html.encode()), status, headers | {"Content-Encoding": coding.name})
