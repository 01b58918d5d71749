"""What is verified of a zoning before it may be loaded, and what its report says: gaps, overlaps, partial zones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from boundaries.checks import Finding
from boundaries.levels import LABELS, Level, is_code
from boundaries.sources.codes import departement_of
from boundaries.zonings.composition import PARTITIONS, Composition, Terms, territory_code
from geo.errors import Invalid


@dataclass(frozen=True)
class Ground:
    """The communes of a millesime that a zoning is laid on.

    `inside` are those of the Region, `around` those that complete an EPCI; `departements` are those whose communes
    are all loaded, `former` gives the successor of vanished codes.
    """

    millesime: int
    inside: frozenset[str]
    around: frozenset[str]
    departements: frozenset[str]
    former: Mapping[str, str]
    whole_country: bool

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The communes that are loaded."""
        return self.inside | self.around

    def is_unknown(self, commune: str) -> bool:
        """Whether the code should be there and is not; elsewhere nothing can be told."""
        return departement_of(commune) in self.departements and commune not in self.loaded


@dataclass(frozen=True)
class Zone:
    """A zone as it is loaded: the communes that make it here, and how many the list names."""

    code: str
    nom: str
    communes: tuple[str, ...]
    listed: int
    straddles: bool
    whole: bool


def form_findings(terms: Terms, composition: Composition) -> list[Finding]:
    """Return what is wrong with the codes of a list, whatever the geography."""
    found = []
    communes = sorted({commune for commune, _ in composition.pairs})
    wrong = [_with_lost_zero(code) for code in communes if not is_code(Level.COMMUNE, code)]
    if wrong:
        found.append(Finding("Codes de commune mal formés", tuple(wrong)))
    zones = {zone for _, zone in composition.pairs} - composition.apart
    bad = sorted(
        zone for zone in zones if not is_code(terms.level, territory_code(terms.level, terms.liste, zone))
    )
    if bad:
        found.append(Finding(f"Codes qui n’ont pas la forme d’un code de {LABELS[terms.level][0]}", tuple(bad)))
    return found


def ground_findings(terms: Terms, composition: Composition, ground: Ground) -> list[Finding]:
    """Return what a list says of the communes of a millesime: unknown codes, overlaps, gaps, communes apart."""
    zones: dict[str, set[str]] = defaultdict(set)
    for commune, zone in composition.pairs:
        zones[commune].add(zone)
    found = _overlaps(terms, zones, ground)
    unknown = sorted(filter(ground.is_unknown, zones))
    if unknown:
        sentence = f"Communes inconnues dans la géographie au 1er janvier {ground.millesime}"
        if any(code in ground.former for code in unknown):
            sentence += " (si la liste est dans une autre géographie, dites laquelle avec --cog ANNÉE)"
        named = (
            f"{code} (aujourd’hui {ground.former[code]})" if code in ground.former else code for code in unknown
        )
        found.append(Finding(sentence, tuple(named)))
    if gaps := sorted(ground.inside - zones.keys()):
        found.append(Finding("Communes de la région dans aucune zone", tuple(gaps), refused=False))
    apart = sorted(code for code in ground.inside & zones.keys() if zones[code] <= composition.apart)
    if apart:
        words = ", ".join(sorted({composition.names[zone] for code in apart for zone in zones[code]})[:3])
        found.append(Finding(f"Communes hors zonage selon la source ({words})", tuple(apart), refused=False))
    return found


def zones_of(terms: Terms, composition: Composition, ground: Ground) -> list[Zone]:
    """Return the zones that have a commune in the Region, by code.

    A zone whose communes are all loaded is made of them all; any other is made of its communes of the Region, and
    is a regional part.
    """
    members: dict[str, set[str]] = defaultdict(set)
    for commune, zone in composition.pairs:
        if zone not in composition.apart:
            members[zone].add(commune)
    made = []
    for zone, communes in sorted(members.items()):
        here = communes & ground.inside
        if not here:
            continue
        whole = communes <= ground.loaded
        kept = tuple(sorted(communes if whole else here))
        code = territory_code(terms.level, terms.liste, zone)
        straddles = not ground.whole_country and bool(communes - ground.inside)
        made.append(Zone(code, composition.names[zone], kept, len(communes), straddles, whole))
    return made


def zone_findings(terms: Terms, composition: Composition, zones: Iterable[Zone]) -> list[Finding]:
    """Return what the report says of the zones: how many are not whole, how many lie elsewhere."""
    zones = list(zones)
    singular, plural = LABELS[terms.level]
    if not zones:
        return [Finding(f"Aucune zone de la liste n’a de commune dans la région ({plural})")]
    found = []
    partial = tuple(f"{zone.code} ({len(zone.communes)} sur {zone.listed})" for zone in zones if not zone.whole)
    if partial:
        found.append(
            Finding(
                "Partie régionale seulement (communes de la région sur communes de la liste)",
                partial,
                refused=False,
            )
        )
    listed = {zone for _, zone in composition.pairs} - composition.apart
    if elsewhere := len(listed) - len(zones):
        words = singular if elsewhere == 1 else plural
        found.append(Finding(f"{elsewhere} {words} de la liste sans commune dans la région", refused=False))
    return found


def refuse(findings: Iterable[Finding], terms: Terms, millesime: int) -> None:
    """Raise Invalid with every refusal among the findings; return when there is none."""
    refused = [str(finding) for finding in findings if finding.refused]
    if refused:
        raise Invalid(
            f"Zonage « {terms.label} » refusé dans la géographie {millesime}. "
            + ". ".join(refused)
            + ". Rien n’a été modifié."
        )


def _overlaps(terms: Terms, zones: Mapping[str, set[str]], ground: Ground) -> list[Finding]:
    several = {code: own for code, own in zones.items() if len(own) > 1}
    if not several:
        return []
    named = tuple(f"{code} ({', '.join(sorted(own))})" for code, own in sorted(several.items()))
    return [Finding("Communes dans plusieurs zones", named, refused=terms.level in PARTITIONS)]


def _with_lost_zero(code: str) -> str:
    """Return a malformed code, with the likely cause.

    >>> _with_lost_zero("1001"), _with_lost_zero("Nantes")
    ('1001 (zéro de tête perdu ? 01001)', 'Nantes')
    """
    return f"{code} (zéro de tête perdu ? 0{code})" if is_code(Level.COMMUNE, f"0{code}") else code
