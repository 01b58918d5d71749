"""The editions: from what may not be served as it is, what each audience may see, proved before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sqlalchemy import Connection

from boundaries.readers import Audience
from geo.progress import Progress
from indicators.editions.attacking import Disclosed, attack, read_served, stands
from indicators.editions.earlier import told_before
from indicators.editions.judging import Judged, judge
from indicators.editions.material import Beside, Material, build, read_material
from indicators.editions.proofs import Proof, mark, recalled, remember
from indicators.editions.system import System
from indicators.editions.writing import write_edition
from indicators.policy import Policies
from indicators.secrecy import Protection, Relations, Report, Standing, Unprotectable, audit, protect, report

SECONDS = 1_800.0
# An optimum of more cells may take longer than the time it is given: what is hidden would depend on the clock.
SMALL = 250


@dataclass(frozen=True)
class EditionsMade:
    """The edition series that each audience's release lists, and what protecting them has cost it."""

    listed: dict[Audience, list[int]]
    reports: dict[Audience, Report]

    def journal(self) -> dict[str, Any]:
        """Return what was lost, for the journal of those who publish: it tells primary from secondary."""
        return {
            "secrecy": {
                audience.value: {
                    "levels": [asdict(level) for level in one.levels],
                    "cost": one.cost,
                    "total_cost": one.total_cost,
                    "optimal": one.optimal,
                    "sentences": list(one.sentences),
                }
                for audience, one in self.reports.items()
            }
        }


def make_editions(
    conn: Connection,
    internal: Sequence[int],
    policies: Policies,
    progress: Progress,
    now: datetime | None = None,
) -> EditionsMade:
    """Return the edition series that each audience's release lists, made from internal series that have their values.

    The Region's edition is protected first; what it hides is hidden to professionals too, whatever else they may
    not see is added to it, and the public's starts from theirs: whoever reads a wider edition learns nothing that
    both together would tell. Each is then attacked by whoever sees all of it, earlier releases included. `now` is
    when embargoes are looked at.

    Raises Inconclusive where an edition cannot be proved to protect, and Disclosed where an attack opens a cell.
    """
    material = read_material(conn, internal)
    moment = now or datetime.now(UTC)
    beside = Beside(conn, material.held)
    judged = {
        audience: judge(material.held, material.ground, policies, audience, moment, beside)
        for audience in Audience
    }
    advance = progress("Secret statistique (éditions)", len(Audience))
    made: dict[Audience, Made] = {}
    above: Mapping[int, np.ndarray] = {}
    for audience in sorted(Audience, reverse=True):
        below = [judged[other] for other in Audience if other < audience]
        view = View(audience, narrowed(judged[audience], above), below)
        made[audience] = _again(conn, material, view) or _make(conn, material, view, judged[audience])
        above = made[audience].standing
        advance(1)
    if not all(one.kept for one in made.values()):
        _remember(conn, material, made)
    return EditionsMade(
        {audience: sorted(made[audience].series.values()) for audience in Audience},
        {audience: made[audience].report for audience in Audience},
    )


@dataclass(frozen=True, eq=False)
class View:
    """What an audience may see, once narrowed to what wider ones see, and what more public ones may."""

    audience: Audience
    judged: Mapping[int, Judged]
    below: Sequence[Mapping[int, Judged]]


@dataclass(frozen=True, eq=False)
class Made:
    """The edition of one audience: the series of each internal one, where each cell stands, what was lost."""

    view: View
    series: Mapping[int, int]
    standing: Mapping[int, np.ndarray]
    report: Report
    proof: Proof
    kept: bool


def _make(conn: Connection, material: Material, view: View, judged: Mapping[int, Judged]) -> Made:
    """Protect, write, and attack what was written: not what was meant."""
    told = told_before(conn, material.held, view.audience)
    system, relations = build(material, view.judged, view.below, told)
    found = _protected(view.audience, system, relations)
    standing = {one.id: system.of(one, found.cells) for one in material.held if one.current}
    series = {
        one.id: write_edition(conn, one, view.audience, view.judged[one.id], standing[one.id], material.ground)
        for one in material.held
        if one.current and view.judged[one.id].listed
    }
    served = read_served(conn, material, series)
    disclosed = attack(material, judged, served, view.below, told, witnesses=found.witnesses)
    if disclosed:
        raise Disclosed(view.audience, disclosed)
    proof = Proof("", found.optimal, found.note)
    return Made(view, series, standing, report(_named(found, material)), proof, False)


