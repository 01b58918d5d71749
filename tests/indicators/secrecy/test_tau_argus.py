"""The engine beside Tau-Argus itself (`pytauargus`, whose wheels carry the native engine with HiGHS)."""

from contextlib import chdir

import numpy as np
import pandas as pd
import pytest
from suppression import margins

from indicators.secrecy import Cells, Relations, Standing, audit, protect
from indicators.secrecy.intervals import bounds

tau = pytest.importorskip("pytauargus", reason="needs pytauargus, which has no wheel for this platform")
ROWS, COLUMNS = "1234", "ABCD"


@pytest.fixture(scope="module", params=range(6))
def judged(request, tmp_path_factory) -> tuple[Cells, Relations, pd.DataFrame, pd.DataFrame]:
    """A table of contributions under « fewer than 3 », protected and audited by Tau-Argus, and the same as ours."""
    generator = np.random.default_rng(request.param)
    units = generator.integers(2, 6, (4, 4))
    records = [
        (row, column, float(generator.integers(5, 60)))
        for i, row in enumerate(ROWS)
        for j, column in enumerate(COLUMNS)
        for _ in range(units[i, j])
    ]
    micro = pd.DataFrame(records, columns=["R", "C", "V"])
    folder = tmp_path_factory.mktemp("tau")
    with chdir(folder):  # its solvers leave their journals where they are run
        result = tau.protect(
            micro, ["R", "C"], response="V", safety_rules="FREQ(3,20)", suppress="OPT(1)", workdir=str(folder)
        )
        verdicts = result.engine.audit(0)
    theirs = result.tables[0].dataframe()
    theirs.index = pd.Index(
        (theirs.R.replace("Total", ".") + theirs.C.replace("Total", ".")).tolist(), name="cell"
    )
    told = pd.DataFrame(verdicts).assign(id=lambda table: theirs.index[table.cell]).set_index("id")
    inner = micro.groupby(["R", "C"]).V.sum().unstack().to_numpy()
    cells, relations = margins(inner, ROWS, COLUMNS)
    theirs = theirs.loc[list(cells.id)]
    primary = (theirs.status == "U").to_numpy()
    # what Tau-Argus takes an attacker to know: no cell is below the smallest nor above the largest of the table,
    # protected cells being allowed their protection
    value, low, high = cells.value, theirs.lower.to_numpy(), theirs.upper.to_numpy()
    cells = cells.changed(
        lower=np.where(primary, np.minimum(value.min(), value - low), value.min()),
        upper=np.where(primary, np.maximum(value.max(), value + high), value.max()),
        floor=np.where(primary, value - low, value),
        ceiling=np.where(primary, value + high, value),
        standing=np.where(primary, Standing.PRIMARY, Standing.PUBLISHED).astype(np.uint8),
    )
    return cells, relations, theirs, told


def _as_theirs(cells: Cells, theirs: pd.DataFrame) -> Cells:
    return cells.with_standing(theirs.status.map({"U": Standing.PRIMARY, "M": Standing.SECONDARY}).fillna(0))


def test_the_same_intervals(judged):
    cells, relations, theirs, told = judged
    pattern = _as_theirs(cells, theirs)
    low, high = bounds(pattern, relations, pattern.hidden)
    for one in told.itertuples():
        at = cells.position(one.Index)
        assert (low[at], high[at]) == (pytest.approx(one.min), pytest.approx(one.max)), one.Index


def test_the_same_judgement_of_their_pattern(judged):
    cells, relations, theirs, told = judged
    disclosed = {
        one.cell for one in audit(_as_theirs(cells, theirs), relations) if one.standing == Standing.PRIMARY
    }
    assert disclosed == set(told.index[told.unsafe])


def test_an_optimum_never_dearer_than_theirs(judged):
    # equal on most tables; where ours is cheaper, the intervals above, which agree with theirs, prove it protects
    cells, relations, theirs, _ = judged
    ours = protect(cells, relations)
    assert ours.optimal
    assert ours.cost <= theirs.V[theirs.status == "M"].sum() + 1e-6
    low, high = bounds(ours.cells, relations, ours.cells.protected)
    kept = ours.cells.protected
    assert (low[kept] <= cells.floor[kept] + 1e-6).all()
    assert (high[kept] >= cells.ceiling[kept] - 1e-6).all()
