"""The GeoJSON files of Etalab: alone or with their siblings, with arrondissements or without."""

import gzip
import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from boundaries.sources import etalab
from geo.errors import Invalid, NotFound
from geo.progress import silent

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def feature(x, y, size=0.01, kind="Polygon", **properties):
    geometry = shapely.box(*(round(v, 6) for v in (x, y, x + size, y + size)))
    if kind == "Point":
        geometry = geometry.centroid
    return {"type": "Feature", "properties": properties, "geometry": json.loads(shapely.to_geojson(geometry))}


def lyon(**extra):
    """Return the nine arrondissements of Lyon, side by side."""
    common = {"departement": "69", "region": "84"} | extra
    return [
        feature(4.8 + i / 100, 45.7, code=f"6938{i}", nom=f"Lyon {i}e Arrondissement", **common)
        for i in range(1, 10)
    ]


def communes():
    pdl = {"region": "52"}
    return [
        feature(-1.6, 47.2, code="44109", nom="Nantes", departement="44", epci="244400404", **pdl),
        feature(-2.4, 46.7, code="85113", nom="L'Île-d'Yeu", departement="85", **pdl),
        feature(55.4, -20.9, code="97411", nom="Saint-Denis", departement="974", region="04", epci="249740119"),
        feature(45.2, -12.8, code="97611", nom="Mamoudzou", departement="976", region="06", epci="200060465"),
        feature(-56.2, 46.8, code="97502", nom="Saint-Pierre", collectivite="975"),
        feature(-149.6, -17.5, code="98735", nom="Papeete", collectivite="987"),
    ]


SIBLINGS = {
    "epci": [
        {"code": "244400404", "nom": "Nantes Métropole"},
        {"code": "249740119", "nom": "CINOR"},
        {"code": "200060465", "nom": "CA Dembéni-Mamoudzou"},
    ],
    "departements": [
        {"code": "44", "nom": "Loire-Atlantique", "region": "52"},
        {"code": "85", "nom": "Vendée", "region": "52"},
        {"code": "974", "nom": "La Réunion", "region": "04"},
        {"code": "976", "nom": "Mayotte", "region": "06"},
    ],
    "regions": [
        {"code": "52", "nom": "Pays de la Loire"},
        {"code": "04", "nom": "La Réunion"},
        {"code": "06", "nom": "Mayotte"},
    ],
}


def write(path, features):
    content = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def read(location, tmp_path, progress=silent):
    return etalab.read(str(location), 2025, tmp_path / "cache", progress)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "2025"
    folder.mkdir()
    write(folder / "communes-1000m.geojson", communes())
    for kind, rows in SIBLINGS.items():
        write(folder / f"{kind}-1000m.geojson", [feature(0, 0, **row) for row in rows])
    write(folder / "communes-com-1000m.geojson", [feature(0, 0, code="97502", nom="Saint-Pierre")])
    write(folder / "communes-associees-deleguees-1000m.geojson", [])
    write(folder / "mairies.geojson", [])
    return folder


def test_the_files_of_an_edition(folder, tmp_path, steps):
    delivery = read(folder, tmp_path, steps)
    assert delivery.communes.drop(columns=["geometry", "population"]).to_numpy().tolist() == [
        ["44109", "Nantes", "44", "52", "244400404"],
        ["85113", "L'Île-d'Yeu", "85", "52", None],
        ["97411", "Saint-Denis", "974", "04", "249740119"],
        ["97611", "Mamoudzou", "976", "06", "200060465"],
    ]
    assert delivery.communes["population"].isna().all()
    assert delivery.communes.crs.to_epsg() == 4326
    assert delivery.departements.set_index("code").loc["85"].tolist() == ["Vendée", "52"]
    assert delivery.regions["nom"].tolist() == ["Pays de la Loire", "La Réunion", "Mayotte"]
    assert delivery.epci["nom"].tolist() == ["Nantes Métropole", "CINOR", "CA Dembéni-Mamoudzou"]
    assert delivery.epci["nature"].tolist() == [None, None, None]
    assert delivery.arrondissements.empty
    assert delivery.source == "Etalab, contours administratifs"
    assert sorted(f.name for f in delivery.files) == [
        "communes-1000m.geojson",
        "departements-1000m.geojson",
        "epci-1000m.geojson",
        "regions-1000m.geojson",
    ]
    assert steps.seen == [["Lecture des contours d’Etalab", 4, 4]]


@pytest.mark.parametrize("name", ["communes-5m.geojson.gz", "mes communes.json"])
def test_the_communes_alone_have_codes_for_names(tmp_path, name):
    delivery = read(write(tmp_path / name, communes()), tmp_path)
    assert len(delivery.communes) == 4
    assert delivery.departements.to_numpy().tolist() == [
        ["44", "44", "52"],
        ["85", "85", "52"],
        ["974", "974", "04"],
        ["976", "976", "06"],
    ]
    assert delivery.regions["nom"].tolist() == ["04", "06", "52"]
    assert delivery.epci["code"].tolist() == ["200060465", "244400404", "249740119"]
    assert "codes à la place des noms pour les EPCI, les départements, les régions" in delivery.source


def test_addresses(folder, tmp_path, site, answer):
    for path in folder.glob("*-1000m.geojson"):
        site.routes[f"/latest/{path.name}"] = [answer(path.read_bytes())]
    names = [f"{kind}-1000m.geojson" for kind in ("communes", "epci", "departements", "regions")]
    delivery = read(",".join(f"{site.url}/latest/{name}" for name in names), tmp_path)
    assert delivery.regions["nom"].tolist()[0] == "Pays de la Loire"
    assert [f.name for f in delivery.files] == names
    with pytest.raises(NotFound):
        read(f"{site.url}/latest/communes-5m.geojson", tmp_path)


