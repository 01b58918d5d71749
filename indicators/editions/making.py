"""The editions: from what may not be served as it is, what each audience may see, proved before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from boundaries.readers import Audience
from geo.progress import Progress
from indicators.editions.attacking import Disclosed, attack, read_served
from indicators.editions.earlier import told_before
from indicators.editions.judging import Judged, judge
from indicators.editions.material import Beside, Material, build, read_material
from indicators.editions.writing import write_edition
from indicators.policy import Policies
from indicators.secrecy import Protection, Report, Standing, protect, report
from indicators.secrecy.optimum import SMALL

SECONDS = 1_800.0


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
    listed: dict[Audience, list[int]] = {}
    reports: dict[Audience, Report] = {}
    above: dict[int, np.ndarray] = {}
    for audience in sorted(Audience, reverse=True):
        own = narrowed(judged[audience], above)
        told = told_before(conn, material.held, audience)
        below = [judged[other] for other in Audience if other < audience]
        system, relations = build(material, own, below, told)
        found = protect(system.cells, relations, best=len(system.cells) <= SMALL, seconds=SECONDS)
        above = {one.id: system.of(one, found.cells) for one in material.held if one.restricted}
        made = {
            one.id: write_edition(conn, one, audience, own[one.id], above[one.id], material.ground)
            for one in material.held
            if one.restricted and own[one.id].listed
        }
        # what was written is attacked, not what was meant
        served = read_served(conn, material, made)
        disclosed = attack(material, judged[audience], served, below, told, witnesses=found.witnesses)
        if disclosed:
            raise Disclosed(audience, disclosed)
        listed[audience] = sorted(made.values())
        reports[audience] = report(_named(found, material))
        advance(1)
    return EditionsMade({audience: listed[audience] for audience in Audience}, reports)


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
    """The same pattern, told as people count it: what a wider edition hides to protect others is secondary here too."""
    cells = found.cells
    valued = np.concatenate([one.known & one.restricted for one in material.held])
    valued = np.concatenate([valued, np.zeros(len(cells) - len(valued), bool)])
    closed = valued & (cells.standing == Standing.MISSING)
    standing = np.where(closed, np.uint8(Standing.SECONDARY), cells.standing)
    return replace(found, cells=cells.with_standing(standing))
