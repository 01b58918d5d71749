"""OWSLib as a client of the features and of the catalogue."""

import textwrap

from accesslog import run

FEATURES = textwrap.dedent("""
    import json, sys
    from owslib.ogcapi.features import Features
    service = Features(sys.argv[1])
    communes = service.collection("communes")
    some = service.collection_items("communes", bbox=[-1.7, 47.1, -1.4, 47.4], limit=5, sortby=("nom", "desc"))
    filtered = service.collection_items("communes", filter="departement = '85'", limit=1)
    print(json.dumps({
        "collections": service.feature_collections(),
        "conformance": service.conformance()["conformsTo"],
        "paths": len(service.api()["paths"]),
        "title": communes["title"],
        "queryables": list(service.collection_queryables("communes")["properties"]),
        "names": [one["properties"]["nom"] for one in some["features"]],
        "one": service.collection_item("communes", "44109")["properties"]["nom"],
        "matched": filtered["numberMatched"],
    }))
""")
RECORDS = textwrap.dedent("""
    import json, sys
    from owslib.ogcapi.records import Records
    service = Records(sys.argv[1])
    [name] = service.records()
    found = service.collection_items(name, q="densité", limit=50)
    print(json.dumps({
        "name": name,
        "ids": [one["id"] for one in found["features"]],
        "one": service.collection_item(name, "densite")["properties"]["title"],
    }))
""")


def test_features(api: str) -> None:
    found = run(FEATURES, api)
    assert {"communes", "epci", "densite"} <= set(found["collections"])
    assert "catalogue" not in found["collections"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in found["conformance"]
    assert found["paths"] > 20
    assert found["title"] == "Communes"
    assert {"code", "nom", "departement"} <= set(found["queryables"])
    assert len(found["names"]) == 5
    assert found["names"] == sorted(found["names"], reverse=True)
    assert found["one"] == "Nantes"
    assert found["matched"] == 253


def test_records(api: str) -> None:
    found = run(RECORDS, api)
    assert found["name"] == "catalogue"
    assert "densite" in found["ids"]
    assert "epci" not in found["ids"]
    assert found["one"] == "Densité de population"
