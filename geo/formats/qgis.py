"""QGIS styles (QML): classes of colour as rules, absences of value as patterns, each with the words of the legend.

Rules, not QGIS's graduated renderer: that one closes intervals on both sides, and has no place for a status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from geo.formats.layer import Field

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
OUTLINE, OUTLINE_MM = "#ffffff", "0.1"
ABSENT = "#8a8a8a"
HATCHED = "f_diagonal"  # a brush of Qt


@dataclass(frozen=True)
class Rule:
    """What is drawn alike: an expression of QGIS, the words of the legend, the colour, and a brush of Qt."""

    expression: str
    label: str
    colour: str
    brush: str = "solid"


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
        rules.append(Rule(" AND ".join([*bounds, among]), label, colour))
    return rules


def absence_rules(status: str, labels: Mapping[str, str]) -> list[Rule]:
    """Return a rule for each status of a feature that has no figure, by the words of the legend.

    >>> print(absence_rules("status", {"secret": "secret statistique"})[0].expression)
    "status" = 'secret'
    """
    return [Rule(f"{quoted(status)} = {told(code)}", label, ABSENT, HATCHED) for code, label in labels.items()]


def style(rules: Sequence[Rule], fields: Sequence[Field]) -> str:
    """Return the QML of polygons drawn by rules, whose fields have their titles; what fits no rule is not drawn."""
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology|Fields")
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
    aliases = ET.SubElement(root, "aliases")
    for rank, one in enumerate(fields):
        ET.SubElement(aliases, "alias", index=str(rank), field=one.name, name=one.heading)
    return DOCTYPE + ET.tostring(root, encoding="unicode")


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


def _rgba(colour: str) -> str:
    """Return a colour as QGIS writes it.

    >>> _rgba("#0b4056")
    '11,64,86,255'
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},255"
