"""How QGIS draws an indicator: the classes, colours, circles, patterns and words of its map on the site."""

import sqlalchemy as sa

from api.pages.legend import (
    ABSENT,
    QUALIFIED,
    WORDS,
    class_labels,
    largest_radius,
    reference_circles,
    zero_lines,
)
from api.pages.reading import Reading, read
from api.pages.selection import Selection
from geo.errors import NotFound
from geo.formats.qgis import (
    Drawing,
    Rule,
    circle_rule,
    class_rules,
    diameter,
    legend_rule,
    millimetres,
    pattern_rule,
    quoted,
    rounded,
    told,
)
from geo.formats.qgissymbols import Fill
from geo.mapstyle import PLAIN
from geo.palettes import CIRCLE, CIRCLE_NEGATIVE
from indicators.natures import Form

GROUND = Fill(PLAIN, outline="#cfcabb")  # of a map of circles, as the site has it


def drawing_of(conn: sa.Connection, selection: Selection, value: str, status: str) -> Drawing | None:
    """Return how a selection is drawn, `value` and `status` being the fields that hold its figures.

    None where it is published no more. Raises NotYetComputed.
    """
    try:
        shown = read(conn, selection)
    except NotFound:
        return None
    absent = ", ".join(told(code) for code in ABSENT)
    among = f"{quoted(status)} NOT IN ({absent})"
    circles = selection.indicator.nature.map_form is Form.CIRCLES
    rules = _circles(shown, quoted(value), among) if circles else _classes(shown, quoted(value), among)
    rules += [pattern_rule(status, code, WORDS[code], pattern) for code, pattern in ABSENT.items()]
    # What is laid over a figure says nothing where there is none: it has a rule only where it is seen.
    held = set(shown.table.statuses)
    rules += [
        pattern_rule(status, code, WORDS[code], pattern) for code, pattern in QUALIFIED.items() if code in held
    ]
    return Drawing(tuple(rules), f"abs({quoted(value)})" if circles else None)


def _classes(shown: Reading, value: str, among: str) -> list[Rule]:
    sheet, classes = shown.selection.indicator, shown.classes
    if classes is None:
        raise ValueError(f"{sheet.id} has neither circles nor classes")
    labels = [sheet.categories[code] for code in sorted(sheet.categories)] or class_labels(classes, shown.signed)
    # classes are cut on figures as they are read
    return class_rules(rounded(value, sheet.decimals), classes.inner, shown.ramp, labels, among)


def _circles(shown: Reading, value: str, among: str) -> list[Rule]:
    """Return the rules of circles as large as those of the map of the site when it opens, and of its legend."""
    values = shown.known.values
    top, largest = max((abs(one) for one in values), default=0.0), largest_radius(values)
    if not top:
        return [Rule(f"{value} IS NOT NULL AND {among}", line.label, (GROUND,)) for line in zero_lines(values)]
    size = diameter(value, top, largest)
    label, unit = shown.selection.indicator.label, shown.selection.indicator.unit_short
    rules = [circle_rule(f"{value} > 0 AND {among}", label, GROUND, CIRCLE, size)]
    if min(values) < 0:
        rules.append(circle_rule(f"{value} < 0 AND {among}", f"{label}, négatif", GROUND, CIRCLE_NEGATIVE, size))
    rules += [Rule(f"{value} = 0 AND {among}", line.label, (GROUND,)) for line in zero_lines(values)]
    references = reference_circles(values, shown.selection.indicator.decimals)
    return rules + [
        legend_rule(f"{one.label} {unit}".strip(), GROUND, CIRCLE, millimetres(2 * one.radius))
        for one in references
    ]
