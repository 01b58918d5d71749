"""The table of formats: the word of `f=`, the media type, the file's extension, whether it is sent as it is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import Invalid


class NotAcceptable(Invalid):
    """None of the media types that were asked for is served."""


@dataclass(frozen=True)
class Format:
    """A format: `name` is its word in `f=`, `aliases` other words for it; `others` are other names of its media type.

    `streamed`: bytes come while features are read. If not, the file is written whole first, in a temporary folder.
    `shown`: a browser shows it rather than keeping it as a file. `compressed`: HTTP would compress it for nothing.
    `lonlat`: always in CRS84. `shaped`: it holds the geometry.
    """

    name: str
    title: str
    media_type: str
    extension: str
    aliases: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    streamed: bool = True
    shown: bool = False
    compressed: bool = False
    lonlat: bool = False
    shaped: bool = True

    @property
    def essence(self) -> str:
        """Return the media type without parameters."""
        return self.media_type.partition(";")[0]


GEOJSON = Format(
    "geojson", "GeoJSON", "application/geo+json", "geojson", ("json",), ("application/json",), shown=True
)
JSONFG = Format(
    "jsonfg", "JSON-FG", "application/fg+json", "fg.json", ("fg",), ("application/vnd.ogc.fg+json",), shown=True
)
SEQUENCE = Format(
    "geojsonseq", "GeoJSON, un objet par ligne", "application/geo+json-seq", "geojsons", ("geojsonl",), lonlat=True
)
CSV = Format("csv", "CSV", "text/csv; charset=utf-8; header=present", "csv", shaped=False)
CSV_WKT = Format("csv-wkt", "CSV avec géométrie WKT", CSV.media_type, "csv")
CSV_EXCEL = Format("csv-excel", "CSV pour Excel en français", CSV.media_type, "csv", shaped=False)
XLSX = Format(
    "xlsx",
    "Classeur Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsx",
    ("excel",),
    streamed=False,
    compressed=True,
    shaped=False,
)
FLATGEOBUF = Format(
    "flatgeobuf",
    "FlatGeobuf",
    "application/flatgeobuf",
    "fgb",
    ("fgb",),
    ("application/vnd.flatgeobuf",),
    streamed=False,
)
GEOPACKAGE = Format(
    "gpkg", "GeoPackage", "application/geopackage+sqlite3", "gpkg", ("geopackage",),
    ("application/geopackage+vnd.sqlite3", "application/x-sqlite3"), streamed=False,
)  # fmt: skip
GEOPARQUET = Format(
    "parquet", "GeoParquet", "application/vnd.apache.parquet", "parquet", ("geoparquet",),
    ("application/x-parquet",), compressed=True,
)  # fmt: skip
ARROW = Format("arrow", "Arrow IPC", "application/vnd.apache.arrow.stream", "arrows")
SHAPEFILE = Format(
    "shapefile", "Shapefile (zip)", "application/zip", "shp.zip", ("shp",), ("application/x-shapefile",),
    streamed=False, compressed=True,
)  # fmt: skip
KML = Format("kml", "KML", "application/vnd.google-earth.kml+xml", "kml", lonlat=True)
HTML = Format("html", "Page", "text/html; charset=utf-8", "html", shown=True)  # pages are made above this floor
FORMATS = (
    GEOJSON, JSONFG, SEQUENCE, CSV, CSV_WKT, CSV_EXCEL, XLSX, FLATGEOBUF, GEOPACKAGE, GEOPARQUET, ARROW, SHAPEFILE, KML,
)  # fmt: skip


def format_named(word: str, offered: Sequence[Format] = FORMATS) -> Format:
    """Return the format of a word of `f=`. Raises Invalid, naming those offered.

    >>> format_named("json").media_type, format_named("fgb").name
    ('application/geo+json', 'flatgeobuf')
    """
    for one in offered:
        if word in (one.name, *one.aliases):
            return one
    known = ", ".join(one.name for one in offered)
    raise Invalid(f"Format inconnu\u202f: «\u202f{word[:50]}\u202f». Formats servis (f=)\u202f: {known}.")


def negotiated(accept: str | None, offered: Sequence[Format] = FORMATS) -> Format:
    """Return the format that an Accept header prefers; the first offered where it has no preference (RFC 9110, 12.5.1).

    The most precise range that fits a media type gives its weight; of equal weights, the first offered wins, unless
    the client names one and reaches the other by a wildcard. Raises NotAcceptable, listing what is served.

    >>> negotiated("text/csv;q=0.5, application/flatgeobuf, */*;q=0.1").name
    'flatgeobuf'
    >>> negotiated("text/html, */*;q=0.8").name, negotiated(None).name
    ('geojson', 'geojson')
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    ranked = [(*_weight(ranges, one), -rank) for rank, one in enumerate(offered)]
    weight, _, rank = max(ranked)
    if weight <= 0:
        known = ", ".join(dict.fromkeys(one.essence for one in offered))
        raise NotAcceptable(f"Aucun des types demandés (Accept) n’est servi ici. Types servis\u202f: {known}.")
    return offered[-rank]


def _range(part: str) -> tuple[str, float]:
    """Return a media range and its weight; what is malformed weighs nothing.

    >>> _range(" Text/CSV;header=present; q=0.3 "), _range("text/csv;q=x")
    (('text/csv', 0.3), ('text/csv', 0.0))
    """
    name, *parameters = (piece.strip() for piece in part.lower().split(";"))
    given = dict(piece.partition("=")[::2] for piece in parameters)
    try:
        weight = float(given.get("q", "1"))
    except ValueError:
        weight = 0.0
    return name, weight if 0 <= weight <= 1 else 0.0


def _weight(ranges: Sequence[tuple[str, float]], one: Format) -> tuple[float, int]:
    """Return the weight of a format and how precisely it was named: 2 in full, 1 by its family, 0 by a wildcard."""
    family = f"{one.essence.partition('/')[0]}/*"
    for precision, wanted in ((2, (one.essence, *one.others)), (1, (family,)), (0, ("*/*",))):
        weights = [weight for name, weight in ranges if name in wanted]
        if weights:
            return max(weights), precision
    return 0.0, 0
