"""What is stored of the territories: millesimes, territories, memberships, former codes, passages, outlines."""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, REAL, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from boundaries.bands import EXACT
from geo.schema import Stored

SCHEMA = "boundaries"


class Millesime(Stored):
    """A vintage of the geography (1 January of `year`), as it was last loaded."""

    __tablename__ = "millesime"
    __table_args__ = {"schema": SCHEMA}

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    scope: Mapped[str] = mapped_column(comment="Region code, or 'all' for the whole country")
    outlines: Mapped[bool] = mapped_column(comment="False where only the code list is known")
    source: Mapped[str]
    licence: Mapped[str]
    files: Mapped[list[dict[str, str]]] = mapped_column(JSONB, comment="Name and SHA-256 of each file read")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="What the checks found and what was repaired")
    version: Mapped[str] = mapped_column(comment="Digest of everything stored for this millesime")
    limits_version: Mapped[str] = mapped_column(comment="Digest of the limits, without zonings")
    loaded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class Territory(Stored):
    """A territory in one millesime; `id` is the feature id of tiles and stays the same when reloaded."""

    __tablename__ = "territory"
    __table_args__ = (
        UniqueConstraint("millesime", "level", "code"),
        Index("territory_geom_idx", "geom", postgresql_using="gist"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    millesime: Mapped[int] = mapped_column(SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"))
    level: Mapped[str]
    code: Mapped[str]
    nom: Mapped[str]
    nature: Mapped[str | None] = mapped_column(comment="Kind of EPCI: CC, CA, CU, METRO…")
    in_scope: Mapped[bool] = mapped_column(comment="False for communes outside the Region that complete an EPCI")
    emprise: Mapped[str] = mapped_column(comment="'territoire entier' or 'partie régionale' of what is loaded")
    straddles: Mapped[bool] = mapped_column(comment="True for an EPCI that crosses the Region's border")
    weight_population: Mapped[int | None] = mapped_column(comment="Municipal population that weighs a split")
    area_m2: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="In the territory's metric CRS")
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))


class Membership(Stored):
    """A territory and one that contains it; all ancestors are listed, not the nearest alone."""

    __tablename__ = "membership"
    __table_args__ = (
        Index("membership_parent_idx", "millesime", "parent_level", "parent_code", "level"),
        {"schema": SCHEMA},
    )

    millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    parent_level: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str] = mapped_column(primary_key=True)


class FormerCode(Stored):
    """A commune code that no longer exists in a millesime, and the commune that took it over."""

    __tablename__ = "former_code"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    code: Mapped[str] = mapped_column(primary_key=True)
    successor: Mapped[str]
    part_of: Mapped[bool] = mapped_column(comment="True for a commune deleguee or associee that kept its code")


class PostalCode(Stored):
    """A postal code that serves a commune; one code may serve several communes, and a commune have several."""

    __tablename__ = "postal_code"
    __table_args__ = {"schema": SCHEMA}

    millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    postal_code: Mapped[str] = mapped_column(primary_key=True)
    commune: Mapped[str] = mapped_column(primary_key=True)


class Passage(Stored):
    """How a commune of one millesime goes into another; communes that do not change are not listed."""

    __tablename__ = "passage"
    __table_args__ = (
        Index("passage_to_idx", "to_millesime", "from_millesime", "to_code"),
        {"schema": SCHEMA},
    )

    from_millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    to_millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), primary_key=True
    )
    from_code: Mapped[str] = mapped_column(primary_key=True)
    to_code: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[float] = mapped_column(DOUBLE_PRECISION, comment="Share of from_code that goes to to_code")
    kind: Mapped[str] = mapped_column(
        comment="'exact' for a whole commune, 'estimated' for a share of one, 'impossible' where the weight is a "
        "place-holder: a part without population"
    )
    source: Mapped[str] = mapped_column(comment="'insee-movements' (dated) or 'code-lists' (undated)")


