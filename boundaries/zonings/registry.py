"""The zoning that the packages of the registries hold beside the limits: the arrondissements of each commune."""

from pathlib import Path

from boundaries.levels import Level
from boundaries.sources import packages
from boundaries.sources.codes import is_kept_out
from boundaries.zonings.composition import Composition, Terms
from geo.errors import NotFound

SOURCE = "registry"


def arrondissements(millesime: int, cache: Path) -> tuple[Terms, Composition]:
    """Return the arrondissements of a millesime, of the whole country.

    They are defined by the Code officiel géographique of that year. Raises NotFound for a millesime that the
    registries do not hold.
    """
    row = next((row for row in packages.registry()["millesime"] if row["year"] == millesime), None)
    if row is None:
        raise NotFound(f"Les registres n’ont pas les arrondissements de {millesime}.")
    package = packages.package(packages.ADMINISTRATIVE_DIVISIONS, row["codes"])
    archive = packages.fetch(package, cache)
    names = {item["code"]: item["nom"] for item in packages.read_json(archive, "arrondissements")}
    pairs = frozenset(
        (item["code"], item["arrondissement"])
        for item in packages.read_json(archive, "communes")
        if item["type"] == "commune-actuelle" and item.get("arrondissement") and not is_kept_out(item["code"])
    )
    file = packages.source_file(package)
    terms = Terms(
        Level.ARRONDISSEMENT,
        f"Arrondissements {millesime}",
        definition=millesime,
        given_in=millesime,
        source=SOURCE,
        licence=packages.registry()["licence"],
        file=file.name,
        sha256=file.sha256,
    )
    return terms, Composition(pairs, {zone: names[zone] for _, zone in pairs})
