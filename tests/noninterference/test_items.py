"""Collections of indicators: each audience reads a part of what the next one reads, and orders and counts tell no more."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import orjson
import pytest
from crawling import Asker
from twins import Places

from boundaries.readers import Audience

SHOWN = (
    "population",
    "ventes_logements",
    "menages_fiscaux",
    "taux_pauvrete",
    "niveau_vie_median",
    "prix_m2_logement",
)
ORDERED = tuple(Audience)


def collection(ask: Asker, name: str, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = ask(f"/api/collections/{name}/items?limit=1000{query}")
    return answer.status, orjson.loads(answer.body)


def values(found: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Every value that is told, by commune and column."""
    return {
        (one["id"], name): value
        for one in found["features"]
        for name, value in one["properties"].items()
        if name.startswith("value") and value is not None
    }


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ORDERED)))
def test_an_audience_reads_a_part_of_what_the_next_one_reads(
    places: Places, name: str, lower: Audience, higher: Audience
) -> None:
    for level in ("commune", "epci", "departement"):
        status, less = collection(places.one.asker(lower), name, f"&level={level}")
        if status == 404:
            continue
        _, more = collection(places.one.asker(higher), name, f"&level={level}")
        told, all_told = values(less), values(more)
        assert told.items() <= all_told.items()
        assert [one["id"] for one in less["features"]] == [one["id"] for one in more["features"]]


@pytest.mark.parametrize(
    "query",
    [
        "&sortby=-value_2021",
        "&sortby=value_2021,-code&limit=2",
        "&filter=value_2021+%3E+25",
        "&value_2021=2,3,30,29",
        "&filter=value_2021+%3E+25&count=estimated",
        "&filter=status_2021+%3D+'secret'",
        "&sortby=-value_2021&offset=3",
    ],
)
def test_orders_filters_and_numbers_tell_nothing_of_what_is_hidden(places: Places, query: str) -> None:
    """The twins differ by the hidden cells of `ventes_logements` alone: all that is asked of it is answered alike."""
    query = query.replace("&limit=2", "")

    def asked(place: Callable[[], Asker]) -> dict[str, Any]:
        _, found = collection(place(), "ventes_logements", query)
        found.pop("timeStamp", None)
        return found

    first, second = asked(places.one.asker), asked(places.other.asker)
    assert first == second
    assert "features" in first


def test_a_cursor_of_another_audience_leads_nowhere(places: Places) -> None:
    """Its pages are of an edition that who brings it does not read."""
    region = places.one.asker(Audience.REGION)
    answer = orjson.loads(region("/api/collections/menages_fiscaux/items?limit=2").body)
    [following] = [link["href"] for link in answer["links"] if link["rel"] == "next"]
    address = following[following.index("/api/") :]
    assert region(address).status == 200
    assert places.one.asker()(address).status == 400