class MovementsFile(Stored):
    """The file of movements of communes in force; another replaces it whole."""

    __tablename__ = "movements_file"
    __table_args__ = {"schema": SCHEMA}

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date] = mapped_column(comment="Nothing is known after it")
    loaded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class Movement(Stored):
    """One row of INSEE's movements of communes, as delivered."""

    __tablename__ = "movement"
    __table_args__ = {"schema": SCHEMA}

    sha256: Mapped[str] = mapped_column(ForeignKey(MovementsFile.sha256, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="Order in the file")
    mod: Mapped[int] = mapped_column(SmallInteger, comment="Kind of event, INSEE's MOD")
    day: Mapped[date] = mapped_column(comment="DATE_EFF")
    kind_before: Mapped[str] = mapped_column(comment="COM, COMA, COMD, ARM, or empty")
    before: Mapped[str]
    kind_after: Mapped[str]
    after: Mapped[str]


_WORLD_M = "40075016.685578488"
_CENTRE_X = f"CASE WHEN band < {EXACT} THEN round((ST_X(centre) / {_WORLD_M} + 0.5) * (4096 << band)) END"
_CENTRE_Y = f"CASE WHEN band < {EXACT} THEN round((0.5 - ST_Y(centre) / {_WORLD_M}) * (4096 << band)) END"
_CELLS = f"""CASE WHEN band < {EXACT} THEN ST_Translate(
    coalesce(
        ST_AsMVTGeom(geom, ST_TileEnvelope(0, 0, 0), 4096 << band, 0, false),
        ST_ForcePolygonCCW(ST_Translate(
            ST_MakeEnvelope(0, 0, 1, 1),
            floor((ST_X(centre) / {_WORLD_M} + 0.5) * (4096 << band)),
            floor((0.5 - ST_Y(centre) / {_WORLD_M}) * (4096 << band))
        ))
    ),
    -4096 * (({_CENTRE_X})::integer / 4096),
    -4096 * (({_CENTRE_Y})::integer / 4096)
) END"""
_SHEET = "(millesime::bigint << 40) | (band::bigint << 32) | ('x' || left(md5(level), 8))::bit(32)::bigint"


class Outline(Stored):
    """A territory drawn for a band of zooms, in EPSG:3857; borders are shared at every band.

    `centre_x` and `centre_y` are the cell of the centre in the tiles of the band's zoom: cells are 4096 to a side of a
    tile, y downwards, counted from the north-west corner of the world. `cells` is the same outline as the tile that holds
    this cell has it: its vertices are whole numbers of cells, counted from the corner of that tile; a territory smaller
    than a cell is that cell. All three are null in the exact band. `sheet` is millesime, band and a digest of level in one
    number, which an index compares several times faster than the three. `surface` is in m² of EPSG:3857.
    """

    __tablename__ = "outline"
    __table_args__ = (
        Index("outline_place_idx", "sheet", "geom", postgresql_using="gist"),
        {"schema": SCHEMA},
    )

    territory_id: Mapped[int] = mapped_column(ForeignKey(Territory.id, ondelete="CASCADE"), primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    millesime: Mapped[int] = mapped_column(SmallInteger)
    level: Mapped[str]
    code: Mapped[str]
    nom: Mapped[str]
    people: Mapped[int | None] = mapped_column(
        comment="Municipal population, where known: the names of the largest come first"
    )
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=3857, spatial_index=False))
    centre: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=3857, spatial_index=False))
    cells: Mapped[WKBElement | None] = mapped_column(
        Geometry(spatial_index=False),
        Computed(_CELLS, persisted=True),
        comment="As the tile of zoom `band` that holds the centre has it: cells, 4096 a side, y down; null when exact",
    )
    centre_x: Mapped[int | None] = mapped_column(
        Integer,
        Computed(_CENTRE_X, persisted=True),
        comment="Column of the cell of `centre` in tiles of zoom `band`, from the west; null when exact",
    )
    centre_y: Mapped[int | None] = mapped_column(
        Integer,
        Computed(_CENTRE_Y, persisted=True),
        comment="Row of the cell of `centre` in tiles of zoom `band`, from the north; null when exact",
    )
    surface: Mapped[float] = mapped_column(REAL, Computed("ST_Area(geom)", persisted=True))
    sheet: Mapped[int] = mapped_column(
        BigInteger,
        Computed(_SHEET, persisted=True),
        comment="Millesime, band and digest of level: in an index, one number is compared several times faster than the "
        "three",
    )


class Zoning(Stored):
    """A zoning made of communes, defined one year and applied in the geography of another."""

    __tablename__ = "zoning"
    __table_args__ = (UniqueConstraint("millesime", "level", "liste"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    millesime: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey(Millesime.year, ondelete="CASCADE"), comment="Geography that it is applied in"
    )
    level: Mapped[str]
    liste: Mapped[str] = mapped_column(comment="Which list of the level perimetre; else empty")
    label: Mapped[str]
    definition: Mapped[int] = mapped_column(SmallInteger, comment="Year in which it was defined")
    given_in: Mapped[int] = mapped_column(SmallInteger, comment="Geography of the codes of the file")
    source: Mapped[str]
    licence: Mapped[str]
    file: Mapped[str]
    sha256: Mapped[str]
    digest: Mapped[str] = mapped_column(comment="Of the definition and the composition")
    report: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="Communes carried, gaps, overlaps, zones partly outside"
    )
    loaded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class ZoningZone(Stored):
    """A zone of a zoning, in the Region or not, under the code that its list gives it."""

    __tablename__ = "zoning_zone"
    __table_args__ = {"schema": SCHEMA}

    zoning_id: Mapped[int] = mapped_column(ForeignKey(Zoning.id, ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    nom: Mapped[str]
    apart: Mapped[bool] = mapped_column(comment="True for what the source puts in no zone")


class ZoningCommune(Stored):
    """A commune of a zone as listed, in the codes of the zoning's millesime, in the Region or not."""

    __tablename__ = "zoning_commune"
    __table_args__ = {"schema": SCHEMA}

    zoning_id: Mapped[int] = mapped_column(ForeignKey(Zoning.id, ondelete="CASCADE"), primary_key=True)
    commune: Mapped[str] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(primary_key=True)
