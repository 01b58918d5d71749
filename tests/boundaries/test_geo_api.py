"""geo.api.gouv.fr: asked departement by departement, patient when told to wait, or read from recorded answers."""

import gzip
import json

import pytest
import shapely

from boundaries.scope import cut
from boundaries.sources import geo_api
from geo.errors import Invalid
from geo.progress import silent


def commune(code, nom, departement, region, epci=None, x=0.0, kind="Polygon", **more):
    """Return a feature as the API writes it: absent fields are absent, not null."""
    outline = shapely.box(x, 47.0, x + 0.01, 47.01)
    geometry = json.loads(shapely.to_geojson(outline if kind == "Polygon" else outline.centroid))
    properties = {"nom": nom, "code": code, "codeDepartement": departement, "codeRegion": region}
    properties |= {"codeEpci": epci} if epci else {}
    return {"type": "Feature", "properties": properties | {"population": 100} | more, "geometry": geometry}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


VALLONS = commune(
    "44180",
    "Vallons-de-l'Erdre",
    "44",
    "52",
    "244400552",
    -1.2,
    population=6600,
    anciensCodes=["49144", "44225", "44180"],
    deleguees=[{"code": "44180", "nom": "Saint-Mars-la-Jaille"}, {"code": "44219", "nom": "Vritz"}],
    associees=None,
)
YEU = commune("85113", "L'Île-d'Yeu", "85", "52", None, -2.4)
REDON = commune("35236", "Redon", "35", "53", "243500741", -2.1)
AVESSAC = commune("44007", "Avessac", "44", "52", "243500741", -2.0)
LYON = commune("69123", "Lyon", "69", "84", "200046977", 4.8)
LYON_1 = commune("69381", "Lyon 1er Arrondissement", "69", "84", "200046977", 4.8)
ST_PIERRE = commune("97502", "Saint-Pierre", "975", "975", None, -56.2)

REGIONS = [
    {"nom": "Pays de la Loire", "code": "52"},
    {"nom": "Bretagne", "code": "53"},
    {"nom": "Auvergne-Rhône-Alpes", "code": "84"},
]
DEPARTEMENTS = [
    {"nom": "Loire-Atlantique", "code": "44", "codeRegion": "52"},
    {"nom": "Vendée", "code": "85", "codeRegion": "52"},
    {"nom": "Ille-et-Vilaine", "code": "35", "codeRegion": "53"},
    {"nom": "Rhône", "code": "69", "codeRegion": "84"},
]
EPCIS = [
    {"nom": "CC du Pays d'Ancenis", "code": "244400552", "type": "CC", "codesRegions": ["52"]},
    {"nom": "CA Redon Agglomération", "code": "243500741", "type": "CA", "codesRegions": ["52", "53"]},
    {"nom": "Métropole de Lyon", "code": "200046977", "type": "MET69", "codesRegions": ["84"]},
]


@pytest.fixture
def api(site, answer):
    """Serve the API as it is known: paths, and the query where it matters."""

    def put(path, content, **options):
        site.routes[path] = [answer(json.dumps(content).encode(), **options)]

    put("/regions", REGIONS)
    put("/departements", DEPARTEMENTS)
    put("/epcis", EPCIS)
    put("/departements/44/communes", collection(VALLONS, AVESSAC))
    put("/departements/85/communes", collection(YEU))
    put("/departements/35/communes", collection(REDON))
    put("/departements/69/communes", collection(LYON))
    put("/communes", collection(LYON_1))
    put("/epcis/243500741/communes", collection(REDON, AVESSAC))
    return site


def asked(site):
    return [path.partition("?")[0] for path, _ in site.requests]


def read(location, tmp_path, progress=silent, region=None):
    return geo_api.read(str(location), 2025, tmp_path / "cache", progress, region)


def test_a_region_and_what_completes_its_epci(api, tmp_path, steps):
    delivery = read(api.url, tmp_path, steps, "52")
    assert asked(api) == [
        "/regions",
        "/departements",
        "/epcis",
        "/departements/44/communes",
        "/departements/85/communes",
        "/epcis/243500741/communes",
    ]
    assert "format=geojson&geometry=contour" in api.requests[3][0]
    assert "anciensCodes" in api.requests[3][0]
    communes = delivery.communes.set_index("code")
    assert list(communes.index) == ["44180", "44007", "85113", "35236"]
    assert communes.loc["44180", ["nom", "departement", "region", "epci"]].tolist() == [
        "Vallons-de-l'Erdre",
        "44",
        "52",
        "244400552",
    ]
    assert communes.loc["85113", "epci"] is None
    assert communes.loc["44180", "population"] == 6600
    assert communes.crs.to_epsg() == 4326
    assert communes.loc["44180"].geometry.bounds == (-1.2, 47.0, -1.19, 47.01)
    assert delivery.former.to_numpy().tolist() == [["49144", "44180"], ["44225", "44180"]]
    assert delivery.delegated.to_numpy().tolist() == [["44219", "44180"]]
    assert delivery.epci[["code", "nature"]].to_numpy().tolist()[1] == ["243500741", "CA"]
    assert (delivery.source, delivery.licence) == ("geo.api.gouv.fr", "Licence Ouverte 2.0")
    assert [f.name for f in delivery.files][2:4] == ["epcis", "departements/44/communes"]
    assert [step[1:] for step in steps.seen] == [[3, 3]]
    scoped = cut(delivery, "52")
    assert scoped.communes["in_scope"].tolist() == [True, True, True, False]


