"""What an encoder is given: a select of features, and what its columns are for people."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from geo.layers import Rows


class Kind(Enum):
    """The type of a field, as PostgreSQL gives it."""

    TEXT = sa.Text()
    INTEGER = sa.BigInteger()
    NUMBER = sa.Double[float]()
    FLAG = sa.Boolean()
    DAY = sa.Date()
    INSTANT = sa.TIMESTAMP(timezone=True)


@dataclass(frozen=True)
class Field:
    """A property of the features: its column in the select, and what people read of it.

    `labels` are the words of its codes, put in their place in the formats made for people (Excel). `decimals` are those
    that people read: files have them all.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    unit: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None

    @property
    def heading(self) -> str:
        """Return the title with the unit.

        >>> Field("densite", "Densité", Kind.NUMBER, "hab/km²").heading
        'Densité (hab/km²)'
        """
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def worded(self, value: Any) -> Any:
        """Return the words of a value that is a code, any other value as it is.

        >>> [Field("classe", "", Kind.NUMBER, labels={"1": "dense"}).worded(one) for one in (1.0, 2.0, None)]
        ['dense', 2.0, None]
        """
        if value is None or not self.labels:
            return value
        return self.labels.get(f"{value:g}" if isinstance(value, float) else str(value), value)


@dataclass(frozen=True)
class Layer:
    """Features to encode: `rows` has the columns of `fields`, an integer `fid` and a geometry `geom`.

    Features come in the order of `rows`, cut as it cuts them. `key` is the field that identifies a feature, `srid`
    what its geometry is stored in, `geometry` the one type that all of them have; a geometry may be missing.
    `file_parts` name the file: indicator, level, period, geography. `day` is the day that the features describe.
    `style` makes its QGIS style (QML), for the formats that hold one.
    """

    name: str
    title: str
    rows: Rows
    fields: tuple[Field, ...]
    file_parts: tuple[str, ...]
    key: str = "code"
    srid: int = 4326
    geometry: str = "MultiPolygon"
    description: str = ""
    source: str = ""
    licence: str = ""
    day: date | None = None
    style: Callable[[Connection], str | None] | None = None

    def filename(self, extension: str) -> str:
        """Return a file name that says what is inside, in ASCII.

        >>> Layer("l", "", sa.select(), (), ("Densité", "communes", "2022", "géographie 2025")).filename("gpkg")
        'densite_communes_2022_geographie-2025.gpkg'
        """
        return f"{'_'.join(_plain(part) for part in self.file_parts)}.{extension}"


def typed(column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """Return a column as the encoders take it, whatever the database stores (an enumeration, a numeric)."""
    return sa.cast(column, kind.value)


def _plain(part: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", ascii_only).strip("-.")
