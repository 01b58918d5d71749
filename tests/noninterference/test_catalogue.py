"""The catalogue and the layers for QGIS show each audience what it is served, and nothing of the rest."""

import orjson
import pytest
from twins import Places

from boundaries.readers import Audience

ITEMS = "/api/collections/catalogue/items"
HIDDEN = ("pharmacies", "bureaux_poste", "boulangeries", "niveau_vie_d9", "part_pensions")


def ids(ask, query: str) -> list[str]:
    return [one["id"] for one in orjson.loads(ask(f"{ITEMS}?{query}").body)["features"]]


def test_a_hidden_indicator_has_no_record(places: Places) -> None:
    ask = places.one.asker()
    listed = {one["id"]: one["itemCount"] for one in orjson.loads(ask("/api/collections").body)["collections"]}
    assert ids(ask, "limit=1000") == [name for name, count in listed.items() if count and name != "catalogue"]
    for name in HIDDEN:
        assert name not in listed
        assert ids(ask, f"ids={name}") == ids(ask, f"externalIds={name}") == []
        assert name not in ask(f"{ITEMS}?facets=true&limit=1000").body.decode()
        assert ask(f"{ITEMS}/{name}").status == ask(f"/api/qgis/{name}.qlr").status == 404
    assert ids(ask, "q=boulangerie") == []


@pytest.mark.parametrize("name", ["bureaux_poste", "boulangeries", "niveau_vie_d9"])
def test_it_has_one_for_who_may_know_of_it(places: Places, name: str) -> None:
    ask = places.one.asker(Audience.REGION)
    assert ids(ask, f"ids={name}") == [name]
    pack = ask(f"/api/qgis/{name}.qlr")
    assert pack.status == 200
    # A key is not repeated: without one, the layers would be those that the public is not shown.
    assert b"cle=VOTRE_CLE" in pack.body
