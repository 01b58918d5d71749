"""The natures of indicators; each decides how values are mapped, summed and converted."""

from enum import StrEnum


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
    def additive(self) -> bool:
        """Whether values of parts add up to the value of the whole."""
        return self in (Nature.STOCK, Nature.FLOW)

    @property
    def map_form(self) -> str:
        """How it is mapped: what adds up as circles of proportional area, everything else as a choropleth.

        >>> Nature.STOCK.map_form, Nature.DENSITY.map_form
        ('circles', 'choropleth')
        """
        return "circles" if self.additive else "choropleth"


LABELS = {
    Nature.STOCK: "effectif",
    Nature.FLOW: "flux",
    Nature.RATIO: "rapport",
    Nature.DENSITY: "densité",
    Nature.WEIGHTED_MEAN: "moyenne pondérée",
    Nature.MEDIAN: "médiane ou quantile",
    Nature.INDEX: "indice",
    Nature.TYPOLOGY: "typologie",
    Nature.GROWTH: "taux d’évolution annuel moyen",
}
