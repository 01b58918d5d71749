"""The attack on an edition as it is stored: every value that is served, against the truth of those that are not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sqlalchemy import Connection

from boundaries.readers import LABELS, Audience
from geo.errors import Conflict
from indicators.editions.held import Held, read_values
from indicators.editions.judging import Judged
from indicators.editions.material import Material, build
from indicators.editions.statements import Statement, stated
from indicators.editions.system import System
from indicators.secrecy import Disclosure, Standing, audit, together
from indicators.secrecy import witnesses as possible
from indicators.secrecy.cells import Floats

SHOWN = 5
SECONDS = 1_800.0
LARGE = 3_000
SERVED = "elle est publiée telle quelle"


class Disclosed(Conflict):
    """An edition that an attack opens: nothing may be published. The sentences hold no value."""

    def __init__(self, audience: Audience, found: Sequence[Disclosure]) -> None:
        told = [sentence(one) for one in found[:SHOWN]]
        more = f" Et {len(found) - SHOWN} autres." if len(found) > SHOWN else ""
        super().__init__(f"Édition « {LABELS[audience]} » : {' '.join(told)}{more} Rien n’est publié.")
        self.found = tuple(found)


def sentence(found: Disclosure) -> str:
    """Return which cell an attack opens and by what, without its value.

    >>> sentence(Disclosure("a", "Ventes, commune A", Standing.PRIMARY, 2, 2, True, ("EPCI = somme",)))
    'La cellule « Ventes, commune A » se retrouve exactement par : EPCI = somme.'
    """
    how = "se retrouve exactement" if found.exact else "se resserre plus que sa protection ne le permet"
    by = " ; ".join(found.relations) or "les bornes connues d’avance"
    return f"La cellule « {found.label} » {how} par : {by}."


def read_served(conn: Connection, material: Material, made: Mapping[int, int]) -> dict[int, Floats]:
    """Return what edition series serve of each restricted series (NaN: hidden, or at a level that is not served).

    `made` gives the edition series of each internal one; without one, nothing is served of it.
    """
    served: dict[int, Floats] = {}
    for one in material.held:
        if one.current:
            served[one.id] = np.full(len(one.value), np.nan)
            if one.id in made:
                territory, value, _, _ = read_values(conn, made[one.id])
                places = one.at(territory)
                served[one.id][places[places >= 0]] = value[places >= 0]
    return served


def attack(
    material: Material,
    judged: Mapping[int, Judged],
    served: Mapping[int, Floats],
    below: Sequence[Mapping[int, Judged]],
    told: dict[int, Floats],
    *,
    statements: Sequence[Statement] = (),
    witnesses: sparse.csc_array | None = None,
) -> list[Disclosure]:
    """Return the cells that an audience may not know, and that what is served gives: as it is, or by computation."""
    standing = {
        one.id: stands(one, judged[one.id].standing, served[one.id]) if one.current else judged[one.id].standing
        for one in material.held
    }
    known = {identity: replace(judged[identity], standing=own) for identity, own in standing.items()}
    system, relations = build(material, known, below, told, served)
    relations = together([relations, *stated(system, statements)])
    if witnesses is not None and (witnesses.shape[0] != len(system.cells) or not witnesses.shape[1]):
        witnesses = None
    found = [
        Disclosure(cell, system.cells.label[place], stood, value, value, True, (SERVED,))
        for one in material.held
        if one.current
        for cell, place, stood, value in _plain(one, judged[one.id], standing[one.id], system)
    ]
    if witnesses is None and len(system.cells) > LARGE:
        witnesses = possible(system.cells, relations, seconds=SECONDS)
    return found + audit(system.cells, relations, witnesses=witnesses, seconds=SECONDS)


def stands(one: Held, judged: np.ndarray, served: Floats) -> np.ndarray:
    """Return where each cell of a series stands in what is served: seen, protected, or hidden to protect others."""
    hidden = np.where(judged == Standing.PUBLISHED, Standing.SECONDARY, judged)
    found = np.where(np.isfinite(served), Standing.PUBLISHED, hidden)
    return np.where(one.known, found, Standing.MISSING).astype(np.uint8)


def _plain(
    one: Held, judged: Judged, standing: np.ndarray, system: System
) -> list[tuple[str, int, Standing, float]]:
    """The cells that are served although they may not be."""
    start = system.start[one.id]
    return [
        (
            system.cells.id[start + place],
            start + place,
            Standing(int(judged.standing[place])),
            float(one.value[place]),
        )
        for place in np.flatnonzero(judged.refused & (standing == Standing.PUBLISHED)).tolist()
    ]
