"""ADMIN EXPRESS COG in each of its layouts: names, encodings, coordinate systems, and what is missing."""

import shutil
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from boundaries.sources import ign
from geo.errors import Invalid
from geo.progress import silent

GPKG_4_0 = {
    "code": "code_insee",
    "nom": "nom_officiel",
    "departement": "code_insee_du_departement",
    "region": "code_insee_de_la_region",
    "epci": "codes_siren_des_epci",
    "population": "population",
    "commune": "code_insee_de_la_commune_de_rattach",
    "siren": "code_siren",
    "nature": "nature",
}
SHP_3 = {
    "communes": {"code": "INSEE_COM", "nom": "NOM", "epci": "SIREN_EPCI", "population": "POPULATION"},
    "arrondissements": {"code": "INSEE_ARM", "nom": "NOM", "commune": "INSEE_COM", "population": "POPULATION"},
    "delegated": {"code": "INSEE_CAD", "nom": "NOM", "commune": "INSEE_COM"},
    "epci": {"siren": "CODE_SIREN", "nom": "NOM", "nature": "NATURE"},
    "departements": {"code": "INSEE_DEP", "nom": "NOM", "region": "INSEE_REG"},
    "regions": {"code": "INSEE_REG", "nom": "NOM"},
}
SHP_2 = {
    "communes": {"code": "INSEE_COM", "nom": "NOM_COM", "epci": "CODE_EPCI", "population": "POPULATION"},
    "arrondissements": {"code": "INSEE_COM", "nom": "NOM_COM", "commune": "INSEE_RATT"},
    "delegated": {"code": "INSEE_COM", "nom": "NOM_COM", "commune": "INSEE_RATT"},
    "epci": {"siren": "CODE_EPCI", "nom": "NOM_EPCI", "nature": "TYPE_EPCI"},
    "departements": {"code": "INSEE_DEP", "nom": "NOM_DEP", "region": "INSEE_REG"},
    "regions": {"code": "INSEE_REG", "nom": "NOM_REG"},
}
TABLES = {
    "communes": "COMMUNE",
    "arrondissements": "ARRONDISSEMENT_MUNICIPAL",
    "delegated": "COMMUNE_ASSOCIEE_OU_DELEGUEE",
    "epci": "EPCI",
    "departements": "DEPARTEMENT",
    "regions": "REGION",
}


def square(x, y, size=1000):
    return shapely.MultiPolygon([shapely.box(x, y, x + size, y + size)])


def metropole():
    """Return small tables: Loire-Atlantique, one island without EPCI, Paris and Grand Paris, EPSG:2154."""
    communes = [
        ("44180", "Vallons-de-l’Erdre", "244400552", 6600, square(370000, 6720000)),
        ("44109", "Nantes", "244400404", 325070, square(355000, 6689000)),
        ("85113", "L'Île-d'Yeu", "NR", 4900, square(270000, 6640000)),
        ("75056", "Paris", "200054781", 2113705, square(650000, 6860000)),
        ("93066", "Saint-Denis", "200057867/200054781", 150000, square(653000, 6870000)),
    ]
    return {
        "communes": frame(["code", "nom", "epci", "population"], communes),
        "arrondissements": frame(
            ["code", "nom", "commune", "population"],
            [("75101", "Paris 1er Arrondissement", "75056", 15917, square(650000, 6860000, 500))],
        ),
        "delegated": frame(
            ["code", "nom", "commune"],
            [
                ("49144", "Freigné", "44180", square(370000, 6720000, 300)),
                ("44180", "Saint-Mars-la-Jaille", "44180", square(370500, 6720000, 300)),
            ],
        ),
        "epci": frame(
            ["siren", "nom", "nature"],
            [
                ("244400552", "CC du Pays d'Ancenis", "Communauté de communes", square(370000, 6720000)),
                ("244400404", "Nantes Métropole", "Métropole", square(355000, 6689000)),
                ("200054781", "Métropole du Grand Paris", "ME", square(650000, 6860000)),
                ("200057867", "Plaine Commune", "Etablissement public territorial", square(653000, 6870000)),
            ],
        ),
        "departements": frame(
            ["code", "nom", "region"],
            [
                ("44", "Loire-Atlantique", "52", square(355000, 6689000)),
                ("85", "Vendée", "52", square(270000, 6640000)),
                ("75", "Paris", "11", square(650000, 6860000)),
                ("93", "Seine-Saint-Denis", "11", square(653000, 6870000)),
            ],
        ),
        "regions": frame(
            ["code", "nom"],
            [
                ("52", "Pays de la Loire", square(355000, 6689000)),
                ("11", "Île-de-France", square(650000, 6860000)),
            ],
        ),
    }


