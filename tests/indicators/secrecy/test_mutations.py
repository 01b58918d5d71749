"""A protected release, then every way we know to spoil it: each is caught, and what discloses is named.

The country: two departements (1, 2), three EPCI (A in 1, B across, C in 2), eight communes, an older zoning that
cuts across (N, S), three categories and their total, a rate, a growth, an older release, an older millesime.
"""

import numpy as np
import pytest

from indicators.secrecy import (
    Cells,
    Disclosure,
    Relations,
    Standing,
    audit,
    growth_factor,
    protect,
    ratios,
    releases,
    rows,
    sums,
    together,
)
from indicators.secrecy.readings import classed, legend, ranking, stated_total

COMMUNES = ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2"]
EPCI = dict(zip(COMMUNES, "AAABBBCC", strict=True))
DEPARTEMENT = dict(zip(COMMUNES, "11111222", strict=True))
ZONE = dict(zip(COMMUNES, "NNSNSSSS", strict=True))
KINDS = "xyz"
VALUES = np.array(
    [[2, 14, 9], [11, 20, 7], [16, 9, 12], [9, 15, 21], [13, 8, 6], [7, 12, 18], [25, 30, 14], [10, 2, 17]], float
)
SECRET = ["a1:x", "c2:y"]


def _release() -> tuple[Cells, Relations]:
    """Return the release before protection: communes, EPCI, departements and all, by kind and in total."""
    value = {f"{one}:{kind}": VALUES[i, j] for i, one in enumerate(COMMUNES) for j, kind in enumerate(KINDS)}
    places = {
        "A": EPCI,
        "B": EPCI,
        "C": EPCI,
        "1": DEPARTEMENT,
        "2": DEPARTEMENT,
        "R": dict.fromkeys(COMMUNES, "R"),
    }
    for zone, of in places.items():
        for kind in KINDS:
            value[f"{zone}:{kind}"] = sum(value[f"{one}:{kind}"] for one in COMMUNES if of[one] == zone)
    for place in [*COMMUNES, *places]:
        value[f"{place}:T"] = sum(value[f"{place}:{kind}"] for kind in KINDS)
    ids = list(value)
    numbers = np.array([value[one] for one in ids])
    secret = np.isin(ids, SECRET)
    cells = Cells.of(
        ids,
        numbers,
        standing=np.where(secret, Standing.PRIMARY, Standing.PUBLISHED),
        cost=numbers,
        width=np.where(secret, 3.0, 0.0),
        level=["commune" if one[0].islower() else "zone" for one in ids],
    )
    kinds = [*KINDS, "T"]
    parts = [
        _places(cells, EPCI, kinds, "EPCI {} = somme de ses communes"),
        _places(cells, DEPARTEMENT, kinds, "département {} = somme de ses communes"),
        _places(cells, dict.fromkeys(COMMUNES, "R"), kinds, "région {} = somme de ses communes"),
    ]
    everywhere = [*COMMUNES, *places]
    parts.append(
        sums(
            cells,
            [f"{place}:T" for place in everywhere for _ in KINDS],
            [f"{place}:{kind}" for place in everywhere for kind in KINDS],
            "{} = somme des catégories".format,
        )
    )
    return cells, together(parts)


def _places(cells: Cells, of: dict[str, str], kinds: list[str], name: str) -> Relations:
    whole = [f"{of[one]}:{kind}" for kind in kinds for one in COMMUNES]
    part = [f"{one}:{kind}" for kind in kinds for one in COMMUNES]
    return sums(cells, whole, part, name.format)


CELLS, RELATIONS = _release()
PROTECTED = protect(CELLS, RELATIONS)
HIDDEN = set(SECRET) | set(PROTECTED.secondary)


def _more(ids: list[str], value: list[float], **given: object) -> Cells:
    """Return the protected cells with others beside them."""
    shown = PROTECTED.cells
    both = [*shown.id, *ids]
    count = len(ids)
    seen = given.pop("seen", (value, value))
    return Cells.of(
        both,
        np.concatenate([shown.value, value]),
        standing=np.concatenate([shown.standing, np.full(count, given.pop("standing", Standing.PUBLISHED))]),
        cost=np.concatenate([shown.cost, np.ones(count)]),
        seen=tuple(
            np.concatenate([own, more]) for own, more in zip((shown.value, shown.value), seen, strict=True)
        ),
        width=np.concatenate([shown.width, np.zeros(count)]),
    )