def _protected(audience: Audience, system: System, relations: Relations) -> Protection:
    """Hide zeros only where nothing else protects; where even that does not, say what opens the cells."""
    for cells in (system.cells, system.cells.changed(eligible=system.cells.eligible | system.zero)):
        try:
            return protect(cells, relations, best=len(cells) <= SMALL, seconds=SECONDS)
        except Unprotectable as error:
            refused = error
    # the edition that hides all that can be hidden, attacked
    possible = cells.eligible & (cells.standing == Standing.PUBLISHED)
    hidden = cells.with_standing(np.where(possible, np.uint8(Standing.SECONDARY), cells.standing))
    opened = [one for one in audit(hidden, relations, seconds=SECONDS) if one.standing != Standing.SECONDARY]
    if not opened:
        raise refused
    raise Disclosed(audience, opened) from refused


def _again(conn: Connection, material: Material, view: View) -> Made | None:
    """The edition that was made of the very same system before, where there is one: it stays as it is."""
    proof, series = recalled(material.held, view.audience)
    listed = {one.id for one in material.held if one.current and view.judged[one.id].listed}
    if proof is None or series.keys() != listed:
        return None
    others = [made for each in Audience for made in recalled(material.held, each)[1].values()]
    system, relations = build(
        material, view.judged, view.below, told_before(conn, material.held, view.audience, others)
    )
    if proof.mark != mark(system.cells, relations):
        return None
    served = read_served(conn, material, series)
    standing = {
        one.id: stands(one, view.judged[one.id].standing, served[one.id]) for one in material.held if one.current
    }
    stood = system.cells.standing.copy()
    for one in material.held:
        if one.current:
            stood[system.start[one.id] : system.start[one.id] + len(one.value)] = standing[one.id]
    none = sparse.csc_array((len(stood), 0))
    pattern = Protection(system.cells.with_standing(stood), proof.optimal, proof.note, none)
    return Made(view, series, standing, report(_named(pattern, material)), proof, True)


def _remember(conn: Connection, material: Material, made: Mapping[Audience, Made]) -> None:
    """Keep, with the internal series, of what system each edition was made: what an edition tells does not count."""
    every = [series for one in made.values() for series in one.series.values()]
    for audience, one in made.items():
        told = told_before(conn, material.held, audience, every)
        system, relations = build(material, one.view.judged, one.view.below, told)
        proof = replace(one.proof, mark=mark(system.cells, relations))
        remember(conn, audience, one.series, proof)


def narrowed(judged: Mapping[int, Judged], above: Mapping[int, np.ndarray]) -> dict[int, Judged]:
    """Return what an audience may see once all that a wider edition hides is hidden to it too.

    A cell that the wider edition hides to protect others has nothing to protect here: it is unknown to all.
    """
    found = dict(judged)
    for identity, standing in above.items():
        one = judged[identity]
        closed = (standing != Standing.PUBLISHED) & (one.standing == Standing.PUBLISHED)
        found[identity] = replace(
            one, standing=np.where(closed, np.uint8(Standing.MISSING), one.standing).astype(np.uint8)
        )
    return found


def _named(found: Protection, material: Material) -> Protection:
    """The pattern of what is published, told as people count it.

    What a wider edition hides to protect others is secondary here too; sums that nobody is served are left out.
    """
    ours = np.concatenate([np.full(len(one.value), one.current) for one in material.held])
    valued = np.concatenate([one.known for one in material.held])[ours]
    cells = found.cells.taken(np.flatnonzero(ours))
    closed = valued & (cells.standing == Standing.MISSING)
    standing = np.where(closed, np.uint8(Standing.SECONDARY), cells.standing)
    return replace(found, cells=cells.with_standing(standing))
