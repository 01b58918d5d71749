"""QGIS styles (QML): classes of colour and circles as rules, absences as patterns, each with the words of the legend.

Rules, not QGIS's graduated renderer: that one closes intervals on both sides, and has no place for a status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from geo.formats.layer import Field
from geo.formats.qgissymbols import Circle, Fill, symbol
from geo.palettes import CROSS, DASHES, DOTS, HATCH, LINES, PLUSES, SLASHES, ZIGZAG, Pattern

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
# The brush of Qt that is nearest to each pattern of the site, all different.
BRUSHES = {
    HATCH: "b_diagonal",
    LINES: "vertical",
    CROSS: "diagonal_x",
    DOTS: "dense7",
    ZIGZAG: "horizontal",
    SLASHES: "f_diagonal",
    DASHES: "dense6",
    PLUSES: "cross",
}
MM_PER_PX = 25.4 / 96  # a pixel as CSS has it


@dataclass(frozen=True)
class Rule:
    """What is drawn alike: an expression of QGIS, the words of the legend, and what is painted, the lowest first."""

    expression: str
    label: str
    painted: tuple[Fill | Circle, ...]


@dataclass(frozen=True)
class Drawing:
    """How features are drawn: every rule that holds paints; by the expression `highest_first`, the highest first."""

    rules: tuple[Rule, ...]
    highest_first: str | None = None


def class_rules(
    value: str, inner: Sequence[float], colours: Sequence[str], labels: Sequence[str], among: str = "TRUE"
) -> list[Rule]:
    """Return a rule for each class, from low to high; a value equal to a limit is in the class above it.

    `value` is an expression; `inner` are the limits between classes, one fewer than the colours, as `geo.classes` has
    them; `among` is what a feature must fulfil to be classed at all.

    >>> [rule.expression for rule in class_rules('"value"', [10.5], ["#ffffff", "#000000"], ["", ""])]
    ['"value" < 10.5 AND TRUE', '"value" >= 10.5 AND TRUE']
    """
    rules = []
    for rank, (colour, label) in enumerate(zip(colours, labels, strict=True)):
        bounds = [f"{value} >= {inner[rank - 1]!r}"] if rank else []
        bounds += [f"{value} < {inner[rank]!r}"] if rank < len(inner) else []
        bounds += [] if bounds else [f"{value} IS NOT NULL"]
        rules.append(Rule(" AND ".join([*bounds, among]), label, (Fill(colour),)))
    return rules


def rounded(value: str, digits: int) -> str:
    """Return the expression of a value as people read it: half away from zero, whatever the binary digits of a half.

    QGIS's own `round` reads 1.005 as 1.00.

    >>> rounded('"value"', 1)
    '(if("value" < 0, -1, 1) * floor(abs("value") * 10.0 + 0.500000001) / 10.0)'
    """
    scale = repr(10.0**digits)
    return f"(if({value} < 0, -1, 1) * floor(abs({value}) * {scale} + 0.500000001) / {scale})"


def circle_rule(condition: str, label: str, ground: Fill, colour: str, diameter: str) -> Rule:
    """Return the rule of a circle on a plain ground; `diameter` is an expression, in mm."""
    return Rule(condition, label, (ground, Circle(colour, diameter)))


def legend_rule(label: str, ground: Fill, colour: str, diameter: str) -> Rule:
    """Return a rule that no feature fulfils: a circle of reference, seen in the legend alone."""
    return circle_rule("FALSE", label, ground, colour, diameter)


def diameter(value: str, top: float, radius_px: float) -> str:
    """Return the expression of the diameter in mm of the circle of a value: its area is proportional to the value.

    `radius_px` is the radius of the circle of `top`, in CSS pixels.

    >>> diameter('"value"', 400.0, 30.0)
    '15.875 * sqrt(abs("value") / 400.0)'
    """
    return f"{millimetres(2 * radius_px)} * sqrt(abs({value}) / {top!r})"


def millimetres(px: float) -> str:
    """Return CSS pixels in millimetres, as expressions write them.

    >>> millimetres(96)
    '25.4'
    """
    return repr(round(px * MM_PER_PX, 4))


def pattern_rule(status: str, code: str, label: str, pattern: Pattern) -> Rule:
    """Return the rule of a status, by the words of the legend: a pattern on its own ground, or over what is beneath.

    >>> print(pattern_rule("status", "secret", "secret statistique", LINES).expression)
    "status" = 'secret'
    """
    over = Fill(pattern.ink, BRUSHES[pattern], outline=None)
    ground = () if pattern.background is None else (Fill(pattern.background),)
    return Rule(f"{quoted(status)} = {told(code)}", label, (*ground, over))


def style(drawing: Drawing, fields: Sequence[Field]) -> str:
    """Return the QML of polygons drawn by rules, whose fields have their titles; what fits no rule is not drawn."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology|Fields")
    root.extend((renderer(drawing), aliases(fields)))
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def renderer(drawing: Drawing) -> ET.Element:
    """Return the element of a rule-based renderer."""
    circles = any(isinstance(one, Circle) for rule in drawing.rules for one in rule.painted)
    # By levels of symbols, all grounds are drawn before any circle: a neighbour hides none.
    made = ET.Element("renderer-v2", type="RuleRenderer", symbollevels=str(int(circles)), forceraster="0")
    listed = ET.SubElement(made, "rules", key="root")
    symbols = ET.SubElement(made, "symbols")
    for rank, rule in enumerate(drawing.rules):
        told_rule = {"key": f"rule{rank}", "symbol": str(rank), "filter": rule.expression, "label": rule.label}
        ET.SubElement(listed, "rule", told_rule)
        symbols.append(symbol(str(rank), rule.painted))
    if drawing.highest_first is not None:
        made.set("enableorderby", "1")
        order = ET.SubElement(made, "orderby")
        ET.SubElement(order, "orderByClause", asc="0", nullsFirst="0").text = drawing.highest_first
    return made


def aliases(fields: Sequence[Field]) -> ET.Element:
    """Return the element of the titles of fields."""
    made = ET.Element("aliases")
    for rank, one in enumerate(fields):
        ET.SubElement(made, "alias", index=str(rank), field=one.name, name=one.heading)
    return made


def quoted(field: str) -> str:
    """Return a field as expressions of QGIS name it.

    >>> quoted('taux "brut"')
    '"taux ""brut""\"'
    """
    return '"' + field.replace('"', '""') + '"'


def told(text: str) -> str:
    """Return a text as expressions of QGIS write it.

    >>> told("l'Île")
    "'l''Île'"
    """
    return "'" + text.replace("'", "''") + "'"