def frame(columns, rows, crs="EPSG:2154"):
    data = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    return gpd.GeoDataFrame(data, geometry=[row[-1] for row in rows], crs=crs)


def write_gpkg(path, tables, lower=True):
    for name, rows in tables.items():
        layer = TABLES[name].lower() if lower else TABLES[name]
        rows.rename(columns=GPKG_4_0).to_file(path, layer=layer, driver="GPKG")
    return path


def write_shp(folder, tables, names, encoding="UTF-8", cpg=True):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, rows in tables.items():
        wanted = [*names[kind], "geometry"]
        renamed = rows[wanted].rename(columns=names[kind])
        path = folder / f"{TABLES[kind]}.shp"
        renamed.to_file(path, encoding=encoding)
        if not cpg:
            path.with_suffix(".cpg").unlink(missing_ok=True)
    return folder


def read(location, tmp_path, progress=silent):
    return ign.read(str(location), 2025, tmp_path / "cache", progress)


def expect_metropole(delivery):
    communes = delivery.communes.set_index("code")
    assert list(communes.index) == ["44180", "44109", "85113", "75056", "93066"]
    assert communes.loc["85113", "nom"] == "L'Île-d'Yeu"
    assert communes["epci"].tolist() == ["244400552", "244400404", None, "200054781", "200054781"]
    assert communes["departement"].tolist() == ["44", "44", "85", "75", "93"]
    assert communes["region"].tolist() == ["52", "52", "52", "11", "11"]
    assert communes.loc["44109", "population"] == 325070
    assert communes.crs.to_epsg() == 4326
    assert np.allclose(communes.loc["44109"].geometry.centroid.coords[0], (-1.5534, 47.2173), atol=0.005)
    assert delivery.arrondissements[["code", "commune"]].to_numpy().tolist() == [["75101", "75056"]]
    assert delivery.epci[["code", "nature"]].to_numpy().tolist() == [
        ["244400552", "CC"],
        ["244400404", "METRO"],
        ["200054781", "METRO"],
    ]
    assert delivery.departements.set_index("code").loc["85", ["nom", "region"]].tolist() == ["Vendée", "52"]
    assert delivery.regions["nom"].tolist() == ["Pays de la Loire", "Île-de-France"]
    assert delivery.delegated.to_numpy().tolist() == [["49144", "44180"]]
    assert (delivery.millesime, delivery.licence, delivery.outlines) == (2025, "Licence Ouverte 2.0", True)
    assert all(len(file.sha256) == 64 for file in delivery.files)


@pytest.mark.parametrize("lower", [True, False])
def test_geopackage_of_4_0(tmp_path, steps, lower):
    path = write_gpkg(tmp_path / "ADE-COG_4-0_GPKG_LAMB93_FXX-ED2025-01-01.gpkg", metropole(), lower)
    delivery = read(path, tmp_path, steps)
    expect_metropole(delivery)
    assert [file.name for file in delivery.files] == [path.name]
    assert steps.seen == [["Lecture d’ADMIN EXPRESS", 6, 6]]


def test_shapefiles_of_3_x(tmp_path):
    folder = write_shp(tmp_path / "ADECOG_3-2_SHP_LAMB93_FXX", metropole(), SHP_3)
    delivery = read(folder, tmp_path)
    expect_metropole(delivery)
    assert {f.name for f in delivery.files} >= {"COMMUNE.shp", "COMMUNE.dbf", "COMMUNE.prj", "EPCI.dbf"}


def test_shapefiles_of_2_x(tmp_path):
    tables = metropole()
    tables["arrondissements"] = tables["arrondissements"].drop(columns="population")
    folder = write_shp(tmp_path / "d", tables, SHP_2)
    expect_metropole(read(folder, tmp_path))


def test_entite_rattachee_holds_arrondissements_and_deleguees_in_2_0(tmp_path):
    tables = metropole()
    both = gpd.pd.concat([tables.pop("arrondissements"), tables.pop("delegated")])
    folder = write_shp(tmp_path / "d", tables, SHP_2)
    both[["code", "nom", "commune", "geometry"]].rename(columns=SHP_2["delegated"]).to_file(
        folder / "ENTITE_RATTACHEE_CARTO.shp", encoding="UTF-8"
    )
    expect_metropole(read(folder, tmp_path))


@pytest.mark.parametrize(("encoding", "cpg"), [("ISO-8859-1", True), ("ISO-8859-1", False), ("UTF-8", False)])
def test_accents_whatever_the_encoding_of_the_dbf(tmp_path, encoding, cpg):
    tables = metropole()
    tables["communes"]["nom"] = tables["communes"]["nom"].str.replace("’", "'")
    folder = write_shp(tmp_path / "d", tables, SHP_3, encoding, cpg)
    if not cpg:
        for dbf in folder.glob("*.dbf"):
            content = bytearray(dbf.read_bytes())
            content[29] = 0
            dbf.write_bytes(content)
    expect_metropole(read(folder, tmp_path))


