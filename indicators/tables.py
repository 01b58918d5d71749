"""What is stored of the indicators: imports as delivered, series as published, and the releases that list them.

A value has five coordinates: indicator, period and millesime are its series', level and code its territory's.
Nothing outside `indicators.published` reads the values.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, Enum, ForeignKey, Identity, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from boundaries.tables import Millesime, Territory
from geo.schema import Stored
from indicators.statuses import Status

SCHEMA = "indicators"

STATUS = Enum(Status, name="status", schema=SCHEMA, values_callable=lambda members: [m.value for m in members])


class Import(Stored):
    """A file of values as a producer delivered it, for one indicator, period and millesime."""

    __tablename__ = "import"
    __table_args__ = (UniqueConstraint("indicator", "digest"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    indicator: Mapped[str]
    period: Mapped[str]
    millesime: Mapped[int] = mapped_column(SmallInteger)
    scope: Mapped[str] = mapped_column(comment="Region code, or 'all'")
    source: Mapped[str]
    licence: Mapped[str]
    file: Mapped[str]
    sha256: Mapped[str]
    digest: Mapped[str] = mapped_column(comment="Of the file, the mapping and the codes it was read against")
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, comment="Rows matched, out of scope, missing")
    notes: Mapped[dict[str, str]] = mapped_column(JSONB, comment="Code -> why its value must be read with care")
    released: Mapped[bool] = mapped_column(comment="Whether this import feeds the published series")
    imported_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class ImportValue(Stored):
    """A value of an import, in its own millesime; a territory without a value has a row that says why."""

    __tablename__ = "import_value"
    __table_args__ = {"schema": SCHEMA}

    import_id: Mapped[int] = mapped_column(ForeignKey(Import.id, ondelete="CASCADE"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    status: Mapped[Status] = mapped_column(STATUS)


class Series(Stored):
    """One indicator and period in one millesime, computed once; a new computation is a new series."""

    __tablename__ = "series"
    __table_args__ = (
        Index("series_of_idx", "indicator", "period", "millesime"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    indicator: Mapped[str]
    period: Mapped[str]
    millesime: Mapped[int] = mapped_column(SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(unique=True, comment="Of the definition and of everything it came from")
    passport: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Formula, inputs, files, method, notes")
    computed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class Value(Stored):
    """A published value: present, or absent with its reason."""

    __tablename__ = "value"
    __table_args__ = {"schema": SCHEMA}

    series_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"), primary_key=True)
    territory_id: Mapped[int] = mapped_column(
        ForeignKey(Territory.id, ondelete="CASCADE"), primary_key=True, index=True
    )
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    status: Mapped[Status] = mapped_column(STATUS)
    coverage: Mapped[float] = mapped_column(REAL, comment="Share of the territory that the value covers, 0 to 1")


class Release(Stored):
    """What was published at a moment: a list of series; the latest is what is served."""

    __tablename__ = "release"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    digest: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class ReleaseSeries(Stored):
    """A series that a release contains."""

    __tablename__ = "release_series"
    __table_args__ = {"schema": SCHEMA}

    release_id: Mapped[int] = mapped_column(ForeignKey(Release.id, ondelete="CASCADE"), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"), primary_key=True)
