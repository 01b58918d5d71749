"""The symbols of QGIS for polygons: fills of a colour and a brush, circles at a point inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

OUTLINE, OUTLINE_MM = "#ffffff", "0.1"
RIM_MM = "0.21"  # 0.8 px
CIRCLE_OPACITY = 0.82


@dataclass(frozen=True)
class Fill:
    """A colour, a brush of Qt, and the colour of the border, if there is one."""

    colour: str
    brush: str = "solid"
    outline: str | None = OUTLINE


@dataclass(frozen=True)
class Circle:
    """A disc at a point inside the polygon; `diameter` is an expression of QGIS, in mm."""

    colour: str
    diameter: str


def symbol(name: str, painted: Sequence[Fill | Circle]) -> ET.Element:
    """Return the element of a symbol of polygons, from the lowest to the highest of what it paints."""
    made = _symbol(name, "fill")
    for rank, one in enumerate(painted):
        if isinstance(one, Fill):
            made.append(_fill(one))
        else:
            made.append(_circle(one, f"@{name}@{rank}"))
    return made


def _fill(fill: Fill) -> ET.Element:
    options = {
        "color": _rgba(fill.colour),
        "style": fill.brush,
        "outline_color": _rgba(fill.outline or OUTLINE),
        "outline_style": "solid" if fill.outline else "no",
        "outline_width": OUTLINE_MM,
        "outline_width_unit": "MM",
    }
    return _layer("SimpleFill", 0, options)


def _circle(circle: Circle, name: str) -> ET.Element:
    # One for a territory of several parts, inside it, and never cut at its border.
    where = {"point_on_surface": "1", "point_on_all_parts": "0", "clip_points": "0"}
    made = _layer("CentroidFill", 1, where)
    options = {
        "name": "circle",
        "color": _rgba(circle.colour, CIRCLE_OPACITY),
        "outline_color": _rgba(OUTLINE),
        "outline_style": "solid",
        "outline_width": RIM_MM,
        "outline_width_unit": "MM",
        "size": "2",
        "size_unit": "MM",
        "scale_method": "diameter",  # the expression takes the square root itself
    }
    marker = _layer("SimpleMarker", 0, options)
    marker.append(_defined("size", circle.diameter))
    inner = _symbol(name, "marker")
    inner.append(marker)
    made.append(inner)
    return made


def _symbol(name: str, kind: str) -> ET.Element:
    return ET.Element("symbol", name=name, type=kind, alpha="1", clip_to_extent="1")


def _layer(kind: str, level: int, options: dict[str, str]) -> ET.Element:
    made = ET.Element("layer", {"class": kind, "enabled": "1", "pass": str(level), "locked": "0"})
    held = ET.SubElement(made, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(held, "Option", type="QString", name=name, value=value)
    return made


def _defined(name: str, expression: str) -> ET.Element:
    """A property that an expression gives, as QGIS stores collections of them."""
    made = ET.Element("data_defined_properties")
    held = ET.SubElement(made, "Option", type="Map")
    ET.SubElement(held, "Option", type="QString", name="name", value="")
    properties = ET.SubElement(held, "Option", type="Map", name="properties")
    own = ET.SubElement(properties, "Option", type="Map", name=name)
    ET.SubElement(own, "Option", type="bool", name="active", value="true")
    ET.SubElement(own, "Option", type="QString", name="expression", value=expression)
    ET.SubElement(own, "Option", type="int", name="type", value="3")  # an expression
    ET.SubElement(held, "Option", type="QString", name="type", value="collection")
    return made


def _rgba(colour: str, opacity: float = 1.0) -> str:
    """Return a colour as QGIS writes it.

    >>> _rgba("#0b4056"), _rgba("#0b4056", 0.5)
    ('11,64,86,255', '11,64,86,128')
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"
