"""What is stored of the indicators: deliveries and their imports, series as published, releases, and the journal.

A value has five coordinates: indicator, period and millesime are its series', level and code its territory's.
Nothing outside `indicators.published` reads the published values. Deliveries, releases and the journal are only
ever added to: what changes is a state, and every change of state is an event.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB, TEXT, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from boundaries.tables import Millesime
from geo.schema import Stored
from indicators.statuses import Status

SCHEMA = "indicators"

STATUS = Enum(Status, name="status", schema=SCHEMA, values_callable=lambda members: [m.value for m in members])
STATES = ("draft", "validated", "released", "refused", "withdrawn")


class Delivery(Stored):
    """A file as a producer delivered it, how it was read, and how far it went towards publication.

    States: `draft` (read, kept, feeds nothing), `validated` (by a named role), `released` (feeds what is
    published), `refused`, `withdrawn` (fed once, feeds no more: what it had superseded feeds again).
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'validated', 'released', 'refused', 'withdrawn')", name="state"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    file: Mapped[str] = mapped_column(comment="Name as the producer gives it, never a path")
    size: Mapped[int | None] = mapped_column(BigInteger, comment="Bytes")
    sha256: Mapped[str]
    source: Mapped[str]
    producer: Mapped[str]
    licence: Mapped[str]
    recipe: Mapped[str | None] = mapped_column(comment="Name of the recipe it was read with")
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Which column is which indicator and period")
    accepted: Mapped[list[str]] = mapped_column(JSONB, comment="Keys of the repairs that were accepted")
    sheets: Mapped[list[str]] = mapped_column(JSONB, comment="Names of the sheets that values point to")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="What the control found")
    digest: Mapped[str] = mapped_column(
        comment="Of the file, the mapping, the repairs and the codes it was read against"
    )
    state: Mapped[str]
    submitted_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    released_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Import(Stored):
    """The values of a delivery for one indicator and period, in the millesime that they are expressed in."""

    __tablename__ = "import"
    __table_args__ = (UniqueConstraint("delivery_id", "indicator", "period"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    indicator: Mapped[str]
    period: Mapped[str]
    millesime: Mapped[int] = mapped_column(SmallInteger)
    scope: Mapped[str] = mapped_column(comment="Region code, or 'all'")
    levels: Mapped[list[str]] = mapped_column(ARRAY(TEXT), comment="Levels that values were delivered for")
    digest: Mapped[str] = mapped_column(comment="Of its values, the indicator and the period")
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, comment="Rows with a territory, and territories without")
    notes: Mapped[dict[str, str]] = mapped_column(JSONB, comment="Code -> why its value must be read with care")
    imported_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class ImportValue(Stored):
    """A value of an import, in its own millesime; a territory without a value has a row that says why.

    No foreign key: checking it row by row would cost more than writing them, and an import is never deleted.
    """

    __tablename__ = "import_value"
    __table_args__ = {"schema": SCHEMA}

    import_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    status: Mapped[Status] = mapped_column(STATUS)
    line: Mapped[int | None] = mapped_column(comment="Line of its sheet; None where the file has none for it")
    sheet: Mapped[int | None] = mapped_column(SmallInteger, comment="Rank of its sheet in the delivery's list")


class Recipe(Stored):
    """How the files of a source are read: a mapping kept under a name, so that the next delivery is one command."""

    __tablename__ = "recipe"
    __table_args__ = {"schema": SCHEMA}

    name: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    producer: Mapped[str]
    licence: Mapped[str]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class Member(Stored):
    """A territory and each unit that its values may be made of: itself, its communes, its departements."""

    __tablename__ = "member"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    territory_id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True)


class Fragment(Stored):
    """The fragment that a unit is in: the units of one are parts of the very same territories."""

    __tablename__ = "fragment"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True)
    fragment: Mapped[int]


class FragmentMember(Stored):
    """A fragment and each territory that it is a part of."""

    __tablename__ = "fragment_member"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    fragment: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int] = mapped_column(primary_key=True)


class MemberVersion(Stored):
    """The version of the millesime that the members and the fragments were taken from."""

    __tablename__ = "member_version"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[str]


