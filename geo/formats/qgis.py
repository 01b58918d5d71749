"""QGIS styles (QML): classes of colour as rules, absences of value as patterns, each with the words of the legend.

Rules, not QGIS's graduated renderer: that one closes intervals on both sides, and has no place for a status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
OUTLINE, OUTLINE_MM = "#ffffff", "0.1"
HATCHED = "f_diagonal"  # a brush of Qt


@dataclass(frozen=True)
class Rule:
    """What is drawn alike: an expression of QGIS, the words of the legend, the colour, and a brush of Qt."""

    expression: str
    label: str
    colour: str
    brush: str = "solid"


def class_rules(value: str, inner: Sequence[float], colours: Sequence[str], labels: Sequence[str]) -> list[Rule]:
    """Return a rule for each class, from low to high; a value equal to a limit is in the class above it.

    `inner` are the limits between classes, one fewer than the colours, as `geo.classes` has them.

    >>> [rule.expression for rule in class_rules("value", [10.5], ["#ffffff", "#000000"], ["", ""])]
    ['"value" < 10.5', '"value" >= 10.5']
    """
    field = quoted(value)
    rules = []
    for rank, (colour, label) in enumerate(zip(colours, labels, strict=True)):
        bounds = [f"{field} >= {inner[rank - 1]!r}"] if rank else []
        bounds += [f"{field} < {inner[rank]!r}"] if rank < len(inner) else []
        rules.append(Rule(" AND ".join(bounds) or f"{field} IS NOT NULL", label, colour))
    return rules


def absence_rule(value: str, status: str, code: str, label: str, colour: str) -> Rule:
    """Return the rule of the features that have no value for a reason.

    >>> absence_rule("value", "status", "secret", "secret statistique", "#888888").expression
    '"value" IS NULL AND "status" = \\'secret\\''
    """
    told = code.replace("'", "''")
    return Rule(f"{quoted(value)} IS NULL AND {quoted(status)} = '{told}'", label, colour, HATCHED)


def style(rules: Sequence[Rule]) -> str:
    """Return the QML of polygons drawn by rules; a feature that fits none is not drawn."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    listed = ET.SubElement(renderer, "rules", key="root")
    symbols = ET.SubElement(renderer, "symbols")
    for rank, rule in enumerate(rules):
        ET.SubElement(
            listed, "rule", key=f"rule{rank}", symbol=str(rank), filter=rule.expression, label=rule.label
        )
        symbol = ET.SubElement(symbols, "symbol", name=str(rank), type="fill", alpha="1", clip_to_extent="1")
        fill = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "pass": "0", "locked": "0"})
        options = ET.SubElement(fill, "Option", type="Map")
        for name, value in (
            ("color", _rgba(rule.colour)),
            ("style", rule.brush),
            ("outline_color", _rgba(OUTLINE)),
            ("outline_style", "solid"),
            ("outline_width", OUTLINE_MM),
            ("outline_width_unit", "MM"),
        ):
            ET.SubElement(options, "Option", type="QString", name=name, value=value)
            ET.SubElement(fill, "prop", k=name, v=value)  # read before QGIS 3.18
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def quoted(field: str) -> str:
    """Return a field as expressions of QGIS name it.

    >>> quoted('taux "brut"')
    '"taux ""brut""\"'
    """
    return '"' + field.replace('"', '""') + '"'


def _rgba(colour: str) -> str:
    """Return a colour as QGIS writes it.

    >>> _rgba("#0b4056")
    '11,64,86,255'
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},255"
