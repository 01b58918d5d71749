"""How long protecting and attacking a release at region scale takes: `python bench/secrecy.py [columns]`.

Pays de la Loire: 1,228 communes in EPCI, zones d'emploi, bassins de vie, cantons, arrondissements, aires d'attraction,
départements and the region, crossed with 60 columns (a total, its sections, their divisions), all published in one
release. Values are drawn (a fixed seed) in proportion to the population of each commune; the rule is that of
businesses: fewer than 3 units, or one holding more than 85 %, is secret. Needs ../shared/data beside the checkout.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from indicators.secrecy import audit, protect, report
from indicators.secrecy.cells import Cells, Standing
from indicators.secrecy.relations import Relations, sums, together

DATA = Path(__file__).resolve().parents[1] / "../shared/data"
ZONINGS = ("epci", "ze", "bv", "canton", "arrondissement", "aav", "departement", "region")
console = Console()


def communes() -> pd.DataFrame:
    """Return the communes of the region with their population and the zone of each zoning that holds them."""
    found = pd.read_csv(
        DATA / "zonings/dgcl_perimetre-epci-a-fp_2025_latin1.csv", sep=";", encoding="latin-1", dtype=str
    )[["insee", "siren", "pmun_2025"]]
    zones = pd.read_csv(DATA / "zonings/cogiter_communes_zonages_cog2025.csv.gz", sep=";", dtype=str)
    zones = zones[zones.DEPCOM.str[:2].isin(["44", "49", "53", "72", "85"])]
    table = zones.merge(found, left_on="DEPCOM", right_on="insee", how="left")
    population = table.pmun_2025.str.replace(r"\D", "", regex=True).fillna("4900").astype(float)
    return pd.DataFrame(
        {
            "commune": table.DEPCOM,
            "population": population,
            "epci": table.siren.fillna(table.DEPCOM),
            "ze": table.ZE2020,
            "bv": table.BV2022,
            "canton": table.CV,
            "arrondissement": table.ARR,
            "aav": table.AAV2020,
            "departement": table.DEPCOM.str[:2],
            "region": "52",
        }
    )


def release(columns: int) -> tuple[Cells, Relations]:
    """Return the cells and relations of the release: every level, every column."""
    places = communes()
    generator = np.random.default_rng(1)
    sections = max(1, (columns - 1) // 6)
    leaves = columns - 1 - sections
    section_of = np.arange(leaves) % sections
    shares = generator.dirichlet(np.full(leaves, 0.7))
    units = generator.poisson(np.outer(places.population / 14, shares)).astype(float)
    # the largest of n units of a heavy-tailed turnover
    mean = generator.lognormal(3, 0.5, leaves)
    values = np.round(units * mean * generator.lognormal(0, 0.3, units.shape))
    largest = values * np.minimum(1.0, generator.beta(2, 4, units.shape) + 1 / np.maximum(units, 1))
    by_section = pd.get_dummies(section_of).to_numpy(float)
    wide = {
        "value": np.hstack([values.sum(1, keepdims=True), values @ by_section, values]),
        "units": np.hstack([units.sum(1, keepdims=True), units @ by_section, units]),
    }
    top = np.column_stack([largest[:, section_of == one].max(1, initial=0) for one in range(sections)])
    wide["largest"] = np.hstack([largest.max(1, keepdims=True), top, largest])
    names = ["T", *[f"S{one:02}" for one in range(sections)], *[f"D{one:02}" for one in range(leaves)]]
    frames = []
    for level in ("commune", *ZONINGS):
        keys = places[level].to_numpy()
        parts = {
            name: pd.DataFrame(array).groupby(keys).agg("max" if name == "largest" else "sum")
            for name, array in wide.items()
        }
        zones = parts["value"].index.to_numpy()
        people = places.population.groupby(keys).sum().to_numpy()
        frames.append(
            pd.DataFrame(
                {
                    "level": level,
                    "zone": np.repeat(zones, columns),
                    "column": names * len(zones),
                    **{name: part.to_numpy().ravel() for name, part in parts.items()},
                    "people": np.repeat(people, columns),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    table["id"] = table.level + ":" + table.zone + ":" + table.column
    secret = ((table.units > 0) & (table.units < 3)) | (table.largest > 0.85 * table.value) & (table.value > 0)
    share = np.where(secret, 0.1 * table.value, 0.0)
    cells = Cells.of(
        table.id.tolist(),
        table.value.to_numpy(),
        standing=np.where(secret, Standing.PRIMARY, Standing.PUBLISHED),
        cost=table.people.to_numpy() * (1 + 9 * (table.column.str[0] != "D")) + 1,
        floor=(table.value - share).to_numpy(),
        ceiling=(table.value + share).to_numpy(),
        eligible=(table.value > 0).to_numpy(),
        level=table.level.tolist(),
    )
    parts_of = []
    for level in ZONINGS:
        whole = [f"{level}:{zone}:{column}" for zone in places[level] for column in names]
        part = [f"commune:{code}:{column}" for code in places.commune for column in names]
        parts_of.append(sums(cells, whole, part, "{} = somme de ses communes".format))
    for above, below in (
        ("T", names[1 : 1 + sections]),
        *(
            (f"S{one:02}", [f"D{leaf:02}" for leaf in np.flatnonzero(section_of == one)])
            for one in range(sections)
        ),
    ):
        zones = table[["level", "zone"]].drop_duplicates()
        whole = [f"{level}:{zone}:{above}" for level, zone in zones.to_numpy() for _ in below]
        part = [f"{level}:{zone}:{column}" for level, zone in zones.to_numpy() for column in below]
        parts_of.append(sums(cells, whole, part, "{} = somme de ses rubriques".format))
    return cells, together(parts_of)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("columns", type=int, nargs="?", default=60)
    columns = asked.parse_args().columns
    if not DATA.exists():
        sys.exit("bench/secrecy.py needs ../shared/data beside the checkout")
    start = time.perf_counter()
    cells, relations = release(columns)
    console.print(
        f"{len(cells):,} cells, {len(relations):,} relations, {relations.matrix.nnz:,} coefficients, "
        f"{int(cells.protected.sum()):,} primary: built in {time.perf_counter() - start:.1f} s"
    )
    start = time.perf_counter()
    found = protect(cells, relations, best=False, seconds=3_600)
    protecting = time.perf_counter() - start
    console.print(f"protected in {protecting:.1f} s: {len(found.secondary):,} secondary")
    start = time.perf_counter()
    disclosed = audit(found.cells, relations, witnesses=found.witnesses, seconds=3_600)
    auditing = time.perf_counter() - start
    console.print(
        f"audited in {auditing:.1f} s: {len(disclosed)} disclosures; {protecting + auditing:.1f} s in all"
    )
    start = time.perf_counter()
    place = next(one for one in cells.id if one.startswith("commune:") and cells.protected[cells.position(one)])[
        :14
    ]
    unmasked = [one for one in found.secondary if one.startswith(place)]
    spoilt = found.cells.marked(unmasked, Standing.PUBLISHED)
    disclosed = audit(spoilt, relations, witnesses=found.witnesses, seconds=3_600)
    console.print(
        f"{len(unmasked)} cells of {place[:-1]} unmasked: audited in {time.perf_counter() - start:.1f} s, "
        f"{len(disclosed)} disclosures"
    )
    for one in disclosed[:3]:
        console.print(one.sentence)
    for sentence in report(found).sentences:
        console.print(sentence)


if __name__ == "__main__":
    main()
