"""What an indicator's nature allows: the one table of rules, read by every route, page and job.

For each nature, the table says how values are put together over space and over time, rounded, mapped, compared,
ranked, classed and converted from one geography to another; and, for what it forbids, why and what to ask instead.
Values are stored as they were delivered or computed: nothing is rounded before it is summed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from geo.classes import Method
from geo.errors import Invalid


class Nature(StrEnum):
    """What kind of quantity an indicator is."""

    STOCK = "stock"
    FLOW = "flow"
    RATIO = "ratio"
    DENSITY = "density"
    WEIGHTED_MEAN = "weighted-mean"
    MEDIAN = "median"
    INDEX = "index"
    TYPOLOGY = "typology"
    GROWTH = "growth"

    @property
    def rules(self) -> "Rules":
        """What the nature allows."""
        return RULES[self]

    @property
    def additive(self) -> bool:
        """Whether values of parts add up to the value of the whole."""
        return self.rules.over_space is Operation.SUM

    @property
    def map_form(self) -> "Form":
        """How it is mapped: what adds up as circles of proportional area, categories by hue, the rest by classes.

        >>> str(Nature.STOCK.map_form), str(Nature.DENSITY.map_form), str(Nature.TYPOLOGY.map_form)
        ('circles', 'choropleth', 'categories')
        """
        return self.rules.form


class Operation(StrEnum):
    """What may be asked of several values; the value is the word used in URLs."""

    SUM = "sum"
    MEAN = "mean"
    RATIO = "ratio"
    WEIGHTED_MEAN = "weighted-mean"
    MEDIAN = "median"
    GROWTH = "growth"
    INDEX = "index"
    SHARES = "shares"
    LAST = "last"


class Form(StrEnum):
    """How values are put on a map."""

    CIRCLES = "circles"
    CHOROPLETH = "choropleth"
    CATEGORIES = "categories"


class Gap(StrEnum):
    """How two values are compared: in the unit, in per cent of the other, in points, or as equal or not."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    POINTS = "points"
    SAME = "same"


class Conversion(StrEnum):
    """How values go from one millesime to another."""

    SUMMED = "summed"
    RECOMPUTED = "recomputed"
    DECLARED = "declared-rule"
    IMPOSSIBLE = "impossible"


