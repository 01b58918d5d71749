"""The whole of France as the registries' code lists give it, to read producers' real files against."""

from pathlib import Path

from boundaries.levels import Level
from boundaries.sources import registry
from geo.progress import silent
from indicators.imports.reference import Reference


def reference(downloads: Path, years: tuple[int, ...]) -> Reference:
    """The codes, names, memberships, former and postal codes of some millesimes."""
    names: dict[tuple[int, Level], dict[str, str]] = {}
    parents: dict[tuple[int, Level], dict[str, str]] = {}
    former: dict[int, dict[str, str]] = {}
    postal: dict[int, dict[str, tuple[str, ...]]] = {}
    for year in years:
        whole = registry.read(None, year, downloads, silent, outlines=False)
        frames = {
            Level.COMMUNE: whole.communes,
            Level.ARRONDISSEMENT_MUNICIPAL: whole.arrondissements,
            Level.EPCI: whole.epci,
            Level.DEPARTEMENT: whole.departements,
            Level.REGION: whole.regions,
        }
        for level, frame in frames.items():
            names[year, level] = dict(zip(frame["code"], frame["nom"], strict=True))
        for level in (Level.EPCI, Level.DEPARTEMENT, Level.REGION):
            kept = whole.communes[whole.communes[str(level)].notna()]
            parents[year, level] = dict(zip(kept["code"], kept[str(level)], strict=True))
        cities = whole.arrondissements
        parents[year, Level.COMMUNE] = dict(zip(cities["code"], cities["commune"], strict=True))
        former[year] = dict(zip(whole.former["code"], whole.former["successor"], strict=True))
        served = whole.postal.groupby("postal_code")["commune"].agg(tuple)
        postal[year] = served.to_dict()
    return Reference(
        names=names,
        expected={key: frozenset(codes) for key, codes in names.items()},
        parents=parents,
        former=former,
        postal=postal,
        whole=frozenset(years),
    )
