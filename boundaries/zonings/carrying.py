"""A list of communes carried to the codes of another millesime, where that leaves no doubt.

A commune that only changed its code, or that merged with communes of the same zone, follows. A commune that was
split, or that merged with communes of other zones or of none, is refused: no rule can tell which zone its parts
are in, the list (or the person) has to.
"""

from collections import defaultdict
from collections.abc import Mapping

from boundaries.checks import Finding
from boundaries.sources.codes import city_of
from boundaries.zonings.composition import Moves, Pairs


def carried(
    pairs: Pairs, moves: Moves, before: frozenset[str], years: tuple[int, int], told: Mapping[str, str]
) -> tuple[Pairs, list[Finding]]:
    """Return the pairs (commune, zone) in the codes of the second year, and what was done or refused.

    `moves` are those of `boundaries.passage` from the first year to the second, `before` the communes known in the
    first; `told` gives the zone of communes of the second year that a person decided, whatever the list says.
    """
    zones: dict[str, set[str]] = defaultdict(set)
    for commune, zone in pairs:
        zones[commune].add(zone)
    origins: dict[str, set[str]] = defaultdict(set)
    for origin, targets in moves.items():
        for target in targets:
            origins[target].add(origin)
    placed: set[tuple[str, str]] = {(code, zone) for code, zone in told.items()}
    split, doubtful, exact = [], [], []
    reached = {target for code in zones for target in moves.get(code, {code: 1.0})}
    for target in sorted(reached - told.keys()):
        stays = target not in moves and (target in zones or target in before)
        sources = origins[target] | ({target} if stays else set())
        parted = {code for code in sources if len(moves.get(code, {})) > 1}
        if parted:
            children = {child for code in parted for child in moves[code]}
            if children <= zones.keys() | told.keys():
                placed |= {(target, zone) for zone in zones[target]}
            else:
                split += [f"{code} ({', '.join(sorted(moves[code]))})" for code in parted]
            continue
        if len({frozenset(zones.get(code, ())) for code in sources}) > 1:
            doubtful.append(f"{target} ({', '.join(sorted(sources))})")
            continue
        placed |= {(target, zone) for code in sources for zone in zones.get(code, ())}
        exact += [f"{code} → {target}" for code in sorted(sources) if code != target]
    return frozenset(placed), _findings(years, told, sorted(set(split)), doubtful, exact)


def _findings(
    years: tuple[int, int], told: Mapping[str, str], split: list[str], doubtful: list[str], exact: list[str]
) -> list[Finding]:
    first, last = years
    found = []
    if exact:
        sentence = f"Communes reportées de la géographie {first} à {last} (changement de code ou fusion)"
        found.append(Finding(sentence, tuple(exact), refused=False))
    if told:
        decided = tuple(f"{code} → {zone}" for code, zone in sorted(told.items()))
        found.append(Finding("Rattachements décidés à la main", decided, refused=False))
    if split:
        sentence = (
            f"Communes scindées entre {first} et {last}, dont la liste ne dit pas où vont les parties "
            "(nommez chacune dans la liste, ou avec --rattacher COMMUNE=ZONE)"
        )
        found.append(Finding(sentence, tuple(split)))
    if doubtful:
        sentence = (
            f"Communes de {last} nées de communes de {first} qui ne sont pas toutes dans la même zone "
            "(décidez avec --rattacher COMMUNE=ZONE)"
        )
        found.append(Finding(sentence, tuple(doubtful)))
    return found


def whole_cities(pairs: Pairs) -> tuple[Pairs, list[Finding]]:
    """Return the pairs with Paris, Lyon and Marseille in place of their municipal arrondissements.

    A city of which only some arrondissements are listed, and not the whole, is refused.
    """
    listed = {commune for commune, _ in pairs}
    parts: dict[str, set[str]] = defaultdict(set)
    kept, sizes = set(), {}
    for commune, zone in pairs:
        city = city_of(commune)
        kept.add((city.code if city else commune, zone))
        if city is not None:
            parts[city.code].add(commune)
            sizes[city.code] = city.size
    incomplete = sorted(code for code, own in parts.items() if len(own) < sizes[code] and code not in listed)
    found = []
    if parts:
        cities = tuple(sorted(parts))
        found.append(Finding("Arrondissements municipaux ramenés à leur commune", cities, refused=False))
    if incomplete:
        found.append(
            Finding("Communes dont une partie seulement des arrondissements est citée", tuple(incomplete))
        )
    return frozenset(kept), found
