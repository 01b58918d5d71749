"""The layers of an indicator as QGIS opens them: its finest level through the OGC API, the coarser ones whole.

The finest one has a field for each period, and QGIS sends its filters to the server; the coarser ones have few
territories, and are read at once.
"""

import re
from urllib.parse import urlencode

import sqlalchemy as sa

from api.drawings import drawing_of
from api.layers import period_suffix
from api.ogc.asked import Wanted, layer_of, wanted_of
from api.ogc.collected import Collected
from api.pages.selection import MAPPED, Selection
from api.pages.wording import title
from geo.errors import NotFound
from geo.formats.qgislayers import MapLayer, Source, file_at, ogc_api
from indicators import published

KEY = "VOTRE_CLE"  # a key is never repeated: who has one writes it here
LONGEST = 10_000  # territories of a level coarser than communes


def layers_of(
    conn: sa.Connection, base: str, collected: Collected, latest: int, period: str | None, *, keyed: bool
) -> list[MapLayer]:
    """Return the layers of an indicator at a period (the last by default), the finest level first and alone shown.

    `base` is the address of the server, with a slash. Where the layers are `keyed`, their addresses have a place for a
    key: without it they would show what the public sees, and other figures are wanted. Raises NotFound for a period
    that there is nothing of, and NotYetComputed.
    """
    finest = wanted_of(conn, collected, latest)
    sheet = collected.sheet
    if sheet is None:
        raise ValueError(f"collection {collected.id} is not that of an indicator")
    offered = published.choices(conn, sheet.id)
    periods = offered.periods[finest.level, finest.millesime]
    if period is not None and period not in periods:
        raise NotFound(
            f"Période « {period} » non publiée pour « {sheet.id} » dans la géographie {finest.millesime}. "
            f"Périodes : {', '.join(periods)}."
        )
    at = period or periods[-1]
    levels = [
        level
        for level in MAPPED
        if level is not finest.level and at in offered.periods.get((level, finest.millesime), ())
    ]
    query = {"cle": KEY} if keyed else {}
    suffix = period_suffix(at)
    landing = f"{base}api" + (f"?{urlencode(query)}" if query else "")
    first = _layer(conn, finest, at, ogc_api(landing, collected.id), f"value_{suffix}", f"status_{suffix}")
    found = [first]
    for level in levels:
        wanted = wanted_of(conn, collected, latest, millesime=finest.millesime, level=level, period=at)
        asked = {
            "f": "geojson",
            "level": level.value,
            "period": at,
            "millesime": finest.millesime,
            "limit": LONGEST,
        }
        address = f"{base}api/collections/{collected.id}/items?{urlencode(asked | query)}"
        found.append(_layer(conn, wanted, at, file_at(address), "value", "status"))
    return [one for one in found if one is not None]


def _layer(
    conn: sa.Connection, wanted: Wanted, period: str, source: Source, value: str, status: str
) -> MapLayer | None:
    sheet = wanted.collected.sheet
    if sheet is None:
        raise ValueError(f"collection {wanted.collected.id} is not that of an indicator")
    selection = Selection(sheet, wanted.level, period, wanted.millesime)
    drawing = drawing_of(conn, selection, value, status)
    if drawing is None:
        return None
    described = layer_of(conn, wanted, computed=False)
    name = title(selection)
    return MapLayer(
        re.sub("[^0-9A-Za-z_]", "_", f"{sheet.id}_{wanted.level.value}_{period}"),
        name[:1].upper() + name[1:],
        source,
        described.fields,
        drawing,
        shown=source.provider == "OAPIF",
        abstract=described.description,
        credits=described.source,
        licence=described.licence,
    )