@pytest.mark.parametrize("region", [None, "all"])
def test_the_whole_country_with_its_municipal_arrondissements(api, tmp_path, region):
    delivery = read(f"{api.url}/", tmp_path, silent, region)
    assert len(delivery.communes) == 5
    assert delivery.arrondissements[["code", "commune"]].to_numpy().tolist() == [["69381", "69123"]]
    assert "codeDepartement=69&type=arrondissement-municipal" in api.requests[-1][0]
    assert delivery.files[-1].name == "communes?codeDepartement=69&type=arrondissement-municipal"


def test_the_api_asks_for_patience(api, tmp_path, answer):
    for path in ("/departements/44/communes", "/regions"):
        api.routes[path] = [
            answer(status=429, headers={"Retry-After": "0"}),
            answer(status=503, headers={"Retry-After": "0"}),
            *api.routes[path],
        ]
    assert len(read(api.url, tmp_path, silent, "52").communes) == 4


def test_an_interrupted_set_of_answers_asks_again_only_for_what_changed(api, tmp_path, answer):
    body = api.routes["/departements/44/communes"][0].body
    api.routes["/departements/44/communes"] = [answer(body, headers={"ETag": 'W/"1"'}), answer(status=304)]
    good = api.routes["/departements/85/communes"]
    api.routes["/departements/85/communes"] = [answer(status=400)]
    with pytest.raises(Invalid, match="réponse 400"):
        read(api.url, tmp_path, silent, "52")
    api.routes["/departements/85/communes"] = good
    assert len(read(api.url, tmp_path, silent, "52").communes) == 4
    assert api.routes["/departements/44/communes"] == [answer(status=304)]


def test_an_unknown_region(api, tmp_path):
    with pytest.raises(Invalid, match=r"«\u202f99\u202f» est inconnue.*52, 53, 84"):
        read(api.url, tmp_path, silent, "99")


def record(folder, **answers):
    folder.mkdir(exist_ok=True)
    for name, content in answers.items():
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return folder


def test_recorded_answers_whatever_their_names(tmp_path):
    folder = record(
        tmp_path / "d",
        a=REGIONS,
        b=[*DEPARTEMENTS, {"nom": "Saint-Pierre-et-Miquelon", "code": "975", "codeRegion": "975"}],
        c=EPCIS,
        d=collection(VALLONS, AVESSAC, YEU, ST_PIERRE),
        e=collection(LYON),
        f=collection(LYON_1),
        g=[],
    )
    (folder / "h.geojson.gz").write_bytes(gzip.compress(json.dumps(collection(REDON, AVESSAC)).encode()))
    delivery = read(folder, tmp_path)
    assert delivery.communes["code"].tolist() == ["44180", "44007", "85113", "69123", "35236"]
    assert delivery.arrondissements["code"].tolist() == ["69381"]
    assert delivery.departements["code"].tolist() == ["44", "85", "35", "69"]
    assert len(delivery.files) == 8
    assert all(len(file.sha256) == 64 for file in delivery.files)


def test_one_recorded_answer_has_codes_for_names(tmp_path):
    folder = record(tmp_path / "d", communes=collection(VALLONS, YEU))
    delivery = read(folder / "communes.json", tmp_path)
    assert delivery.departements.to_numpy().tolist() == [["44", "44", "52"], ["85", "85", "52"]]
    assert delivery.epci.to_numpy().tolist() == [["244400552", "244400552", None]]
    assert "codes à la place des noms" in delivery.source


def changed(feature, **properties):
    return feature | {"properties": feature["properties"] | properties}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (collection(), "Aucune réponse ne contient de communes"),
        ([{"nom": "Nantes", "code": "44109"}], "sans contour"),
        ([{"nom": "?", "code": "1"}], "ni des communes, ni des EPCI"),
        ({"message": "erreur"}, "ni une liste, ni une collection"),
        ({"type": "FeatureCollection", "features": None}, "ni une liste, ni une collection"),
        ([1, 2], "ni une liste, ni une collection"),
        (collection({"type": "Feature"}), "propriété «.code.»"),
        (collection(commune("44109", "Nantes", "44", "52", kind="Point")), "pas des polygones.*44109"),
        (collection(YEU | {"geometry": {"type": "Polygon"}}), "contour de la commune 85113 est illisible"),
        (collection(YEU | {"geometry": {"type": "Polygon", "coordinates": [[["a", 1]]]}}), "85113 est illisible"),
        (collection(changed(YEU, code="8511")), "mal formés.*8511"),
        (collection({"type": "Feature", "properties": {"code": "85113", "nom": "Yeu"}}), "codedepartement"),
        (collection(changed(YEU, codeDepartement=None)), "sans code de département.*85113"),
    ],
)
def test_contents_that_cannot_be_delivered(tmp_path, content, words):
    folder = record(tmp_path / "d", reponse=content)
    with pytest.raises(Invalid, match=words) as error:
        read(folder, tmp_path)
    assert str(tmp_path) not in error.value.detail


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"\x1f\x8b\x08\x00"])
def test_answers_that_are_not_json(api, tmp_path, answer, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(Invalid, match=r"a\.json n’est pas du JSON lisible"):
        read(tmp_path / "a.json", tmp_path)
    api.routes["/departements/44/communes"] = [answer(content)]
    with pytest.raises(Invalid, match="departements/44/communes n’est pas du JSON lisible"):
        read(api.url, tmp_path, silent, "52")


def test_a_departement_without_its_region(tmp_path):
    folder = record(tmp_path / "d", a=collection(YEU), b=DEPARTEMENTS, c=REGIONS[1:])
    with pytest.raises(Invalid, match=r"région cités mais non décrits.*52"):
        read(folder, tmp_path)
