"""Archives of tiles: what they hold, that they are whole or not there, and whom they are served to."""

import gzip
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
import sqlalchemy as sa
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType
from released import release_of
from statuscountry import COMMUNES, YEAR, served
from typer.testing import CliRunner
from webserver import Steps

from api.accounts import keys
from api.commands.export import app
from api.ogc.archives import FOLDER
from api.tilearchives import Order, Written, archiving_engine, export
from boundaries.levels import Level
from boundaries.readers import Audience
from geo.cluster import Cluster
from geo.errors import Invalid, NotFound
from geo.grids import LAMBERT_93_QUAD, WEB_MERCATOR_QUAD, Grid
from geo.progress import silent
from indicators.tables import Release, ReleaseEdition, ReleaseSeries, Series, Value, series_id

ADDRESS = "/api/collections/densite/tiles/WebMercatorQuad/archive.pmtiles"


class Country:
    """A server, its home, its database, and who asks it."""

    def __init__(self, url: str, engine: sa.Engine, home: Path) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        self.engine, self.folder = engine, home / FOLDER

    def export(self, collections: str, audience: Audience = Audience.PUBLIC, **more: Any) -> Written:
        file = more.pop("file", None)
        progress = more.pop("progress", silent)
        order = Order(collections, **{"grid": WEB_MERCATOR_QUAD, **more})
        reading = archiving_engine(self.engine.url.render_as_string(hide_password=False), audience)
        try:
            return export(reading, audience, order, self.folder, file, lambda lacking: None, progress)
        finally:
            reading.dispose()


def ores(country: Country, *arguments: str) -> tuple[int, str]:
    """The status and the output of the command; an expected error shows its sentence."""
    url = country.engine.url.render_as_string(hide_password=False)
    environment = {"ORES_HOME": str(country.folder.parent), "DATABASE_URL": url, "ORES_REGION": "all"}
    result = CliRunner().invoke(app, ["pmtiles", *arguments], env=environment, terminal_width=200)
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def served_country(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    home = tmp_path_factory.mktemp("archives")
    with served(cluster, home, "archives") as (url, engine):
        asked = Country(url, engine, home)
        yield asked
        asked.client.close()


@pytest.fixture
def country(served_country: Country) -> Iterator[Country]:
    """The country, without archives; releases that a test makes stay, which is why those tests are the last."""
    yield served_country
    shutil.rmtree(served_country.folder, ignore_errors=True)


def opened(file: Path) -> tuple[dict[str, Any], dict[str, Any], dict[tuple[int, int, int], bytes]]:
    with file.open("rb") as held:
        source = MmapSource(held)
        reader = Reader(source)
        return reader.header(), reader.metadata(), dict(all_tiles(source))


def test_an_archive_holds_the_tiles_that_are_served(country: Country) -> None:
    steps = Steps()
    made = country.export("densite", progress=steps, last=9)
    assert made.file.parent == country.folder / "public"
    header, metadata, tiles = opened(made.file)
    assert (header["version"], header["tile_type"], header["tile_compression"]) == (
        3,
        TileType.MVT,
        Compression.GZIP,
    )
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (0, 9, True)
    assert header["min_lon_e7"] == pytest.approx(0, abs=10)
    assert [layer["id"] for layer in metadata["vector_layers"]] == ["densite", "densite-centres"]
    assert metadata["tileMatrixSet"]["id"] == "WebMercatorQuad"
    assert made.tiles == len(tiles) > 10
    for (zoom, x, y), body in tiles.items():
        answer = country.client.get(f"/api/collections/densite/tiles/WebMercatorQuad/{zoom}/{y}/{x}")
        assert gzip.decompress(body) == answer.content, (zoom, x, y)
        assert answer.content
    [step] = steps.seen
    assert step[1] == step[2] >= made.tiles


def test_nothing_that_is_served_is_missing_from_an_archive(country: Country) -> None:
    _, _, tiles = opened(country.export("communes", first=8, last=8).file)
    held = country.client.get("/api/collections/communes/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"][8]
    for row in range(held["minTileRow"], held["maxTileRow"] + 1):
        for column in range(held["minTileCol"], held["maxTileCol"] + 1):
            answer = country.client.get(f"/api/collections/communes/tiles/WebMercatorQuad/8/{row}/{column}")
            points = mapbox_vector_tile.decode(answer.content).get("communes-centres")
            assert not points or (8, column, row) in tiles


def test_an_archive_in_lambert_93_says_its_grid(country: Country) -> None:
    made = country.export("communes,regions", grid=LAMBERT_93_QUAD)
    _, metadata, tiles = opened(made.file)
    assert metadata["tileMatrixSet"] == LAMBERT_93_QUAD.definition()
    decoded = mapbox_vector_tile.decode(gzip.decompress(tiles[1, 0, 0]))
    assert len(decoded["communes"]["features"]) == len(COMMUNES)
    assert set(decoded) == {"communes", "communes-centres", "regions", "regions-centres"}


def test_ranges_of_an_archive_are_served(country: Country) -> None:
    """/206, 416, If-Range: as browsers read archives of any size."""
    assert country.client.get(ADDRESS).status_code == 404
    whole = country.export("densite", last=6).file.read_bytes()
    answer = country.client.get(ADDRESS)
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert answer.headers["accept-ranges"] == "bytes"
    tag = answer.headers["etag"]
    part = country.client.get(ADDRESS, headers={"range": "bytes=0-126"})
    assert (part.status_code, part.content) == (206, whole[:127])
    assert part.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert country.client.get(ADDRESS, headers={"range": "bytes=-5"}).content == whole[-5:]
    same = country.client.get(ADDRESS, headers={"range": "bytes=10-19", "if-range": tag})
    assert (same.status_code, same.content) == (206, whole[10:20])
    other = country.client.get(ADDRESS, headers={"range": "bytes=10-19", "if-range": '"autre"'})
    assert (other.status_code, other.content) == (200, whole)
    beyond = country.client.get(ADDRESS, headers={"range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    assert (
        beyond.headers["content-range"] == f"bytes */{len(whole)}"
        or beyond.headers["content-range"] == f"*/{len(whole)}"
    )
    same = country.client.get(ADDRESS, headers={"if-none-match": tag, "range": "bytes=0-9"})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    head = country.client.head(ADDRESS)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole)))
    described = country.client.get("/api/collections/densite/tiles/WebMercatorQuad").json()
    assert [link["type"] for link in described["links"] if link["rel"] == "enclosure"] == [
        "application/vnd.pmtiles"
    ]