class Sheet(Protocol):
    """What the rules read of an indicator's sheet; the indicators it names are in the catalogue."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def decimals(self) -> int: ...  # noqa: D102
    @property
    def nature(self) -> Nature: ...  # noqa: D102
    @property
    def numerator(self) -> str | None: ...  # noqa: D102
    @property
    def denominator(self) -> str | None: ...  # noqa: D102
    @property
    def weight(self) -> str | None: ...  # noqa: D102
    @property
    def base_period(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Rules:
    """What one nature allows.

    `over_space` is the one formula over a set of territories (None: only the producer's value of each level), and
    `parts` the fields of the sheet whose indicators it is computed from; without them in the catalogue, only the
    producer's own values exist. `over_time` lists what may be asked of several periods, the usual first.
    `refused` says why an operation has no meaning, and `instead` what to ask; `refused_form` the same of the map.
    """

    label: str
    said: str
    over_space: Operation | None
    parts: tuple[str, ...]
    over_time: tuple[Operation, ...]
    form: Form
    gaps: tuple[Gap, ...]
    conversion: Conversion
    instead: str
    over_time_instead: str
    refused: Mapping[Operation, str] = field(default_factory=dict)
    rankable: bool = True
    signed: bool = False
    methods: tuple[Method, ...] = ()


_METHODS = tuple(Method)
_FIGURES = (Gap.ABSOLUTE, Gap.RELATIVE)
_ONE_PERIOD = "demandez une seule période (period=)"
_PRODUCER = (
    "demandez la valeur que le producteur publie pour le niveau voulu (/values?level=…), par exemple celle de l’EPCI "
    "ou du département"
)

RULES: Mapping[Nature, Rules] = {
    Nature.STOCK: Rules(
        label="effectif",
        said="Un effectif",
        over_space=Operation.SUM,
        parts=(),
        over_time=(Operation.LAST, Operation.MEAN),
        form=Form.CIRCLES,
        gaps=_FIGURES,
        conversion=Conversion.SUMMED,
        instead="demandez la somme (operation=sum)",
        over_time_instead="demandez la dernière valeur (operation=last) ou la moyenne des dates (operation=mean)",
        refused={
            Operation.MEAN: "la moyenne par territoire dépend du découpage, pas de ce qui est mesuré",
        },
    ),
    Nature.FLOW: Rules(
        label="flux",
        said="Un flux",
        over_space=Operation.SUM,
        parts=(),
        over_time=(Operation.SUM, Operation.MEAN),
        form=Form.CIRCLES,
        gaps=_FIGURES,
        conversion=Conversion.SUMMED,
        instead="demandez la somme (operation=sum)",
        over_time_instead="demandez la somme des périodes (operation=sum) ou leur moyenne (operation=mean)",
        refused={
            Operation.MEAN: "la moyenne par territoire dépend du découpage, pas de ce qui est mesuré",
            Operation.LAST: "la dernière période ne dit rien des autres",
        },
    ),
    Nature.RATIO: Rules(
        label="rapport",
        said="Un rapport",
        over_space=Operation.RATIO,
        parts=("numerator", "denominator"),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=(Gap.POINTS,),
        conversion=Conversion.RECOMPUTED,
        instead="demandez le rapport des sommes (operation=ratio) : somme des numérateurs sur somme des dénominateurs",
        over_time_instead=_ONE_PERIOD,
        refused={
            Operation.SUM: "des taux ne s’additionnent pas",
            Operation.MEAN: "la moyenne de taux donne le même poids à un village et à une métropole",
        },
        methods=_METHODS,
    ),
    Nature.DENSITY: Rules(
        label="densité",
        said="Une densité",
        over_space=Operation.RATIO,
        parts=("numerator", "denominator"),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=_FIGURES,
        conversion=Conversion.RECOMPUTED,
        instead="demandez le rapport des sommes (operation=ratio) : somme des effectifs sur somme des surfaces",
        over_time_instead=_ONE_PERIOD,
        refused={
            Operation.SUM: "des densités ne s’additionnent pas",
            Operation.MEAN: "la moyenne de densités donne le même poids à un petit et à un grand territoire",
        },
        methods=_METHODS,
    ),
    Nature.WEIGHTED_MEAN: Rules(
        label="moyenne pondérée",
        said="Une moyenne pondérée",
        over_space=Operation.WEIGHTED_MEAN,
        parts=("weight",),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=_FIGURES,
        conversion=Conversion.RECOMPUTED,
        instead="demandez la moyenne pondérée par l’effectif sur lequel chacune est calculée (operation=weighted-mean)",
        over_time_instead=_ONE_PERIOD,
        refused={
            Operation.SUM: "des moyennes ne s’additionnent pas",
            Operation.MEAN: "la moyenne sans poids de moyennes n’est pas la moyenne de l’ensemble",
        },
        methods=_METHODS,
    ),
    Nature.MEDIAN: Rules(
        label="médiane ou quantile",
        said="Une médiane ou un quantile",
        over_space=None,
        parts=(),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=_FIGURES,
        conversion=Conversion.IMPOSSIBLE,
        instead=_PRODUCER,
        over_time_instead=_ONE_PERIOD,
        refused=dict.fromkeys(
            Operation,
            "aucune formule ne donne la médiane d’un ensemble à partir de celles de ses parties",
        ),
        methods=_METHODS,
    ),
    Nature.INDEX: Rules(
        label="indice",
        said="Un indice",
        over_space=Operation.INDEX,
        parts=("numerator", "base_period"),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=(Gap.POINTS,),
        conversion=Conversion.RECOMPUTED,
        instead="demandez l’indice recalculé sur les sommes (operation=index)",
        over_time_instead=_ONE_PERIOD,
        refused={
            Operation.SUM: "des indices ne s’additionnent pas",
            Operation.MEAN: "la moyenne d’indices oublie la taille de ce qui est comparé à sa base",
        },
        methods=_METHODS,
    ),
    Nature.TYPOLOGY: Rules(
        label="typologie",
        said="Une typologie",
        over_space=Operation.SHARES,
        parts=(),
        over_time=(),
        form=Form.CATEGORIES,
        gaps=(Gap.SAME,),
        conversion=Conversion.DECLARED,
        instead="demandez la part des territoires de chaque catégorie (operation=shares)",
        over_time_instead=_ONE_PERIOD,
        refused=dict.fromkeys(
            Operation,
            "ses codes nomment des catégories : aucun calcul ne se fait sur eux",
        ),
        rankable=False,
    ),
    Nature.GROWTH: Rules(
        label="taux d’évolution annuel moyen",
        said="Un taux d’évolution",
        over_space=Operation.GROWTH,
        parts=("numerator",),
        over_time=(),
        form=Form.CHOROPLETH,
        gaps=(Gap.POINTS,),
        conversion=Conversion.RECOMPUTED,
        instead="demandez le taux calculé sur les sommes (operation=growth)",
        over_time_instead="demandez le taux entre la première et la dernière date, par exemple period=2016-2022",
        refused={
            Operation.SUM: "des taux annuels ne s’additionnent pas",
            Operation.MEAN: "la moyenne de taux donne le même poids à un village et à une métropole",
        },
        signed=True,
        methods=_METHODS,
    ),
}

OPERATIONS: Mapping[Operation, str] = {
    Operation.SUM: "la somme",
    Operation.MEAN: "la moyenne simple",
    Operation.RATIO: "le rapport des sommes",
    Operation.WEIGHTED_MEAN: "la moyenne pondérée",
    Operation.MEDIAN: "la médiane",
    Operation.GROWTH: "le taux d’évolution",
    Operation.INDEX: "l’indice recalculé",
    Operation.SHARES: "la part de chaque catégorie",
    Operation.LAST: "la dernière valeur",
}
FORMS: Mapping[Form, str] = {
    Form.CIRCLES: "cercles proportionnels",
    Form.CHOROPLETH: "aplats de couleur (choroplèthe)",
    Form.CATEGORIES: "catégories",
}
_NEEDED: Mapping[str, str] = {
    "numerator": "son numérateur",
    "denominator": "son dénominateur",
    "weight": "le poids de chaque moyenne",
    "base_period": "sa période de référence",
}
_ROUNDING = "après agrégation, à la lecture seulement"


class NatureForbids(Invalid):
    """An operation that the nature of an indicator forbids; `instead` is what to ask, `accepted` the words of it."""

    def __init__(self, nature: Nature, asked: str, why: str, instead: str, accepted: tuple[str, ...] = ()) -> None:
        super().__init__(f"{why} À la place, {instead}.")
        self.members: dict[str, Any] = {
            "nature": nature.value,
            "refused": asked,
            "accepted": list(accepted),
            "instead": instead,
        }


def aggregation(sheet: Sheet) -> Operation | None:
    """Return how the values of a set of territories make one; None where only the producer's own values exist.

    A ratio, a density, a weighted mean, an index or a growth rate is recomputed from its parts: where they are not
    in the catalogue, its values are known as the producer gives them and no formula holds.
    """
    rules = sheet.nature.rules
    return rules.over_space if _has_parts(sheet) else None


def conversion(sheet: Sheet) -> Conversion:
    """Return how the values go from one millesime to another."""
    found = sheet.nature.rules.conversion
    return Conversion.IMPOSSIBLE if found is Conversion.RECOMPUTED and not _has_parts(sheet) else found


def over_space(sheet: Sheet, asked: Operation | None = None) -> Operation:
    """Return the operation over a set of territories: the nature's own, which is the only one.

    Raises NatureForbids when another is asked for, or when the indicator has none.
    """
    rules, own = sheet.nature.rules, aggregation(sheet)
    if own is not None and asked in (None, own):
        return own
    named = f"{rules.said} (« {sheet.label} ») ne s’agrège pas"
    if own is None:
        if rules.over_space is None:
            why = f"{named} : {rules.refused[asked or Operation.SUM]}."
        else:
            lacking = " ni ".join(_NEEDED[part] for part in rules.parts if getattr(sheet, part) is None)
            why = f"{named} : l’observatoire n’a pas {lacking}, seulement les valeurs du producteur."
        raise NatureForbids(sheet.nature, str(asked or "aggregate"), why, _PRODUCER)
    given = asked or own
    reason = rules.refused.get(given, f"{OPERATIONS[given]} n’a pas de sens pour cette nature")
    raise NatureForbids(
        sheet.nature,
        given,
        f"{named} par {OPERATIONS[given]} : {reason}.",
        rules.instead,
        (own,),
    )


def over_time(sheet: Sheet, asked: Operation | None = None) -> Operation:
    """Return the operation over several periods: the one asked for, or the usual one of the nature.

    Raises NatureForbids for a stock summed over years (the same people counted several times), and for natures
    that have one value for each period and nothing over several.
    """
    rules = sheet.nature.rules
    if rules.over_time and asked is None:
        return rules.over_time[0]
    if asked in rules.over_time and asked is not None:
        return asked
    named = f"{rules.said} (« {sheet.label} ») ne s’agrège pas"
    if not rules.over_time:
        why = f"{named} dans le temps : chaque période a sa propre valeur."
    elif asked is Operation.SUM:
        why = f"{named} dans le temps par la somme : ce qui dure serait compté à chaque date."
    else:
        given = asked or Operation.SUM
        reason = rules.refused.get(given) if given is not Operation.MEAN else None
        why = f"{named} dans le temps par {OPERATIONS[given]} : {reason or 'elle n’a pas de sens ici'}."
    raise NatureForbids(
        sheet.nature, f"{asked or 'aggregate'} over time", why, rules.over_time_instead, tuple(rules.over_time)
    )


def map_form(sheet: Sheet, asked: Form | None = None) -> Form:
    """Return the form of the map. Raises NatureForbids when another is asked for."""
    rules = sheet.nature.rules
    if asked in (None, rules.form):
        return rules.form
    reasons = {
        Form.CIRCLES: "une couleur étendue à la surface d’un territoire ferait lire un total comme une intensité",
        Form.CHOROPLETH: "l’aire d’un cercle ferait lire une intensité comme une quantité qui s’additionne",
        Form.CATEGORIES: "ses valeurs nomment des catégories, sans grandeur ni ordre",
    }
    raise NatureForbids(
        sheet.nature,
        str(asked),
        f"{rules.said} (« {sheet.label} ») ne se met pas en carte par {FORMS[asked or rules.form]} : "
        f"{reasons[rules.form]}.",
        f"demandez la carte par {FORMS[rules.form]}",
        (rules.form,),
    )


def require_rank(sheet: Sheet) -> None:
    """Raise NatureForbids where values have no order."""
    rules = sheet.nature.rules
    if not rules.rankable:
        raise NatureForbids(
            sheet.nature,
            "rank",
            f"{rules.said} (« {sheet.label} ») ne se classe pas : ses catégories n’ont pas d’ordre.",
            "rangez les territoires par nom ou par code, ou comparez leurs catégories (égales ou différentes)",
        )


def require_classes(sheet: Sheet, asked: Method) -> None:
    """Raise NatureForbids where the map has no classes for a method to cut."""
    rules = sheet.nature.rules
    if asked not in rules.methods:
        raise NatureForbids(
            sheet.nature,
            f"classes {asked}",
            f"{rules.said} (« {sheet.label} ») n’a pas de classes à découper (« {asked} »).",
            f"la carte par {FORMS[rules.form]} se lit sans elles",
        )


def two_dates(sheet: Sheet, period: str) -> tuple[str, str]:
    """Return the two dates of a period `2016-2022`, between which a growth rate or an index is computed.

    Raises NatureForbids when it has one only, or when the second does not follow the first.
    """
    first, _, last = period.partition("-")
    if first.isdecimal() and last.isdecimal() and len(first) == len(last) == 4 and "0000" < first < last:
        return first, last
    rules = sheet.nature.rules
    raise NatureForbids(
        sheet.nature,
        f"{sheet.nature} {period}",
        f"{rules.said} (« {sheet.label} ») se calcule entre deux dates ; « {period} » n’en donne pas deux qui se "
        "suivent.",
        "donnez les deux, par exemple 2016-2022",
    )


def described(sheet: Sheet) -> dict[str, Any]:
    """Return the rules of an indicator as programs read them."""
    rules = sheet.nature.rules
    own = aggregation(sheet)
    return {
        "label": rules.label,
        "aggregation": own,
        "computed_from": [getattr(sheet, part) for part in rules.parts] if own else [],
        "over_time": list(rules.over_time),
        "rounding": {"decimals": sheet.decimals, "when": _ROUNDING},
        "map_form": rules.form,
        "class_methods": list(rules.methods),
        "comparison": list(rules.gaps),
        "rankable": rules.rankable,
        "conversion": conversion(sheet),
        "instead": _PRODUCER if own is None else rules.instead,
    }


def _has_parts(sheet: Sheet) -> bool:
    return all(getattr(sheet, part) is not None for part in sheet.nature.rules.parts)
