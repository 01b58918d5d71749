"""What is kept of a delivery: a Region with the communes that complete its EPCI, or the whole country."""

from dataclasses import replace
from typing import Any

import pandas as pd

from boundaries.delivery import Delivery
from geo.errors import Invalid

ALL = "all"


def cut(delivery: Delivery, region: str) -> Delivery:
    """Return the delivery reduced to a Region, with a column `in_scope` on communes and a `straddles` on EPCI.

    The communes outside the Region that belong to an EPCI with a member inside are kept, `in_scope` false: an
    EPCI is always whole. `region` is an INSEE code, or `all`. Raises Invalid for an unknown region.
    """
    communes = delivery.communes
    inside = pd.Series(True, index=communes.index) if region == ALL else communes["region"] == region
    if not inside.any():
        known = ", ".join(sorted(delivery.regions["code"]))
        raise Invalid(f"Région inconnue : « {region} ». Codes acceptés : {known}, ou « {ALL} » pour la France.")
    member_of = set(communes.loc[inside, "epci"].dropna())
    completing = communes["epci"].isin(member_of) & ~inside
    kept = communes[inside | completing].assign(in_scope=inside)
    regions = kept.groupby("epci")["region"].nunique()
    epci = delivery.epci[delivery.epci["code"].isin(member_of)]
    municipal = _within(delivery.arrondissements, "commune", set(kept.loc[kept["in_scope"], "code"]))
    return replace(
        delivery,
        communes=kept.reset_index(drop=True),
        arrondissements=municipal,
        epci=epci.assign(straddles=epci["code"].map(regions).fillna(0) > 1).reset_index(drop=True),
        departements=_within(delivery.departements, "code", set(kept.loc[kept["in_scope"], "departement"])),
        regions=_within(delivery.regions, "code", set(kept.loc[kept["in_scope"], "region"])),
        former=_within(delivery.former, "successor", set(kept["code"])),
        delegated=_within(delivery.delegated, "commune", set(kept["code"])),
        postal=_within(delivery.postal, "commune", {*kept["code"], *municipal["code"]}),
    )


def _within(frame: Any, column: str, codes: set[str]) -> Any:
    return frame[frame[column].isin(codes)].reset_index(drop=True)