def test_another_selection_is_another_archive(country: Country) -> None:
    country.export("population", last=4)
    assert (
        country.client.get("/api/collections/population/tiles/WebMercatorQuad/archive.pmtiles").status_code == 200
    )
    asked = "/api/collections/population/tiles/WebMercatorQuad/archive.pmtiles?level=epci&period=2016"
    assert country.client.get(asked).status_code == 404
    country.export("population", level=Level.EPCI, period="2016", millesime=YEAR, last=4)
    assert country.client.get(asked).status_code == 200
    assert len(list(country.folder.rglob("*.pmtiles"))) == 2
    described = country.client.get(
        "/api/collections/population/tiles/WebMercatorQuad?level=epci&period=2016"
    ).json()
    links = {link["rel"]: link["href"] for link in described["links"]}
    assert country.client.get(links["enclosure"]).content == country.client.get(asked).content
    tiles = country.client.get(links["alternate"]).json()["tiles"][0]
    assert "level=epci" in tiles
    assert "period=2016" in tiles
    assert country.client.get(links["stylesheet"]).json()["sources"]["ores"]["tiles"] == [tiles]


@pytest.mark.parametrize("grid", [WEB_MERCATOR_QUAD, LAMBERT_93_QUAD], ids=lambda grid: grid.id)
@pytest.mark.parametrize("collections", [None, "communes,densite", "densite,communes"])
def test_an_archive_of_several_collections_is_served_by_ranges(
    country: Country, collections: str | None, grid: Grid
) -> None:
    """Each tileset that is advertised: where its archive was made, a link leads to it, for that selection alone."""
    address = f"/api/tiles/{grid.id}"
    asked = {} if collections is None else {"collections": collections}
    before = country.client.get(address, params=asked).json()
    assert not [link for link in before["links"] if link["rel"] == "enclosure"]
    absent = country.client.get(f"{address}/archive.pmtiles", params=asked)
    names = ",".join(one["id"] for one in before["layers"] if not one["id"].endswith("-centres"))
    assert absent.status_code == 404
    assert f"ores export pmtiles {names}" in absent.json()["detail"]
    made = country.export(names, grid=grid, last=3)
    [link] = [
        one for one in country.client.get(address, params=asked).json()["links"] if one["rel"] == "enclosure"
    ]
    whole = country.client.get(link["href"])
    assert whole.content == made.file.read_bytes()
    assert country.client.get(f"{address}/archive.pmtiles", params=asked).content == whole.content
    part = country.client.get(link["href"], headers={"Range": "bytes=0-126"})
    assert (part.status_code, part.content) == (206, whole.content[:127])
    for (zoom, x, y), body in opened(made.file)[2].items():
        answer = country.client.get(f"{address}/{zoom}/{y}/{x}", params=asked)
        assert gzip.decompress(body) == answer.content, (zoom, x, y)
    other = country.client.get(f"{address}/archive.pmtiles", params={"collections": "epci,communes"})
    assert other.status_code == 404


def test_what_is_interrupted_leaves_the_archive_of_before(country: Country) -> None:
    file = country.folder.parent / "mes-tuiles.pmtiles"
    country.export("communes", last=3, file=file)
    before = file.read_bytes()

    def failing(label: str, total: int) -> Callable[[int], None]:
        def advance(done: int) -> None:
            raise KeyboardInterrupt

        return advance

    with pytest.raises(KeyboardInterrupt):
        country.export("regions", last=8, file=file, progress=failing)
    assert file.read_bytes() == before
    assert [one for one in file.parent.iterdir() if "mes-tuiles" in one.name] == [file]


