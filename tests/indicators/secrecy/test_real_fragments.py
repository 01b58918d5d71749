"""EPCI that straddle départements, on the real geography of 2025: totals of both give communes away."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from indicators.secrecy import Cells, Standing, audit, protect, sums, together

PERIMETERS = (
    Path(__file__).resolve().parents[3] / "../shared/data/zonings/dgcl_perimetre-epci-a-fp_2025_latin1.csv"
)
pytestmark = pytest.mark.skipif(not PERIMETERS.exists(), reason="needs ../shared/data beside the checkout")


@pytest.fixture(scope="module")
def communes():
    table = pd.read_csv(PERIMETERS, sep=";", encoding="latin-1", dtype=str).dropna(subset=["insee"])
    overseas = table.insee.str.startswith("97")
    return pd.DataFrame(
        {
            "commune": table.insee,
            "epci": table.siren,
            "departement": np.where(overseas, table.insee.str[:3], table.insee.str[:2]),
            "people": table.pmun_2025.str.replace(r"\D", "", regex=True).astype(float),
        }
    )


def _country(communes, unit):
    """Return cells and relations: EPCI and départements published, the units within them withheld."""
    grouped = communes.assign(unit=communes[unit] if isinstance(unit, str) else unit)
    units = grouped.groupby("unit").agg(
        people=("people", "sum"), epci=("epci", "first"), departement=("departement", "first")
    )
    epci, departements = communes.groupby("epci").people.sum(), communes.groupby("departement").people.sum()
    ids = [*("u" + units.index), *("e" + epci.index), *("d" + departements.index)]
    levels = ["unit"] * len(units) + ["epci"] * len(epci) + ["departement"] * len(departements)
    value = np.concatenate([units.people, epci, departements])
    cells = Cells.of(
        ids,
        value,
        standing=np.where(np.array(levels) == "unit", Standing.WITHHELD, Standing.PUBLISHED),
        cost=np.maximum(value, 1.0),
        level=levels,
    )
    names = {"e": "EPCI {} = somme de ses communes", "d": "département {} = somme de ses communes"}
    relations = together(
        [
            sums(
                cells,
                list(letter + units[kind]),
                list("u" + units.index),
                lambda one: names[one[0]].format(one[1:]),
            )
            for letter, kind in (("e", "epci"), ("d", "departement"))
        ]
    )
    return units, cells, relations


def test_fragments_are_recovered_and_closed(communes):
    fragment = communes.epci + ":" + communes.departement
    units, cells, relations = _country(communes, fragment)
    straddling = units.index[units.groupby("epci").departement.transform("nunique") > 1]
    assert units.loc[straddling].epci.nunique() == 89
    assert len(straddling) == 187
    # an EPCI inside one département is its own single part: its total is published, and so is that part
    whole = "u" + units.index.difference(straddling)
    shown = cells.marked(list(whole), Standing.PUBLISHED)
    told = audit(shown, relations, explained=200)
    assert len(told) == 83
    assert all(one.exact and one.relations for one in told)
    alone = fragment.value_counts()
    singles = [one for one in told if alone[one.cell[1:]] == 1]
    assert len(singles) == 18
    assert all(any("EPCI" in name or "département" in name for name in one.relations) for one in singles)
    closed = protect(shown, relations, best=False)
    assert closed.secondary
    assert audit(closed.cells, relations) == []


def test_every_commune_alone_in_its_fragment_is_found_and_closed(communes):
    _, cells, relations = _country(communes, "commune")
    fragment = communes.epci + ":" + communes.departement
    told = {one.cell[1:] for one in audit(cells, relations, explained=100)}
    sizes = fragment.map(fragment.value_counts())
    alone_in_epci = set(communes.commune[communes.epci.map(communes.epci.value_counts()) == 1])
    singles = set(communes.commune[(sizes == 1).to_numpy()]) - alone_in_epci
    assert len(singles) == 40
    assert len(told & singles) == 18
    closed = protect(cells, relations, best=False)
    assert audit(closed.cells, relations) == []
    levels = {cells.level[cells.position(one)] for one in closed.secondary}
    assert levels <= {"epci", "departement"}
