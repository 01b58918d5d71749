"""How long making and attacking one edition of a whole region takes: `python bench/editions.py [columns]`.

The release of `bench/secrecy.py` (1,228 communes of Pays de la Loire, eight levels and zonings, a total, its sections
and their divisions) as the series of so many indicators: the system is built as at publication, protected, and what is
served is attacked as it would be stored. Needs ../shared/data beside the checkout.
"""

import argparse
import sys
import time
from datetime import date

import numpy as np
import pandas as pd
from rich.console import Console
from secrecy import DATA, ZONINGS, communes

from boundaries.levels import Level
from indicators.catalogue import indicator
from indicators.editions.attacking import attack
from indicators.editions.ground import Ground
from indicators.editions.held import Held
from indicators.editions.judging import Judged
from indicators.editions.material import Material, build
from indicators.secrecy import Contributions, Rule, Standing, primary, protect

LEVELS = {
    "commune": Level.COMMUNE,
    "epci": Level.EPCI,
    "ze": Level.ZONE_EMPLOI,
    "bv": Level.BASSIN_DE_VIE,
    "canton": Level.CANTON,
    "arrondissement": Level.ARRONDISSEMENT,
    "aav": Level.AIRE_ATTRACTION,
    "departement": Level.DEPARTEMENT,
    "region": Level.REGION,
}
YEAR = 2025
RULE = Rule("Entreprises", "banc d’essai", date(2024, 1, 1), threshold=3, dominance=(1, 85))
console = Console()


def ground() -> tuple[Ground, pd.DataFrame]:
    """Return the territories of the region and, for each commune, the ids of those that hold it."""
    places = communes()
    rows, ids = [], {}
    for name, level in LEVELS.items():
        people = places.groupby(name).population.sum()
        for code in people.index:
            ids[name, code] = len(rows) + 1
            rows.append((YEAR, level.value, code, code, people[code], f"{level.value} {code}"))
    territories = pd.DataFrame(
        rows, columns=["millesime", "level", "code", "nom", "people", "label"], index=range(1, len(rows) + 1)
    )
    held = pd.DataFrame({name: [ids[name, code] for code in places[name]] for name in LEVELS})
    pairs = [(YEAR, one, one) for one in territories.index]
    pairs += [(YEAR, zone, unit) for name in ZONINGS for zone, unit in zip(held[name], held.commune, strict=True)]
    members = pd.DataFrame(pairs, columns=["millesime", "territory", "unit"])
    passages = pd.DataFrame(columns=["start", "end", "origin", "target", "weight"])
    return Ground(territories, members, passages), held


def material(columns: int) -> tuple[Material, dict[int, Judged]]:
    """Return the series of a release and what its rule makes primary."""
    where, held = ground()
    people = where.of(held.commune.to_numpy(), "people").astype(float)
    generator = np.random.default_rng(1)
    sections = max(1, (columns - 1) // 6)
    leaves = columns - 1 - sections
    section_of = np.arange(leaves) % sections
    shares = generator.dirichlet(np.full(leaves, 0.7))
    units = generator.poisson(np.outer(people / 14, shares)).astype(float)
    values = np.round(units * generator.lognormal(3, 0.5, leaves) * generator.lognormal(0, 0.3, units.shape))
    largest = values * np.minimum(1.0, generator.beta(2, 4, units.shape) + 1 / np.maximum(units, 1))
    by_section = pd.get_dummies(section_of).to_numpy(float)
    top = np.column_stack([largest[:, section_of == one].max(1, initial=0) for one in range(sections)])
    names = ["T", *[f"S{one:02}" for one in range(sections)], *[f"D{one:02}" for one in range(leaves)]]
    each = {
        "value": np.hstack([values.sum(1, keepdims=True), values @ by_section, values]),
        "units": np.hstack([units.sum(1, keepdims=True), units @ by_section, units]),
        "largest": np.hstack([largest.max(1, keepdims=True), top, largest]),
    }
    parts = {"T": names[1 : 1 + sections]}
    parts |= {
        f"S{one:02}": [f"D{leaf:02}" for leaf in np.flatnonzero(section_of == one)] for one in range(sections)
    }
    wide = {}
    for what, array in each.items():
        summed = [
            pd.DataFrame(array).groupby(held[name].to_numpy()).agg("max" if what == "largest" else "sum")
            for name in LEVELS
        ]
        wide[what] = pd.concat(summed).sort_index().to_numpy()
    territory = np.arange(1, len(where.territories) + 1)
    sheet = indicator("ventes_logements")
    series, judged = [], {}
    for rank, name in enumerate(names):
        given = {"id": name, "short_label": name, "parts": tuple(parts.get(name, ()))}
        value = wide["value"][:, rank]
        status = np.full(len(value), "observed", object)
        one = Held(
            rank, sheet.model_copy(update=given), "2021", YEAR, "", tuple(LEVELS.values()), name,
            {"by": "stock", "units": ["commune"]}, True, territory, value, status, np.ones(len(value)),
        )  # fmt: skip
        given_of = Contributions(value, wide["units"][:, rank], wide["largest"][:, rank : rank + 1])
        found = primary(given_of, RULE)
        secret = found.secret & (value > 0)
        standing = np.where(secret, Standing.PRIMARY, Standing.PUBLISHED).astype(np.uint8)
        width = np.where(secret, 2.0, 0.0)
        judged[rank] = Judged(True, one.levels, standing, secret, secret, found.floor, found.ceiling, width, 0.0)
        series.append(one)
    return Material(tuple(series), where, pd.DataFrame(columns=["millesime", "part", "whole"])), judged


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("columns", type=int, nargs="?", default=60)
    columns = asked.parse_args().columns
    if not DATA.exists():
        sys.exit("bench/editions.py needs ../shared/data beside the checkout")
    given, judged = material(columns)
    start = time.perf_counter()
    system, relations = build(given, judged, [], {})
    building = time.perf_counter() - start
    console.print(f"{len(system.cells):,} cells, {len(relations):,} relations: built in {building:.1f} s")
    console.print(f"{int(system.cells.protected.sum()):,} primary")
    start = time.perf_counter()
    found = protect(system.cells, relations, best=False, seconds=3_600)
    protecting = time.perf_counter() - start
    console.print(f"protected in {protecting:.1f} s: {len(found.secondary):,} secondary")
    served = {
        one.id: np.where(system.of(one, found.cells) == Standing.PUBLISHED, one.value, np.nan)
        for one in given.held
    }
    start = time.perf_counter()
    opened = attack(given, judged, served, [], {}, witnesses=found.witnesses)
    attacking = time.perf_counter() - start
    console.print(f"attacked in {attacking:.1f} s: {len(opened)} disclosures")
    console.print(f"{building + protecting + attacking:.1f} s in all")
    start = time.perf_counter()
    opened = attack(given, judged, served, [], {})
    seconds = time.perf_counter() - start
    console.print(
        f"attacked as `ores audit` does, without its witnesses, in {seconds:.1f} s: {len(opened)} disclosures"
    )


if __name__ == "__main__":
    main()
