"""QGIS layer definitions (QLR): layers as they open in QGIS, where they are read from, and how they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from geo.formats.layer import Field
from geo.formats.qgis import Drawing, aliases, renderer

MEDIA_TYPE = "application/x-qgis-layer-definition"
EXTENSION = "qlr"
DOCTYPE = "<!DOCTYPE qgis-layer-definition>\n"
MOMENT = "20000101000000000"  # ids end with one, in place of which QGIS puts its own


@dataclass(frozen=True)
class Source:
    """Where QGIS reads a layer: the name of its provider, and what it calls a data source."""

    provider: str
    address: str


@dataclass(frozen=True)
class MapLayer:
    """A layer of polygons: its id (letters, digits and _), its titles, its source, and how it is drawn.

    Of several layers, QGIS shows at first those that are `shown`.
    """

    id: str
    title: str
    source: Source
    fields: Sequence[Field]
    drawing: Drawing
    shown: bool = True
    abstract: str = ""
    credits: str = ""
    licence: str = ""


def ogc_api(landing: str, collection: str) -> Source:
    """Return the source of a collection of an OGC API, whose filters QGIS sends to the server.

    >>> ogc_api("http://localhost/api", "densite").address
    "restrictToRequestBBOX='1' srsname='OGC:CRS84' typename='densite' url='http://localhost/api'"
    """
    given = {"restrictToRequestBBOX": "1", "srsname": "OGC:CRS84", "typename": collection, "url": landing}
    return Source("OAPIF", " ".join(f"{name}='{_escaped(value)}'" for name, value in given.items()))


def file_at(address: str) -> Source:
    """Return the source of a file that GDAL reads whole from its address."""
    return Source("ogr", address)


def layer_definition(title: str, layers: Sequence[MapLayer]) -> str:
    """Return the definition of a group of layers, the first one above the others."""
    root = ET.Element("qlr")
    group = _group(ET.SubElement(root, "layer-tree-group"), title)
    held = ET.SubElement(root, "maplayers")
    for layer in layers:
        tree = ET.SubElement(group, "layer-tree-layer")
        tree.attrib |= {
            "id": f"{layer.id}{MOMENT}",
            "name": layer.title,
            "providerKey": layer.source.provider,
            "source": layer.source.address,
            "checked": "Qt::Checked" if layer.shown else "Qt::Unchecked",
            "expanded": "1" if layer.shown else "0",
        }
        held.append(_map_layer(layer))
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def _group(root: ET.Element, title: str) -> ET.Element:
    """Return the group that layers go in; the one above it has no name, and QGIS does not show it."""
    for element, name in ((root, ""), (ET.SubElement(root, "layer-tree-group"), title)):
        element.attrib |= {"name": name, "checked": "Qt::Checked", "expanded": "1"}
    return root[0]


def _map_layer(layer: MapLayer) -> ET.Element:
    made = ET.Element("maplayer", type="vector", geometry="Polygon", wkbType="MultiPolygon")
    made.attrib |= {
        "readOnly": "0",
        "refreshOnNotifyEnabled": "0",
        "labelsEnabled": "0",
        "hasScaleBasedVisibilityFlag": "0",
    }
    for name, text in (
        ("id", f"{layer.id}{MOMENT}"),
        ("datasource", layer.source.address),
        ("layername", layer.title),
        ("title", layer.title),
        ("abstract", layer.abstract),
        ("attribution", layer.credits),
    ):
        ET.SubElement(made, name).text = text
    ET.SubElement(made, "provider", encoding="UTF-8").text = layer.source.provider
    # QGIS takes a layer's system from here alone. In degrees, as every version of it asks an OGC API, and everywhere in
    # France; it has longitudes first whatever the system is called.
    system = ET.SubElement(ET.SubElement(made, "srs"), "spatialrefsys", nativeFormat="Wkt")
    ET.SubElement(system, "srid").text = "4326"
    ET.SubElement(system, "authid").text = "EPSG:4326"
    metadata = ET.SubElement(made, "resourceMetadata")
    for name, text in (
        ("identifier", layer.id),
        ("language", "FRE"),
        ("type", "dataset"),
        ("title", layer.title),
        ("abstract", layer.abstract),
        ("rights", layer.credits),
        ("license", layer.licence),
    ):
        ET.SubElement(metadata, name).text = text
    made.extend((renderer(layer.drawing), aliases(layer.fields)))
    return made


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