def test_a_geopackage_turned_into_shapefiles_keeps_ten_characters(tmp_path, recwarn):
    folder = tmp_path / "d"
    folder.mkdir()
    tables = metropole()
    tables["communes"]["departement"] = tables["communes"]["code"].str[:2]
    order = {
        "communes": ["nom", "code", "departement", "epci", "population"],
        "departements": ["nom", "code", "region"],
    }
    for kind, rows in tables.items():
        columns = [*order.get(kind, [c for c in rows.columns if c != "geometry"]), "geometry"]
        rows[columns].rename(columns=GPKG_4_0).to_file(folder / f"{TABLES[kind].lower()}.shp", encoding="UTF-8")
    assert "nom_offici" in gpd.read_file(folder / "commune.shp").columns
    expect_metropole(read(folder, tmp_path))
    recwarn.clear()


def test_zip_archives_and_several_of_them(tmp_path):
    folder = write_shp(tmp_path / "d", metropole(), SHP_3)
    archive = shutil.make_archive(str(tmp_path / "fxx"), "zip", tmp_path, "d")
    delivery = read(archive, tmp_path)
    expect_metropole(delivery)
    assert [f.name for f in delivery.files] == ["fxx.zip"]
    shutil.rmtree(folder)
    expect_metropole(read(archive, tmp_path))
    path = write_gpkg(tmp_path / "ade.gpkg", metropole())
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as content:
        content.write(path, "1_DONNEES/ade.gpkg")
    expect_metropole(read(tmp_path / "g.zip", tmp_path))


OVERSEAS = [
    # departement, region, EPSG, commune, and where its town hall is
    ("971", "01", 5490, ("97105", "Basse-Terre"), (-61.7256, 15.9958)),
    ("972", "02", 5490, ("97209", "Fort-de-France"), (-61.0667, 14.6036)),
    ("973", "03", 2972, ("97302", "Cayenne"), (-52.3260, 4.9372)),
    ("974", "04", 2975, ("97411", "Saint-Denis"), (55.4504, -20.8789)),
    ("976", "06", 4471, ("97611", "Mamoudzou"), (45.2279, -12.7806)),
]
PROJECTED = {
    # the same places in the CRS of their territory, by Snyder's transverse Mercator series, without PROJ
    "971": (636363, 1768889),
    "972": (708257, 1615369),
    "973": (352980, 545869),
    "974": (338808, 7690478),
    "976": (524735, 8587116),
}


def test_the_origin_of_lambert_93(tmp_path):
    tables = metropole()
    tables["communes"].loc[0, "geometry"] = shapely.MultiPolygon([shapely.box(699900, 6599900, 700100, 6600100)])
    delivery = read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path)
    assert np.allclose(delivery.communes.geometry[0].centroid.coords[0], (3.0, 46.5), atol=1e-6)


def overseas(folder, crs_of=lambda epsg: f"EPSG:{epsg}"):
    paths = []
    for departement, region, epsg, (code, nom), _ in OVERSEAS:
        x, y = PROJECTED[departement]
        outline = square(x - 500, y - 500)
        crs = crs_of(epsg)
        tables = {
            "communes": frame(["code", "nom", "epci", "population"], [(code, nom, "NR", 1, outline)], crs),
            "epci": frame(["siren", "nom", "nature"], [], crs),
            "departements": frame(["code", "nom", "region"], [(departement, nom, region, outline)], crs),
            "regions": frame(["code", "nom"], [(region, nom, outline)], crs),
        }
        tables["epci"] = tables["epci"].astype({"siren": str, "nom": str, "nature": str})
        paths.append(write_gpkg(folder / f"{departement}.gpkg", tables))
    return paths


@pytest.mark.parametrize("as_folder", [True, False])
def test_one_file_per_territory_each_in_its_own_system(tmp_path, as_folder):
    folder = tmp_path / "outre-mer"
    folder.mkdir()
    paths = overseas(folder)
    location = folder if as_folder else ",".join(str(path) for path in paths)
    delivery = read(location, tmp_path)
    communes = delivery.communes.set_index("code")
    assert sorted(delivery.departements["code"]) == ["971", "972", "973", "974", "976"]
    for departement, region, _, (code, _nom), (longitude, latitude) in OVERSEAS:
        assert communes.loc[code, ["departement", "region"]].tolist() == [departement, region]
        centre = communes.loc[code].geometry.centroid
        assert abs(centre.x - longitude) < 1e-4, code
        assert abs(centre.y - latitude) < 1e-4, code