def _widened(cells: Cells) -> Relations:
    """Return the relations of the release over more cells."""
    return _over(RELATIONS, cells)


def _over(part: Relations, cells: Cells) -> Relations:
    matrix = part.matrix.copy()
    matrix.resize((matrix.shape[0], len(cells)))
    return Relations(matrix, part.low, part.high, part.name, part.needs)


def _told(cells: Cells, *parts: Relations, integer: bool = False) -> list[Disclosure]:
    return audit(cells, together([_widened(cells), *parts]), integer=integer)


def _true(cell: str) -> float:
    return float(CELLS.value[CELLS.position(cell)])


def test_the_release_is_protected_before_it_is_spoilt():
    assert audit(PROTECTED.cells, RELATIONS) == []
    assert PROTECTED.optimal
    assert PROTECTED.secondary


@pytest.mark.parametrize("cell", PROTECTED.secondary)
def test_unmasking_any_secondary_cell(cell):
    told = audit(PROTECTED.cells.marked([cell], Standing.PUBLISHED), RELATIONS)
    assert told
    assert all(any("somme" in name for name in one.relations) for one in told)


def test_unmasking_is_named_by_the_relations_that_use_it():
    cell = next(one for one in PROTECTED.secondary if one.startswith("a1:"))
    told = audit(PROTECTED.cells.marked([cell], Standing.PUBLISHED), RELATIONS)
    assert any("a1:T = somme des catégories" in one.relations for one in told if one.cell == "a1:x")


@pytest.mark.parametrize("kind", KINDS)
def test_adding_a_zoning(kind):
    names = [f"{zone}:{kind}" for zone in "NS"]
    cells = _more(names, [sum(_true(f"{one}:{kind}") for one in COMMUNES if ZONE[one] == zone) for zone in "NS"])
    added = _places(cells, ZONE, [kind], "zone {} = somme de ses communes")
    told = _told(cells, added)
    # what a zoning discloses is named; one that cuts no hidden pair apart tells nothing, and is not accused
    assert all(any("zone" in name for name in one.relations) for one in told)
    for zone in "NS":
        alone = [one for one in HIDDEN if one.endswith(f":{kind}") and one[0].islower() and ZONE[one[:2]] == zone]
        assert len(alone) != 1 or alone[0] in {one.cell for one in told}


def test_some_zoning_does_disclose():
    alone = {one: ("solo" if one == "a1" else "rest") for one in COMMUNES}
    cells = _more(["solo:x", "rest:x"], [2.0, float(VALUES[1:, 0].sum())])
    told = _told(cells, _places(cells, alone, ["x"], "périmètre {} = somme de ses communes"))
    assert any(one.cell == "a1:x" and one.exact and "périmètre solo:x" in one.sentence for one in told)


def test_a_perimeter_by_difference():
    # the perimeter of all communes but one, beside the region's total
    cells = _more(["but:x"], [float(VALUES[1:, 0].sum())])
    added = sums(
        cells, ["but:x"] * 7, [f"{one}:x" for one in COMMUNES[1:]], "SCoT {} = somme de ses communes".format
    )
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told
    assert told[0].exact
    assert any("SCoT" in name for name in told[0].relations)
    assert len(told[0].relations) >= 2


@pytest.mark.parametrize(("step", "exact"), [(0.0, True), (0.1, False), (1.0, False)])
def test_a_rate_beside_its_denominator(step, exact):
    rate, population = 100 * 2 / 80, 80.0
    low, high = (rate - step / 2, rate + step / 2)
    cells = _more(["pop", "rate"], [population, rate], seen=([population, low], [population, high]))
    added = ratios(cells, ["rate"], ["a1:x"], ["pop"], "taux {} = nombre / population".format, scale=100)
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told
    assert told[0].exact is exact
    assert any("taux" in name for name in told[0].relations)


def test_a_rate_rounded_enough_tells_nothing():
    cells = _more(["pop", "rate"], [80.0, 2.5], seen=([80.0, 0.0], [80.0, 10.0]))
    added = ratios(cells, ["rate"], ["a1:x"], ["pop"], "taux {} = nombre / population".format, scale=100)
    assert _told(cells, added) == []