class Series(Stored):
    """One indicator and period in one millesime, computed once; a new computation is a new series.

    Its number says its edition, `id % 4`, so that a row of values tells by itself who may read it: see `series_id`.
    `computed_at` is None until its values are there: conversions to geographies that are seldom asked for are
    computed the first time that somebody asks.
    """

    __tablename__ = "series"
    __table_args__ = (
        Index("series_of_idx", "indicator", "period", "millesime"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    edition: Mapped[int] = mapped_column(
        SmallInteger, Computed("id % 4"), comment="0 never served, 1 public, 2 professional, 3 region"
    )
    base_id: Mapped[int | None] = mapped_column(comment="The series of edition 0 that an edition was made from")
    indicator: Mapped[str]
    period: Mapped[str]
    millesime: Mapped[int] = mapped_column(SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"))
    geography: Mapped[str] = mapped_column(comment="Version of the millesimes that its values depend on")
    levels: Mapped[list[str]] = mapped_column(ARRAY(TEXT), comment="Levels that it has values for")
    digest: Mapped[str] = mapped_column(unique=True, comment="Of the definition and of everything it came from")
    passport: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Formula, inputs, files, method, notes")
    computed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Value(Stored):
    """A published value: present, or absent with its reason.

    No foreign keys: they would cost more than the values themselves to write, and a released value is never
    deleted. Rows of a series are written together in the order of the key, so that a map reads neighbours.
    """

    __tablename__ = "value"
    __table_args__ = {"schema": SCHEMA}

    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    territory_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    status: Mapped[Status] = mapped_column(STATUS)
    coverage: Mapped[float] = mapped_column(REAL, comment="Share of the territory that the value covers, 0 to 1")


def series_id(edition: int) -> ColumnElement[int]:
    """Return the number of a new series of an edition: four times the next number, plus the edition."""
    return 4 * func.nextval(literal_column("'indicators.series_number'")).cast(Integer) + edition


class Release(Stored):
    """What was published at a moment, an edition for each audience that it changed something for.

    The latest one that was not withdrawn and has an edition for an audience is what is served to it.
    """

    __tablename__ = "release"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    published_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.clock_timestamp())
    published_by: Mapped[str]


class Withdrawal(Stored):
    """A release that is served no more; it keeps its trace, and what was served before it is served again."""

    __tablename__ = "withdrawal"
    __table_args__ = {"schema": SCHEMA}

    release_id: Mapped[int] = mapped_column(ForeignKey(Release.id), primary_key=True)
    withdrawn_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.clock_timestamp())
    withdrawn_by: Mapped[str]
    reason: Mapped[str]


class ReleaseEdition(Stored):
    """What a release shows to one audience; the digest is that of its series."""

    __tablename__ = "release_edition"
    __table_args__ = (CheckConstraint("edition BETWEEN 1 AND 3", name="edition"), {"schema": SCHEMA})

    release_id: Mapped[int] = mapped_column(ForeignKey(Release.id), primary_key=True)
    edition: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    digest: Mapped[str]


class ClosedEdition(Stored):
    """An edition of a release that nobody may read any more, not even as of its day: something in it is hidden now."""

    __tablename__ = "closed_edition"
    __table_args__ = (
        ForeignKeyConstraint(["release_id", "edition"], [ReleaseEdition.release_id, ReleaseEdition.edition]),
        {"schema": SCHEMA},
    )

    release_id: Mapped[int] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.clock_timestamp())
    closed_by: Mapped[str]
    reason: Mapped[str]


class ReleaseSeries(Stored):
    """A series that a release shows to an audience."""

    __tablename__ = "release_series"
    __table_args__ = (
        ForeignKeyConstraint(["release_id", "edition"], [ReleaseEdition.release_id, ReleaseEdition.edition]),
        {"schema": SCHEMA},
    )

    release_id: Mapped[int] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    series_id: Mapped[int] = mapped_column(
        ForeignKey(Series.id, ondelete="CASCADE", onupdate="CASCADE"), primary_key=True
    )


class Event(Stored):
    """One line of the journal: who did what, when, to which delivery or release. Rows can only be added."""

    __tablename__ = "event"
    __table_args__ = (Index("event_delivery_idx", "delivery_id"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.clock_timestamp())
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey(Delivery.id))
    release_id: Mapped[int | None] = mapped_column(ForeignKey(Release.id))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
