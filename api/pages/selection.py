"""What a reader asked the map page for: read from the query, completed with defaults, refused when wrong.

A parameter left out takes a sensible value. A wrong one is refused with what is accepted; but where the form
of the page says so (`ajuster`), a value that the new indicator does not have is replaced by the nearest it has.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from api.pages.french import listing, quoted
from boundaries.levels import LABELS as LEVEL_LABELS
from boundaries.levels import ZONINGS, Level, is_code
from geo.classes import MAX_CLASSES, MIN_CLASSES, Method
from geo.errors import Invalid, NotFound
from indicators.catalogue import Indicator, catalogue
from indicators.natures import Form, Nature, map_form, require_classes, require_rank, two_dates
from indicators.published import Choices

T = TypeVar("T")

# Perimetres are several lists at one level: on one map, one would hide another.
MAPPED = (
    *(Level.COMMUNE, Level.EPCI, Level.DEPARTEMENT, Level.REGION),
    *(level for level in ZONINGS if level is not Level.PERIMETRE),
)
ORDERS = ("valeur", "valeur-croissante", "nom", "code")
FORMS = {"cercles": Form.CIRCLES, "choroplethe": Form.CHOROPLETH, "categories": Form.CATEGORIES}


@dataclass(frozen=True)
class Selection:
    """One map: the coordinates of its values, and how they are classed, listed and pointed at.

    `method` and `classes` are None where nothing was asked for; the page then takes the indicator's own limits,
    or natural breaks in a number that suits the values.
    """

    indicator: Indicator
    level: Level
    period: str
    millesime: int
    method: Method | None = None
    classes: int | None = None
    territory: str | None = None
    order: str = "valeur"
    page: int = 1

    @property
    def effective_method(self) -> Method:
        """The method of the map: the one asked for, or the default of the indicator."""
        return self.method or default_method(self.indicator)

    @property
    def usual_order(self) -> str:
        """The order of the table where none is asked for."""
        return default_order(self.indicator)

    def query(self, **changes: Any) -> str:
        """Return the query string of this selection with changes; what has its default is left out."""
        chosen = replace(self, **changes)
        values: dict[str, Any] = {
            "indicateur": chosen.indicator.id,
            "niveau": chosen.level.value,
            "periode": chosen.period,
            "millesime": chosen.millesime,
            "methode": chosen.method.value if chosen.method else None,
            "classes": chosen.classes,
            "territoire": chosen.territory,
            "tri": chosen.order if chosen.order != chosen.usual_order else None,
            "page": chosen.page if chosen.page > 1 else None,
        }
        return urlencode({name: value for name, value in values.items() if value is not None})


def drawn_millesimes(choices: Choices, level: Level) -> list[int]:
    """Return the millesimes that have both values at a level and outlines, newest first."""
    return sorted(
        {year for (own, year), periods in choices.periods.items() if own == level and periods} & choices.outlined,
        reverse=True,
    )


def default_method(indicator: Indicator) -> Method:
    """Return the indicator's own limits where it has some, natural breaks otherwise."""
    return Method.MANUAL if indicator.breaks else Method.FISHER


def default_order(indicator: Indicator) -> str:
    """Return the order of the table: from the highest value, or by name where values have no order."""
    return "valeur" if indicator.nature.rules.rankable else "nom"


def shown(text: str) -> str:
    """Return what was given, cut short: an error page repeats no novel.

    >>> shown("x" * 100) == "x" * 60 + "…"
    True
    """
    return text if len(text) <= 60 else text[:60] + "…"


def chosen_indicator(query: Mapping[str, str], offered: Collection[str]) -> Indicator:
    """Return the indicator asked for, or the first ratio of those offered, which makes the clearest map.

    Raises NotFound for one that is not offered, whether it exists or not, and where none is.
    """
    known = {name: sheet for name, sheet in catalogue().items() if name in offered}
    if not known:
        raise NotFound("Aucun indicateur n’est encore publié.")
    asked = query.get("indicateur") or ""
    if not asked:
        mappable = [indicator for indicator in known.values() if indicator.breaks] or list(known.values())
        return mappable[0]
    if asked not in known:
        raise NotFound(
            f"Il n’y a pas d’indicateur {quoted(shown(asked))}. Indicateurs publiés : {_accepted(list(known))}."
        )
    return known[asked]