def test_a_recovered_denominator_opens_a_rate():
    # the denominator is hidden, but its own margins give it; only then does the published rate give the number
    cells = _more(
        ["pop", "pop2", "popT", "rate"],
        [80.0, 20.0, 100.0, 2.5],
        standing=Standing.PUBLISHED,
    ).marked(["pop"], Standing.SECONDARY)
    added = ratios(cells, ["rate"], ["a1:x"], ["pop"], "taux {} = nombre / population".format, scale=100)
    total = sums(cells, ["popT"] * 2, ["pop", "pop2"], "population totale {}".format)
    told = {one.cell: one for one in _told(cells, added, total)}
    assert told["pop"].exact
    assert told["a1:x"].exact
    assert {"taux rate = nombre / population", "population totale popT"} <= set(told["a1:x"].relations)


def test_a_hidden_rate_whose_two_terms_are_published():
    cells = _more(["n", "d", "rate"], [3.0, 60.0, 5.0]).marked(["rate"], Standing.PRIMARY)
    added = ratios(cells, ["rate"], ["n"], ["d"], "taux {} = nombre / population".format, scale=100)
    told = [one for one in _told(cells, added) if one.cell == "rate"]
    assert told[0].exact
    assert told[0].low == pytest.approx(5.0)


def test_a_mean_beside_its_weight():
    cells = _more(["weight", "mean"], [4.0, 0.5])
    added = ratios(cells, ["mean"], ["a1:x"], ["weight"], "moyenne {} x effectif".format)
    assert any(one.cell == "a1:x" and "moyenne mean x effectif" in one.relations for one in _told(cells, added))


def test_a_growth_rate_beside_the_first_period():
    factor, low, high = growth_factor([100 * ((2 / 8) ** (1 / 5) - 1)], 5, 0.1)
    cells = _more(["past", "growth"], [8.0, float(factor[0])], seen=([8.0, low[0]], [8.0, high[0]]))
    added = ratios(cells, ["growth"], ["a1:x"], ["past"], "évolution {} entre 2017 et 2022".format)
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told
    assert told[0].low <= 2 <= told[0].high
    assert any("évolution" in name for name in told[0].relations)


def test_an_index_beside_its_base():
    cells = _more(["base", "index"], [4.0, 50.0])
    added = ratios(cells, ["index"], ["a1:x"], ["base"], "indice {}, base 100 en 2017".format, scale=100)
    assert any(one.cell == "a1:x" and one.exact for one in _told(cells, added))


def test_a_total_in_a_title():
    # the title of a map gives the total of two hidden cells of which another page shows one
    other = next(one for one in PROTECTED.secondary if one.endswith(":x") and one[0].islower())
    added = stated_total(CELLS, ["a1:x", other], 2 + _true(other), "titre de la carte")
    shown = _more(["elsewhere"], [_true(other)])
    title = _over(added, shown)
    beside = releases(shown, [other], ["elsewhere"], "{} dans une autre page".format)
    told = [one for one in _told(shown, title, beside) if one.cell == "a1:x"]
    assert told[0].exact
    assert "titre de la carte" in told[0].relations or any("autre page" in name for name in told[0].relations)


def test_a_number_in_a_text():
    added = stated_total(CELLS, ["a1:x"], 2.0, "texte « deux établissements à a1 »")
    told = {one.cell: one for one in audit(PROTECTED.cells, together([RELATIONS, added]))}
    assert told["a1:x"].exact
    assert told["a1:x"].relations == ("texte « deux établissements à a1 »",)
    assert "texte « deux établissements à a1 »" in told["a1:x"].sentence


@pytest.mark.parametrize("revision", [0.0, 1.0])
def test_an_older_release_still_readable(revision):
    cells = _more(["old"], [2.0])
    added = releases(cells, ["a1:x"], ["old"], "{} dans la publication de mars".format, revision=revision)
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told
    assert told[0].exact is (revision == 0)
    assert any("publication de mars" in name for name in told[0].relations)


def test_an_older_release_of_a_total_that_was_then_finer():
    cells = _more(["old:a2", "old:a3"], [_true("a2:x"), _true("a3:x")])
    added = releases(cells, ["a2:x", "a3:x"], ["old:a2", "old:a3"], "{} dans la publication de mars".format)
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told
    assert told[0].exact
    assert any("publication de mars" in name for name in told[0].relations)