def test_what_cannot_be_archived_is_refused_in_a_sentence(country: Country) -> None:
    for wrong in ({"first": 5, "last": 4}, {"last": 15}, {"first": -1}):
        with pytest.raises(Invalid, match="0 à 14"):
            country.export("communes", **wrong)
    with pytest.raises(NotFound, match="Collection inconnue"):
        country.export("lune")
    with pytest.raises(NotFound, match="dessiné"):
        country.export("petr")
    with pytest.raises(Invalid, match="une seule collection"):
        country.export("communes,densite", period="2022")


def test_the_command_writes_the_archive_that_is_served(country: Country) -> None:
    status, output = ores(country, "densite", "--niveau", "epci", "--zoom-max", "4")
    assert status == 0, output
    assert "tuiles" in output
    assert "édition «\u202fpublic\u202f»" in output
    assert country.client.get(f"{ADDRESS}?level=epci").status_code == 200
    assert country.client.get(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["densite", "--audience", "tous"], "audiences connues"),
        (["densite", "--niveau", "pays"], "niveaux connus"),
        (["densite", "--grille", "LAMB93"], "Lambert93Quad"),
        (["densite", "--zoom-max", "20"], "0 à 14"),
        (["lune"], "Collection inconnue"),
        (["densite", "--periode", "1999"], "Périodes"),
    ],
)
def test_the_command_refuses_in_french_and_writes_nothing(
    country: Country, arguments: list[str], said: str
) -> None:
    status, output = ores(country, *arguments)
    assert status == 1
    assert said in output
    assert not list(country.folder.rglob("*"))


def test_an_archive_of_before_a_release_is_served_no_more(country: Country) -> None:
    first = country.export("densite", last=4).file
    with country.engine.begin() as conn:
        conn.execute(
            sa.update(Series).where(Series.digest == "densite-2022").values(digest="densite-2022-corrected")
        )
        release_of(conn, conn.scalars(sa.select(Series.id)).all(), "corrected")
    _until(lambda: country.client.get(ADDRESS).status_code == 404)
    second = country.export("densite", last=4).file
    assert country.client.get(ADDRESS).status_code == 200
    assert first != second
    assert list(country.folder.rglob("*.pmtiles")) == [second]


def test_an_archive_of_a_restricted_edition_is_for_its_audience_alone(country: Country) -> None:
    """What the Region alone may see of an indicator has another digest: the public finds no archive of it."""
    with country.engine.begin() as conn:
        key = keys.create(conn, "Paul", "reader", None, audience=Audience.REGION, organisation="", label="")
        _hide(conn)
    asked = {"X-API-Key": key}
    _until(lambda: country.client.get(ADDRESS).status_code == 404)
    country.export("densite", Audience.REGION, last=6)
    country.export("communes", last=6)
    shared = "/api/collections/communes/tiles/WebMercatorQuad/archive.pmtiles"
    _until(lambda: country.client.get(ADDRESS, headers=asked).status_code == 200)  # each edition is followed apart
    assert country.client.get(shared).content == country.client.get(shared, headers=asked).content
    mine = country.client.get(ADDRESS, headers=asked)
    assert mine.headers["cache-control"].startswith("private")
    for headers in ({}, {"range": "bytes=0-10"}, {"if-none-match": mine.headers["etag"]}):
        refused = country.client.get(ADDRESS, headers=headers)
        assert refused.status_code == 404
        assert mine.content[:100] not in refused.content
    country.export("densite", Audience.PUBLIC, last=6)
    public = country.client.get(ADDRESS)
    assert public.status_code == 200
    assert public.content != mine.content
    assert country.client.get(ADDRESS, headers=asked).content == mine.content, "both archives are there"


def _hide(conn: sa.Connection) -> None:
    """Publish the density of 2022 otherwise for the Region than for the others."""
    columns = [column for column in Series.__table__.c if column.name not in ("id", "edition")]
    whole = conn.execute(sa.select(Series.id, *columns).where(Series.digest.like("densite-2022%"))).one()._asdict()
    public = whole.pop("id")
    fuller = {**whole, "id": series_id(Audience.REGION.edition), "digest": "densite-2022-region"}
    [own] = conn.scalars(sa.insert(Series).values(fuller).returning(Series.id))
    rows = conn.execute(sa.select(Value.__table__).where(Value.series_id == public)).all()
    changed = {"series_id": own, "value": 42.0, "status": "observed"}
    conn.execute(sa.insert(Value), [{**row._asdict(), **changed} for row in rows])
    made = conn.execute(sa.insert(Release).values(published_by="essai").returning(Release.id)).scalar_one()
    others = conn.scalars(sa.select(Series.id).where(Series.id.not_in((public, own)))).all()
    for audience in Audience:
        shown = own if audience is Audience.REGION else public
        key = {"release_id": made, "edition": audience.edition}
        conn.execute(sa.insert(ReleaseEdition).values(**key, digest=f"restricted-{audience}"))
        conn.execute(sa.insert(ReleaseSeries), [{**key, "series_id": one} for one in (*others, shown)])


def _until(told: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not told():
        assert time.monotonic() < limit
        time.sleep(0.1)
