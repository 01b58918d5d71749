"""What the public may not know of is answered as what does not exist: same status, same headers, same bytes."""

import pytest
from asking import everything
from crawling import Answer, Asker, levelled
from twins import HIDDEN_PERIOD, Places

from boundaries.readers import Audience

UNKNOWN = {
    "pharmacies": "a draft",
    "bureaux_poste": "under embargo",
    "boulangeries": "shown to the Region alone",
    "niveau_vie_d9": "hidden from the public",
    "part_pensions": "in the catalogue, never delivered",
}


def without(answer: Answer, name: str) -> Answer:
    """An answer without the name that was asked for."""
    seen = levelled(answer)
    headers = tuple((key, value.replace(name, "…")) for key, value in seen.headers)
    return Answer(seen.status, headers, seen.body.replace(name.encode(), b"..."))


def require_alike(ask: Asker, asked: list[tuple[str, str]], name: str, other: str) -> int:
    """Assert that two names of the same length are answered alike wherever one is asked for."""
    assert len(name) == len(other)
    for address, beside in asked:
        first, second = without(ask(address), name), without(ask(beside), other)
        assert first == second, f"{address}\n{first}\n{second}"
    return len(asked)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_hidden_indicator_is_one_that_does_not_exist(places: Places, name: str) -> None:
    ask = places.one.asker()
    nobody = "z" * len(name)
    named = [one for one in everything((places.one, places.other)) if "boulangeries" in one[1]]
    first = dict(reversed(named))
    assert len(first) >= 8, "every route that takes an indicator"
    # one of each route, and one in five of all: with five names, each address is asked
    chosen = [*first.values(), *(address for _, address in named[list(UNKNOWN).index(name) :: len(UNKNOWN)])]
    asked = [(one.replace("boulangeries", name), one.replace("boulangeries", nobody)) for one in chosen]
    assert require_alike(ask, asked, name, nobody) > 30
    assert name not in ask("/api/indicators").body.decode() + ask("/").body.decode()


def test_what_the_region_knows_of_is_not_so_to_it(places: Places) -> None:
    """Else nothing would be hidden that is there."""
    ask = places.one.asker(Audience.REGION)
    statuses = {name: ask(f"/api/indicators/{name}").status for name in UNKNOWN}
    assert statuses == {
        "pharmacies": 404, "bureaux_poste": 200, "boulangeries": 200, "niveau_vie_d9": 200, "part_pensions": 404,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "hidden", "absent"),
    [
        # a level that is too fine is one that the indicator has not; a period that is hidden is one that never was
        ("/api/indicators/menages_fiscaux/values?level={}&period=2021", "commune", "petr"),
        ("/api/indicators/menages_fiscaux/values?level={}&period=2021&f=csv", "commune", "petr"),
        ("/cartes?indicateur=menages_fiscaux&niveau={}", "commune", "petr"),
        ("/api/indicators/taux_pauvrete/values?level=commune&period={}", HIDDEN_PERIOD, "2099"),
        ("/api/tiles/2024/commune/tilejson.json?indicator=taux_pauvrete:{}", HIDDEN_PERIOD, "2099"),
        ("/api/tiles/2024/commune/0/0/0.mvt?indicator=taux_pauvrete:{}", HIDDEN_PERIOD, "2099"),
        ("/api/collections/communes/items?indicator=taux_pauvrete:{}", HIDDEN_PERIOD, "2099"),
        ("/api/collections/communes/items/44001?indicator=taux_pauvrete:{}", HIDDEN_PERIOD, "2099"),
        ("/api/indicators/taux_pauvrete/aggregate?territories=commune:44001&period={}", HIDDEN_PERIOD, "2099"),
        ("/cartes?indicateur=taux_pauvrete&periode={}", HIDDEN_PERIOD, "2099"),
    ],
)
def test_what_is_hidden_of_an_indicator_is_what_it_has_not(
    places: Places, address: str, hidden: str, absent: str
) -> None:
    ask = places.one.asker()
    first, second = (without(ask(address.format(one)), one) for one in (hidden, absent))
    lengthless = [
        Answer(one.status, tuple(each for each in one.headers if each[0].lower() != "content-length"), one.body)
        for one in (first, second)
    ]
    assert lengthless[0] == lengthless[1]
    assert first.status in (400, 404, 422)


def test_a_territory_of_a_level_that_is_hidden_has_no_history(places: Places) -> None:
    """As one of which the indicator has nothing at all."""
    ask = places.one.asker()
    hidden = ask("/api/indicators/menages_fiscaux/series?territory=commune:44001")
    assert hidden.status == 200
    assert b'"periods":[]' in hidden.body
    assert (
        b'"periods":["2021"'
        in places.one.asker(Audience.PROFESSIONAL)(
            "/api/indicators/menages_fiscaux/series?territory=commune:44001"
        ).body
    )