def test_a_city_given_by_its_arrondissements_is_their_union(tmp_path):
    delivery = read(write(tmp_path / "communes-5m.geojson", communes() + lyon()), tmp_path)
    city = delivery.communes.set_index("code").loc["69123"]
    assert city[["nom", "departement", "region", "epci"]].tolist() == ["Lyon", "69", "84", "200046977"]
    assert city.geometry.equals(shapely.union_all(delivery.arrondissements.geometry.array))
    assert city.geometry.geom_type == "Polygon"
    assert delivery.arrondissements["commune"].tolist() == ["69123"] * 9
    assert not delivery.communes["code"].str.startswith("6938").any()


def test_a_city_given_whole_is_left_whole(tmp_path):
    whole = feature(
        4.8, 45.7, 0.1, code="69123", nom="Lyon", departement="69", region="84", epci="200046977", plm=True
    )
    delivery = read(write(tmp_path / "communes-5m.geojson", [whole, *lyon(commune="69123")]), tmp_path)
    assert delivery.communes["code"].tolist() == ["69123"]
    assert len(delivery.arrondissements) == 9
    assert delivery.communes.geometry[0].equals(shapely.geometry.shape(whole["geometry"]))


def test_arrondissements_in_their_own_file(tmp_path):
    a = write(tmp_path / "communes-5m.geojson", communes())
    b = write(tmp_path / "arrondissements-municipaux-5m.geojson.gz", lyon(commune="69123"))
    delivery = read(f"{a},{b}", tmp_path)
    assert "69123" in set(delivery.communes["code"])
    assert len(delivery.arrondissements) == 9


def test_a_city_with_arrondissements_missing_is_refused(tmp_path):
    with pytest.raises(Invalid, match="69123 manque et ses arrondissements sont incomplets"):
        read(write(tmp_path / "communes-5m.geojson", lyon()[:8]), tmp_path)


def test_other_coordinate_systems_are_reprojected(tmp_path):
    frame = gpd.GeoDataFrame.from_features(communes()[:2], crs=4326).to_crs(2154)
    frame.to_file(tmp_path / "communes-5m.geojson", driver="GeoJSON")
    delivery = read(tmp_path / "communes-5m.geojson", tmp_path)
    assert delivery.communes.geometry[0].distance(shapely.Point(-1.6, 47.2)) < 1e-6


def one(**changes):
    properties = {"code": "44109", "nom": "Nantes", "departement": "44", "region": "52", "epci": None} | changes
    return [feature(-1.6, 47.2, **{name: value for name, value in properties.items() if value != "absent"})]


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (one(region="absent"), "«\u202fregion\u202f».*trouvés.*code, nom, departement"),
        (one(code="absent"), "«\u202fcode\u202f»"),
        (one(code="4109"), "mal formés.*4109"),
        (one(code=44109.5), "mal formés"),
        (one(nom=None), "sans nom.*44109"),
        (one(departement=None), "sans code de département.*44109"),
        (one() + one(), "en double.*44109"),
        (
            [feature(0, 0, kind="Point", code="44109", nom="N", departement="44", region="52")],
            "pas des polygones.*44109",
        ),
        (communes()[-2:], "."),
        ([], "."),
    ],
)
def test_contents_that_cannot_be_delivered(tmp_path, features, words):
    with pytest.raises(Invalid, match=words) as error:
        read(write(tmp_path / "communes-5m.geojson", features), tmp_path)
    assert str(tmp_path) not in error.value.detail


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b'{"type": "FeatureCollection"}', b"\x1f\x8b\x08"])
@pytest.mark.parametrize("name", ["communes-5m.geojson", "communes-5m.geojson.gz"])
def test_files_that_are_not_geojson(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid):
        read(tmp_path / name, tmp_path)


def test_which_file_is_the_communes_must_be_plain(folder, tmp_path):
    write(folder / "communes-5m.geojson", communes())
    with pytest.raises(Invalid, match=r"Plusieurs fichiers pour communes.*N’en donnez qu’un"):
        read(folder, tmp_path)
    for path in folder.glob("communes-*m.geojson"):
        path.unlink()
    with pytest.raises(Invalid, match="Aucun fichier communes"):
        read(folder, tmp_path)


def test_a_departement_that_no_file_describes(folder, tmp_path):
    write(folder / "departements-1000m.geojson", [feature(0, 0, **row) for row in SIBLINGS["departements"][1:]])
    with pytest.raises(Invalid, match=r"département cités mais non décrits.*44"):
        read(folder, tmp_path)


def test_the_communes_of_pays_de_la_loire(tmp_path):
    given, codes = (
        SHARED / "boundaries/communes_cog2025_pdl.geojson",
        SHARED / "cog/insee_v_commune_2025_via_COGiter.csv",
    )
    if not given.exists() or not codes.exists():
        pytest.skip("les données d’essai partagées ne sont pas là")
    with pytest.raises(Invalid, match=r"«.departement.».*«.region.».*siren_epci"):
        read(given, tmp_path)
    frame = gpd.read_file(given).rename(columns={"dep": "departement", "siren_epci": "epci"})
    cog = pd.read_csv(codes, dtype=str).query("TYPECOM == 'COM'").set_index("DEPCOM")
    frame["region"] = frame["code"].map(cog["REG"])
    frame.to_file(tmp_path / "communes-50m.geojson", driver="GeoJSON")
    delivery = read(tmp_path / "communes-50m.geojson", tmp_path)
    inside = delivery.communes[delivery.communes["region"] == "52"]
    assert len(inside) == 1228
    assert inside.to_crs(2154).area.sum() / 1e6 == pytest.approx(32359.0, abs=0.5)
    assert inside.set_index("code").loc["85113", "epci"] is None
    assert inside["epci"].nunique() == 71