def select(query: Mapping[str, str], indicator: Indicator, choices: Choices) -> Selection:
    """Return the selection that the query asks for.

    Raises Invalid (a value without meaning), NotFound (a value that could exist and does not) or NatureForbids (an
    operation that the nature of the indicator has no place for).
    """
    tolerant = query.get("ajuster") == "1"
    if not tolerant:
        _require_nature(query, indicator)
    levels = [level for level in MAPPED if drawn_millesimes(choices, level)]
    if not levels:
        raise NotFound(f"L’indicateur {quoted(indicator.label)} n’a encore aucune valeur à mettre en carte.")
    level = _pick("niveau", query, levels, levels[0], tolerant)
    millesimes = drawn_millesimes(choices, level)
    millesime = _pick("millesime", query, millesimes, millesimes[0], tolerant)
    periods = choices.periods[level, millesime]
    period = _pick("periode", query, periods, periods[-1], tolerant)
    method = _method(query, indicator, tolerant)
    classed = bool(indicator.nature.rules.methods)
    return Selection(
        indicator,
        level,
        period,
        millesime,
        method=None if method is default_method(indicator) else method,
        classes=_integer("classes", query, MIN_CLASSES, MAX_CLASSES) if classed else None,
        territory=_territory(query, level, tolerant),
        order=_order(query, indicator, tolerant),
        page=_integer("page", query, 1, 100_000) or 1,
    )


def _pick(name: str, query: Mapping[str, str], accepted: Sequence[T], default: T, tolerant: bool) -> T:
    """Return the accepted value that the query names, or the default where it names none."""
    asked = query.get(name) or ""
    for value in accepted:
        if str(value) == asked:
            return value
    if not asked or tolerant:
        return default
    raise Invalid(
        f"Le paramètre {quoted(name)} vaut {quoted(shown(asked))} ; valeurs acceptées ici : {_accepted(accepted)}."
    )


def _require_nature(query: Mapping[str, str], indicator: Indicator) -> None:
    """Raise NatureForbids for what has no meaning for this nature, whatever is published."""
    if form := query.get("forme"):
        map_form(indicator, FORMS[_pick("forme", query, list(FORMS), form, False)])
    for asked in Method:
        if query.get("methode") == asked.value:
            require_classes(indicator, asked)
    if query.get("classes") and not indicator.nature.rules.methods:
        require_classes(indicator, default_method(indicator))
    if (query.get("tri") or "").startswith("valeur"):
        require_rank(indicator)
    if indicator.nature is Nature.GROWTH and (period := query.get("periode")):
        two_dates(indicator, shown(period))


def _order(query: Mapping[str, str], indicator: Indicator, tolerant: bool) -> str:
    rankable = indicator.nature.rules.rankable
    orders = [order for order in ORDERS if rankable or not order.startswith("valeur")]
    return _pick("tri", query, orders, default_order(indicator), tolerant)


def _method(query: Mapping[str, str], indicator: Indicator, tolerant: bool) -> Method:
    methods = [method for method in Method if method is not Method.MANUAL or indicator.breaks]
    return _pick("methode", query, methods, default_method(indicator), tolerant)


def _integer(name: str, query: Mapping[str, str], low: int, high: int) -> int | None:
    asked = query.get(name) or ""
    if not asked:
        return None
    if asked.isdecimal() and asked.isascii() and len(asked) < 9 and low <= int(asked) <= high:
        return int(asked)
    raise Invalid(
        f"Le paramètre {quoted(name)} vaut {quoted(shown(asked))} ; "
        f"un nombre entier de {low} à {high} est attendu."
    )


def _territory(query: Mapping[str, str], level: Level, tolerant: bool) -> str | None:
    code = query.get("territoire") or ""
    if not code or is_code(level, code):
        return code or None
    if tolerant:
        return None
    raise Invalid(f"{quoted(shown(code))} n’a pas la forme d’un code au niveau {quoted(LEVEL_LABELS[level][0])}.")


def _accepted(values: Sequence[object]) -> str:
    return listing([quoted(str(value)) for value in values], "ou")
