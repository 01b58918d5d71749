"""From the rows of a list to a composition: what repeats, what has no zone, what has no name or several."""

from collections import Counter, defaultdict

from boundaries.checks import SHOWN, Finding
from boundaries.levels import Level
from boundaries.zonings.composition import Composition, is_apart
from boundaries.zonings.reading import Table
from geo.errors import Invalid


def composed(table: Table, level: Level) -> tuple[Composition, list[Finding]]:
    """Return the composition that a list gives, and what must be said of it.

    Raises Invalid, naming the lines, when a zone is given for no commune, or when there is no row at all.
    """
    nameless = [str(line) for line, commune, zone, _ in table.rows if zone and not commune]
    if nameless:
        lines = ", ".join(nameless[:SHOWN])
        raise Invalid(f"Le fichier {table.file} donne une zone sans code de commune (lignes : {lines}).")
    rows = [(commune, zone, name) for _, commune, zone, name in table.rows if zone]
    if not rows:
        raise Invalid(f"Le fichier {table.file} n’a aucune ligne avec un code dans « {table.zone_column} ».")
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for _, zone, name in rows:
        names[zone][name] += 1 if name else 0
    # the most frequent name, the first in order where two are as frequent
    chosen = {
        zone: min(own.items(), key=lambda item: (-item[1], item[0]))[0] or zone for zone, own in names.items()
    }
    pairs = Counter((commune, zone) for commune, zone, _ in rows)
    composition = Composition(
        frozenset(pairs), chosen, frozenset(zone for zone in chosen if is_apart(level, zone))
    )
    several = sorted(zone for zone, own in names.items() if len([name for name in own if name]) > 1)
    blank = sorted({commune for _, commune, zone, _ in table.rows if commune and not zone})
    repeated = sorted({commune for (commune, _), count in pairs.items() if count > 1})
    unnamed = sorted(zone for zone, own in names.items() if not any(own))
    found = [
        ("Communes citées sans zone", blank),
        ("Communes citées plusieurs fois dans la même zone", repeated),
        ("Zones nommées de plusieurs façons (le nom le plus fréquent est gardé)", several),
        ("Zones sans nom (leur code en tient lieu)", unnamed),
    ]
    return composition, [Finding(sentence, tuple(codes), refused=False) for sentence, codes in found if codes]
