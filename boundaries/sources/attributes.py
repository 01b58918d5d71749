"""Reads the attributes of a table under the names that its producer gave them over the years."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Invalid


@dataclass(frozen=True)
class Attribute:
    """The names of one attribute, the preferred first (in lower case); absent and optional, it is None."""

    names: tuple[str, ...]
    required: bool = True


def named(frame: pd.DataFrame, attributes: Mapping[str, Attribute], table: str) -> pd.DataFrame:
    """Return the frame with our names, cleaned texts (None for nothing) and its geometry if it has one.

    `table` says, in French, what was read. Raises Invalid naming every missing attribute, the names under
    which it was looked for, and the attributes that were found.
    """
    found = {str(column).lower(): column for column in frame.columns if column != "geometry"}
    chosen = {ours: next((n for n in a.names if n in found), None) for ours, a in attributes.items()}
    missing = [
        f"«\u202f{ours}\u202f» (cherché sous {', '.join(attributes[ours].names)})"
        for ours, name in chosen.items()
        if name is None and attributes[ours].required
    ]
    if missing:
        raise Invalid(
            f"{table}\u202f: il manque {'; '.join(missing)}. "
            f"Attributs trouvés\u202f: {', '.join(str(c) for c in found.values()) or 'aucun'}."
        )
    columns = {
        ours: numbers(frame[found[name]]) if ours == "population" and name else texts(frame, name and found[name])
        for ours, name in chosen.items()
    }
    if "population" in chosen and chosen["population"] is None:
        columns["population"] = pd.Series(np.nan, index=frame.index, dtype=float)
    result = pd.DataFrame(columns, index=frame.index)
    if isinstance(frame, gpd.GeoDataFrame):
        shaped: pd.DataFrame = gpd.GeoDataFrame(result, geometry=frame.geometry, crs=frame.crs)
        return shaped
    return result


def texts(frame: pd.DataFrame, column: object | None) -> pd.Series:
    """Return a column of texts without blanks around, None where there is nothing (never NaN)."""
    if column is None:
        return pd.Series([None] * len(frame), index=frame.index, dtype=object)
    values = [None if pd.isna(v) or not str(v).strip() else str(v).strip() for v in frame[column]]
    return pd.Series(values, index=frame.index, dtype=object)


def numbers(column: pd.Series) -> pd.Series:
    """Return a column of non-negative numbers, NaN where there is none."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    return values.where(values >= 0)
