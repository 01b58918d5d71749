"""Which millesimes a list of commune codes fits, with the codes that decide.

A list fits a millesime when all its codes exist there; that it lacks some is counted apart, in the departements that
it has codes of, because a list may well be partial. Municipal arrondissements are not communes, and codes of a
departement that no known list holds cannot be judged: both are set aside and told. Pure functions on plain data.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from boundaries.existence import Existence, listed
from boundaries.movements import CODE
from boundaries.sources.codes import city_of, departement_of

SHOWN = 5


@dataclass(frozen=True)
class Fit:
    """How a list fits one millesime: its codes that do not exist there, and how many of the millesime it lacks."""

    millesime: int
    unknown: tuple[str, ...]
    missing: int

    @property
    def whole(self) -> bool:
        """Whether every code of the list exists in the millesime."""
        return not self.unknown

    @property
    def rank(self) -> tuple[int, int, int]:
        """What sorts the fits, best first: unknown codes, then codes that lack, then the newest."""
        return len(self.unknown), self.missing, -self.millesime


@dataclass(frozen=True)
class Detection:
    """What a list of codes says of its millesime.

    - ranking: how it fits each known millesime, best first;
    - best: the millesimes that it fits equally best, oldest first; fitting: those where all its codes exist;
    - deciding: code -> the known millesimes where it exists, for those that are not in all of them;
    - unknown: codes of no known millesime; malformed: what is no commune code (a lost leading zero);
    - arrondissements and elsewhere: set aside.
    """

    judged: int
    known: tuple[int, ...]
    ranking: tuple[Fit, ...]
    deciding: Mapping[str, tuple[int, ...]]
    unknown: tuple[str, ...]
    malformed: tuple[str, ...]
    arrondissements: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @property
    def fitting(self) -> tuple[int, ...]:
        """The millesimes where every judged code exists, oldest first."""
        return tuple(sorted(fit.millesime for fit in self.ranking if fit.whole)) if self.judged else ()

    @property
    def best(self) -> tuple[int, ...]:
        """The millesimes with the fewest unknown codes, then the fewest that lack, oldest first."""
        if not self.ranking or not self.judged:
            return ()
        first = self.ranking[0].rank[:2]
        return tuple(sorted(fit.millesime for fit in self.ranking if fit.rank[:2] == first))

    def reasons(self) -> list[str]:
        """Return French sentences, one for each group of codes that exist in the same millesimes.

        Those that rule out the closest neighbours of the best millesime come first, those that are not in it last.
        """
        groups: dict[tuple[int, ...], list[str]] = {}
        for code, years in self.deciding.items():
            groups.setdefault(years, []).append(code)
        best = self.ranking[0].millesime if self.ranking else 0

        def order(group: tuple[tuple[int, ...], list[str]]) -> tuple[bool, int, list[str]]:
            years, codes = group
            excluded = set(self.known) - set(years)
            return best not in years, min(abs(best - year) for year in excluded), codes

        ordered = sorted(groups.items(), key=order)
        return [f"{some(codes)} {existing(years, self.known, len(codes) > 1)}" for years, codes in ordered]


def detect(codes: Iterable[str], lists: Existence | Mapping[int, Collection[str]]) -> Detection:
    """Return how a list of codes fits each millesime of `lists` (millesime -> the codes of its communes).

    Codes are trimmed and counted once. `boundaries.existence.walked` gives every year instead of a few lists.

    >>> lists = {2023: {"85084", "85001"}, 2024: {"85084", "85001", "85165"}}
    >>> found = detect(["85084", "85165"], lists)
    >>> found.best, found.reasons()
    ((2024,), ['85165 n’existe qu’à partir de 2024 (absent en 2023)'])
    """
    given = sorted({code.strip() for code in codes} - {""})
    wellformed = {code for code in given if CODE.fullmatch(code)}
    arrondissements = {code for code in wellformed if city_of(code)}
    asked = wellformed - arrondissements
    known = lists if isinstance(lists, Existence) else listed(lists)
    held = {departement_of(code) for code in known.masks}
    judged = {code for code in asked if departement_of(code) in held}
    within = {departement_of(code) for code in judged}
    lacking = Counter(
        mask for code, mask in known.masks.items() if code not in judged and departement_of(code) in within
    )
    periods = {mask: known.in_mask(mask) for mask in set(known.masks.values())}
    doubtful = sorted(code for code in judged if known.masks.get(code, 0) != known.always)
    fits = []
    for position, year in enumerate(known.years):
        bit = 1 << position
        unknown = tuple(code for code in doubtful if not known.masks.get(code, 0) & bit)
        fits.append(Fit(year, unknown, sum(count for mask, count in lacking.items() if mask & bit)))
    return Detection(
        judged=len(judged),
        known=known.years,
        ranking=tuple(sorted(fits, key=lambda fit: fit.rank)),
        deciding={code: periods[known.masks[code]] for code in doubtful if code in known.masks},
        unknown=tuple(code for code in doubtful if code not in known.masks),
        malformed=tuple(code for code in given if code not in wellformed),
        arrondissements=tuple(sorted(arrondissements)),
        elsewhere=tuple(sorted(asked - judged)),
    )


def existing(years: Collection[int], known: Sequence[int], several: bool = False) -> str:
    """Return how to say in French that codes exist in some of the known millesimes only.

    >>> existing([2021], [2019, 2021, 2024]), existing([2019, 2024], [2019, 2021, 2024], several=True)
    ('n’existe qu’en 2021 (absent en 2019 et en 2024)', 'n’existent qu’en 2019 et qu’à partir de 2024')
    """
    verb, absent = ("n’existent", "absents") if several else ("n’existe", "absent")
    runs = _runs(sorted(years), known)
    if len(runs) > 1:
        return f"{verb} " + " et ".join(_period(run, known) for run in runs)
    (start, end), first, last = runs[0], known.index(runs[0][0]), known.index(runs[0][1])
    before = known[first - 1] if first else None
    after = known[last + 1] if last + 1 < len(known) else None
    if before is None and after is not None:
        return f"{verb} plus à partir de {after} ({'présents' if several else 'présent'} en {end})"
    outside = " et ".join(f"en {year}" for year in (before, after) if year is not None)
    return f"{verb} {_period((start, end), known)} ({absent} {outside})"


def _period(run: tuple[int, int], known: Sequence[int]) -> str:
    start, end = run
    if end == known[-1]:
        return f"qu’à partir de {start}"
    if start == known[0] and start != end:
        return f"que jusqu’en {end}"
    return f"qu’en {start}" if start == end else f"que de {start} à {end}"


def _runs(years: Sequence[int], known: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last of each series of neighbours among the known years."""
    runs: list[tuple[int, int]] = []
    for year in years:
        position = known.index(year)
        if runs and position and known[position - 1] == runs[-1][1]:
            runs[-1] = (runs[-1][0], year)
        else:
            runs.append((year, year))
    return runs


def some(codes: Sequence[str]) -> str:
    """Return a few codes as a text, and how many more there are.

    >>> some(["01001", "01002"]), some(["1", "2", "3", "4", "5", "6", "7"])
    ('01001, 01002', '1, 2, 3, 4, 5 et 2 autres')
    """
    if len(codes) <= SHOWN + 1:
        return ", ".join(codes)
    return f"{', '.join(codes[:SHOWN])} et {len(codes) - SHOWN} autres"