def test_another_millesime():
    # before it merged, a commune nouvelle was a1 and a9, and a9 is published in the older geography
    cells = _more(["new", "a9"], [7.0, 5.0])
    added = sums(cells, ["new"] * 2, ["a1:x", "a9"], "commune nouvelle {} = somme de ses parts".format)
    told = [one for one in _told(cells, added) if one.cell == "a1:x"]
    assert told[0].exact
    assert "commune nouvelle new = somme de ses parts" in told[0].relations


def test_another_millesime_by_shares():
    # a restored commune is published as a share of the former one
    cells = _more(["part"], [0.5])
    added = sums(cells, ["part"], ["a1:x"], "part {} de la commune de 2023".format, weight=0.25)
    assert any(one.cell == "a1:x" and one.exact for one in _told(cells, added))


def test_a_rank():
    cells = _more(["first", "last"], [2.5, 1.5])
    told = [one for one in _told(cells, ranking(cells, ["first", "a1:x", "last"], "rang")) if one.cell == "a1:x"]
    assert (told[0].low, told[0].high) == (pytest.approx(1.5), pytest.approx(2.5))
    assert any("rang" in name for name in told[0].relations)


def test_a_class():
    told = audit(PROTECTED.cells, together([RELATIONS, classed(CELLS, ["a1:x"], [1.0], [3.0], "carte, classe 1")]))
    mine = [one for one in told if one.cell == "a1:x"]
    assert (mine[0].low, mine[0].high) == (pytest.approx(1.0), pytest.approx(3.0))
    assert "carte, classe 1" in mine[0].relations[0]


def test_the_bounds_of_a_legend():
    narrow = audit(PROTECTED.cells, together([RELATIONS, legend(CELLS, ["a1:x"], 1.5, 4.0, "légende")]))
    assert any("légende" in name for one in narrow for name in one.relations if one.cell == "a1:x")


def test_a_count_of_whole_units():
    # between 1.2 and 2.9 there is one whole number
    added = classed(CELLS, ["a1:x"], [1.2], [4.4], "classe")
    cells = PROTECTED.cells.changed(width=np.where(PROTECTED.cells.width > 0, 2.5, 0.0))
    assert audit(cells, together([RELATIONS, added])) == []
    told = audit(cells, together([RELATIONS, added]), integer=True)
    assert any(one.cell == "a1:x" and (one.low, one.high) == (2, 4) for one in told)


def test_a_difference_of_two_categories():
    added = rows(CELLS, [(["a1:y", "a1:x"], [1.0, -1.0])], 12.0, 12.0, ["texte : « douze de plus »"])
    shown = PROTECTED.cells.marked(["a1:y"], Standing.PUBLISHED)
    told = audit(shown, together([RELATIONS, added]))
    assert any(one.cell == "a1:x" and one.exact for one in told)


def test_a_level_withheld_is_not_given_back_by_those_above():
    communes = [one for one in CELLS.id if one[0].islower()]
    withheld = CELLS.marked(communes, Standing.WITHHELD)
    told = audit(withheld, RELATIONS)
    # EPCI B straddles: its only commune in departement 2 is departement 2 less EPCI C
    assert {one.cell for one in told} >= {f"b3:{kind}" for kind in "xyzT"}
    named = next(one for one in told if one.cell == "b3:x")
    assert any("EPCI C" in name for name in named.relations)
    assert any("département 2" in name for name in named.relations)
    closed = protect(withheld, RELATIONS)
    assert audit(closed.cells, RELATIONS) == []


def test_hiding_the_rate_is_what_a_ratio_asks():
    # the denominator may not be hidden: then the rate is, and the number is safe again
    cells = _more(["pop", "rate"], [80.0, 2.5])
    cells = cells.changed(eligible=np.array([one != "pop" for one in cells.id]))
    relations = together(
        [
            _widened(cells),
            ratios(cells, ["rate"], ["a1:x"], ["pop"], "taux {} = nombre / population".format, scale=100),
        ]
    )
    for best in (True, False):
        found = protect(cells, relations, best=best)
        assert "rate" in found.secondary
        assert audit(found.cells, relations) == []