def test_collectivities_overseas_are_kept_out(tmp_path):
    tables = metropole()
    com = frame(["code", "nom", "epci", "population"], [("97502", "Saint-Pierre", "NR", 5, square(0, 0))])
    tables["communes"] = gpd.pd.concat([tables["communes"], com])
    nr = frame(["code", "nom", "region"], [("NR", "Saint-Pierre-et-Miquelon", "NR", square(0, 0))])
    tables["departements"] = gpd.pd.concat([tables["departements"], nr])
    expect_metropole(read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path))


def test_outlines_in_three_dimensions_become_flat(tmp_path):
    tables = metropole()
    tables["communes"]["geometry"] = shapely.force_3d(tables["communes"].geometry.array, 12.0)
    delivery = read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path)
    assert not delivery.communes.geometry.has_z.any()


def test_the_arrondissements_may_be_absent(tmp_path):
    tables = metropole()
    del tables["arrondissements"], tables["delegated"]
    delivery = read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path)
    assert len(delivery.arrondissements) == len(delivery.delegated) == 0
    assert list(delivery.arrondissements.columns) == ["code", "nom", "commune", "population", "geometry"]
    assert list(delivery.delegated.columns) == ["code", "commune"]


def without(table, column=None):
    tables = metropole()
    if column is None:
        del tables[table]
    else:
        tables[table] = tables[table].drop(columns=column)
    return tables


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (without("epci"), r"la table EPCI\..*arrondissement_municipal, commune"),
        (without("communes"), "la table COMMUNE"),
        (
            without("communes", "epci"),
            "«\u202fepci\u202f» .*codes_siren_des_epci.*trouvés.*code_insee, nom_officiel",
        ),
        (
            without("departements", "region"),
            "departement de a.gpkg.*«\u202fregion\u202f»",
        ),
        (without("regions", "nom"), "region de a.gpkg.*«\u202fnom\u202f»"),
    ],
)
def test_what_is_missing_is_named_with_what_was_found(tmp_path, tables, words):
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    with pytest.raises(Invalid, match=words) as error:
        read(path, tmp_path)
    assert str(tmp_path) not in error.value.detail


def changed(table, row, column, value):
    tables = metropole()
    tables[table].loc[row, column] = value
    return tables


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (changed("communes", 0, "code", "1234"), "mal formés.*1234"),
        (changed("communes", 0, "code", None), "mal formés"),
        (changed("communes", 0, "code", "44109"), "en double.*44109"),
        (changed("communes", 0, "nom", None), "sans nom.*44180"),
        (changed("communes", 0, "code", "29019"), "département cités mais non décrits.*29"),
        (changed("departements", 0, "region", "53"), "région cités mais non décrits.*53"),
        (changed("departements", 0, "region", None), "sans code de région.*44"),
    ],
)
def test_contents_that_cannot_be_delivered(tmp_path, tables, words):
    with pytest.raises(Invalid, match=words):
        read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path)


def test_points_are_no_communes(tmp_path):
    tables = metropole()
    tables["communes"]["geometry"] = tables["communes"].centroid
    with pytest.raises(Invalid, match="pas des polygones"):
        read(write_gpkg(tmp_path / "a.gpkg", tables), tmp_path)


def test_the_same_territory_given_twice(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", metropole())
    shutil.copy(path, tmp_path / "b.gpkg")
    with pytest.raises(Invalid, match="en double"):
        read(f"{path},{tmp_path / 'b.gpkg'}", tmp_path)


def test_files_that_are_not_what_they_seem(tmp_path):
    cases = {
        "a.gpkg": (b"not a database", "illisible"),
        "a.7z": (b"7z", "Décompressez d’abord a.7z"),
        "a.pdf": (b"%PDF", "ni un GeoPackage"),
        "a.shp": (b"", ".dbf et .shx"),
        "a.zip": (b"", "zip lisible"),
    }
    for name, (content, words) in cases.items():
        path = tmp_path / "d" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(Invalid, match=words) as error:
            read(path, tmp_path)
        assert str(tmp_path) not in error.value.detail
    with zipfile.ZipFile(tmp_path / "vide.zip", "w") as content:
        content.writestr("notice.pdf", b"")
    with pytest.raises(Invalid, match="ne contient ni GeoPackage"):
        read(tmp_path / "vide.zip", tmp_path)


def test_a_shapefile_without_its_coordinate_system_or_damaged(tmp_path):
    folder = write_shp(tmp_path / "d", metropole(), SHP_3)
    (folder / "COMMUNE.prj").unlink()
    with pytest.raises(Invalid, match=r"coordonnées.*\.prj"):
        read(folder, tmp_path)
    folder = write_shp(tmp_path / "e", metropole(), SHP_3)
    (folder / "EPCI.dbf").write_bytes(b"\0" * 10)
    with pytest.raises(Invalid, match="EPCI"):
        read(folder, tmp_path)
