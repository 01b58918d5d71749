"""Zonings loaded, laid again on limits that were reloaded, or removed: all in the caller's transaction.

The composition is stored as it was listed, outside the Region too: when the limits of its millesime are loaded
again, for another scope perhaps, it is checked and drawn anew; what no longer holds is removed, with a sentence.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from boundaries import scope
from boundaries.checks import Finding
from boundaries.drawing import FRANCE
from boundaries.levels import ZONINGS, Level
from boundaries.places import require_millesime
from boundaries.storing import centres, store_outlines, store_territories, texts
from boundaries.tables import (
    FormerCode,
    Membership,
    Millesime,
    Outline,
    Passage,
    Territory,
    Zoning,
    ZoningCommune,
    ZoningZone,
)
from boundaries.territories import PARTIAL, UNVERIFIED, WHOLE
from boundaries.zonings import checks, drawing
from boundaries.zonings.carrying import carried, whole_cities
from boundaries.zonings.composition import NATIONAL, Composition, Moves, Terms, territory_code
from geo.copying import copy_rows
from geo.errors import Conflict, Invalid, NotFound
from geo.progress import Progress


@dataclass(frozen=True)
class Laid:
    """A zoning and its zones in a millesime: what was found when it was read, and on these limits."""

    terms: Terms
    composition: Composition
    zones: list[checks.Zone]
    reading: list[dict[str, Any]]
    findings: list[Finding]

    @property
    def report(self) -> dict[str, Any]:
        """What is stored of the findings."""
        return {"reading": self.reading, "limits": [_noted(finding) for finding in self.findings]}

    @property
    def codes(self) -> set[str]:
        """The codes of the territories."""
        return {zone.code for zone in self.zones}


def load(
    conn: Connection,
    terms: Terms,
    composition: Composition,
    millesime: int,
    progress: Progress,
    told: Mapping[str, str] | None = None,
    found: Sequence[Finding] = (),
) -> list[Finding]:
    """Return what was found, after a zoning has replaced its former state in a millesime.

    `told` gives the zone of communes that a person decided on, `found` what was found when the list was read.
    Raises NotFound for a millesime that is not loaded, Invalid, before anything is written, when a check refuses.
    """
    require_millesime(conn, millesime)
    findings = [*found, *checks.form_findings(terms, composition)]
    checks.refuse(findings, terms, millesime)
    unnamed = sorted(set((told or {}).values()) - composition.names.keys())
    if unnamed:
        raise Invalid(f"Zones inconnues de la liste, demandées par --rattacher : {', '.join(unnamed)}.")
    pairs, brought = whole_cities(composition.pairs)
    findings += brought
    moves, before = _moves(conn, terms.given_in, millesime)
    pairs, brought = carried(pairs, moves, before, (terms.given_in, millesime), told or {})
    findings += brought
    laid = _laid(terms, replace(composition, pairs=pairs), _ground(conn, millesime), list(map(_noted, findings)))
    findings += laid.findings
    checks.refuse(findings, terms, millesime)
    former = _stored(conn, millesime, terms.level, terms.liste)
    if former is not None:
        _clear(conn, former, kept=laid.codes)
        conn.execute(sa.delete(Zoning).where(Zoning.id == former.id))
    _store(conn, laid, millesime)
    _apply(conn, millesime, [laid], progress)
    refresh_version(conn, millesime)
    return findings


def apply_again(conn: Connection, millesime: int, progress: Progress) -> list[Finding]:
    """Return what became of the zonings of a millesime, after its limits were loaded again.

    Each is checked and drawn on the new limits; one that is refused there is removed, and the finding says why.
    """
    ground = _ground(conn, millesime)
    kept, findings = [], []
    for row in conn.execute(sa.select(*Zoning.__table__.c).where(Zoning.millesime == millesime)).all():
        laid = _laid(_terms(row), _composition(conn, row.id), ground, row.report["reading"])
        refused = [str(finding) for finding in laid.findings if finding.refused]
        if refused:
            _clear(conn, row, kept=set())
            conn.execute(sa.delete(Zoning).where(Zoning.id == row.id))
            sentence = f"Le zonage « {row.label} » ne tient pas dans ces limites et a été retiré. "
            findings.append(Finding(sentence + ". ".join(refused), refused=False))
            continue
        _clear(conn, row, kept=laid.codes)
        conn.execute(sa.update(Zoning).where(Zoning.id == row.id).values(report=laid.report))
        kept.append(laid)
    if kept:
        _apply(conn, millesime, kept, progress)
        labels = tuple(laid.terms.label for laid in kept)
        findings.append(Finding("Zonages gardés, redessinés sur ces limites", labels, refused=False))
    refresh_version(conn, millesime)
    return findings


def remove(conn: Connection, millesime: int, level: Level, liste: str = "") -> None:
    """Remove a zoning from a millesime, its territories and their values. Raises NotFound, naming those there are."""
    former = _stored(conn, millesime, level, liste)
    if former is not None:
        _clear(conn, former, kept=set())
        conn.execute(sa.delete(Zoning).where(Zoning.id == former.id))
        refresh_version(conn, millesime)
        return
    rows = conn.execute(
        sa.select(Zoning.level, Zoning.liste)
        .where(Zoning.millesime == millesime)
        .order_by(Zoning.level, Zoning.liste)
    )
    known = ", ".join(f"{row.level} ({row.liste})" if row.liste else row.level for row in rows) or "aucun"
    asked = f"{level} ({liste})" if liste else level
    raise NotFound(f"Aucun zonage « {asked} » dans la géographie {millesime}. Zonages chargés : {known}.")


def refresh_version(conn: Connection, millesime: int) -> None:
    """Make the version of a millesime that of its limits and of its zonings.

    The ids of the zones count: a zoning that is removed and loaded again has others, and neither the tiles that carry
    them nor the values that hang on them may pass for those of before.
    """
    limits = conn.scalars(sa.select(Millesime.limits_version).where(Millesime.year == millesime)).one()
    digests = conn.execute(
        sa.select(Zoning.level, Zoning.liste, Zoning.digest)
        .where(Zoning.millesime == millesime)
        .order_by(Zoning.level, Zoning.liste)
    ).all()
    ids = conn.scalars(
        sa.select(Territory.id)
        .where(Territory.millesime == millesime, Territory.level.in_(ZONINGS))
        .order_by(Territory.id)
    ).all()
    version = limits
    if digests:
        parts = repr((limits, [tuple(row) for row in digests], ids))
        version = hashlib.sha256(parts.encode()).hexdigest()[:12]
    conn.execute(sa.update(Millesime).where(Millesime.year == millesime).values(version=version))


def _laid(terms: Terms, composition: Composition, ground: checks.Ground, reading: list[dict[str, Any]]) -> Laid:
    zones = checks.zones_of(terms, composition, ground)
    findings = checks.ground_findings(terms, composition, ground)
    findings += checks.zone_findings(terms, composition, zones)
    return Laid(terms, composition, zones, reading, findings)


def _ground(conn: Connection, millesime: int) -> checks.Ground:
    region = conn.scalars(sa.select(Millesime.scope).where(Millesime.year == millesime)).one()
    communes = conn.execute(
        sa.select(Territory.code, Territory.in_scope).where(
            Territory.millesime == millesime, Territory.level == Level.COMMUNE.value
        )
    ).all()
    departements = conn.scalars(
        sa.select(Territory.code).where(
            Territory.millesime == millesime, Territory.level == Level.DEPARTEMENT.value
        )
    )
    former = conn.execute(
        sa.select(FormerCode.code, FormerCode.successor).where(FormerCode.millesime == millesime)
    )
    return checks.Ground(
        millesime,
        frozenset(row.code for row in communes if row.in_scope),
        frozenset(row.code for row in communes if not row.in_scope),
        frozenset(departements),
        dict(former.all()),
        region == scope.ALL,
    )


def _moves(conn: Connection, given_in: int, millesime: int) -> tuple[Moves, frozenset[str]]:
    """Return how the communes of a geography go into another, and which were loaded there."""
    if given_in == millesime:
        return {}, frozenset()
    require_millesime(conn, given_in)
    scopes = set(conn.scalars(sa.select(Millesime.scope).where(Millesime.year.in_([given_in, millesime]))))
    if len(scopes) > 1:
        raise Conflict(
            f"Les millésimes {given_in} et {millesime} ne couvrent pas le même territoire "
            f"({' et '.join(sorted(scopes))}) : rechargez-les avec « ores load boundaries »."
        )
    moves: dict[str, dict[str, float]] = {}
    for row in conn.execute(
        sa.select(Passage.from_code, Passage.to_code, Passage.weight).where(
            Passage.from_millesime == given_in, Passage.to_millesime == millesime
        )
    ):
        moves.setdefault(row.from_code, {})[row.to_code] = row.weight
    before = conn.scalars(
        sa.select(Territory.code).where(Territory.millesime == given_in, Territory.level == Level.COMMUNE.value)
    )
    return moves, frozenset(before)


def _store(conn: Connection, laid: Laid, millesime: int) -> None:
    terms, composition = laid.terms, laid.composition
    identity = conn.execute(
        sa.insert(Zoning)
        .values(
            millesime=millesime,
            level=terms.level.value,
            liste=terms.liste,
            label=terms.label,
            definition=terms.definition,
            given_in=terms.given_in,
            source=terms.source,
            licence=terms.licence,
            file=terms.file,
            sha256=terms.sha256,
            digest=composition.digest(terms),
            report=laid.report,
        )
        .returning(Zoning.id)
    ).scalar_one()
    zones = ((identity, zone, nom, zone in composition.apart) for zone, nom in sorted(composition.names.items()))
    copy_rows(conn, ZoningZone.__table__, ["zoning_id", "code", "nom", "apart"], zones)  # type: ignore[arg-type]
    pairs = ((identity, commune, zone) for commune, zone in sorted(composition.pairs))
    copy_rows(conn, ZoningCommune.__table__, ["zoning_id", "commune", "zone"], pairs)  # type: ignore[arg-type]


def _apply(conn: Connection, millesime: int, zonings: Sequence[Laid], progress: Progress) -> None:
    """Store the territories, memberships and outlines of zonings."""
    members = {
        level: {zone.code: zone.communes for laid in zonings if laid.terms.level is level for zone in laid.zones}
        for level in {laid.terms.level for laid in zonings}
    }
    outlined, region = conn.execute(
        sa.select(Millesime.outlines, Millesime.scope).where(Millesime.year == millesime)
    ).one()
    areas = _areas(conn, millesime, members) if outlined else {}
    polygons = texts(drawing.outlines(conn, millesime, members), 4326) if outlined else {}
    rows = pd.DataFrame([row for laid in zonings for row in _rows(laid)])
    store_territories(conn, millesime, rows, areas, polygons, replaced=())
    _store_memberships(conn, millesime, members, region == scope.ALL)
    if outlined:
        drawn = drawing.bands(conn, millesime, members, progress)
        stored = {number: texts(shapes, 3857) for number, shapes in drawn.items()}
        store_outlines(conn, millesime, stored, centres(drawn), progress)


def _rows(laid: Laid) -> list[dict[str, Any]]:
    # a list of a national zoning that names nothing outside the Region may have been cut to it
    cut = laid.terms.level in NATIONAL and not any(zone.straddles for zone in laid.zones)
    return [
        {
            "level": laid.terms.level,
            "code": zone.code,
            "nom": zone.nom,
            "nature": None,
            "in_scope": True,
            "emprise": (UNVERIFIED if cut else WHOLE) if zone.whole else PARTIAL,
            "straddles": zone.straddles,
            "population": None,
        }
        for zone in laid.zones
    ]


def _areas(conn: Connection, millesime: int, members: drawing.Members) -> dict[tuple[Level, str], float]:
    known = dict(
        conn.execute(
            sa.select(Territory.code, Territory.area_m2).where(
                Territory.millesime == millesime, Territory.level == Level.COMMUNE.value
            )
        ).all()
    )
    return {
        (level, zone): float(sum(known[code] or 0 for code in communes))
        for level, zones in members.items()
        for zone, communes in zones.items()
    }


def _store_memberships(conn: Connection, millesime: int, members: drawing.Members, whole_country: bool) -> None:
    """A commune is part of its zone; a zone, of the departements and regions that its communes of the Region are in."""
    above: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(
        sa.select(Membership.code, Membership.parent_level, Membership.parent_code)
        .join(
            Territory,
            sa.and_(
                Territory.millesime == Membership.millesime,
                Territory.level == Membership.level,
                Territory.code == Membership.code,
            ),
        )
        .where(
            Membership.millesime == millesime,
            Membership.level == Level.COMMUNE.value,
            Membership.parent_level.in_([Level.DEPARTEMENT.value, Level.REGION.value]),
            Territory.in_scope,
        )
    ):
        above.setdefault(row.code, []).append((row.parent_level, row.parent_code))
    links = set()
    for level, zones in members.items():
        for zone, communes in zones.items():
            for commune in communes:
                links.add((Level.COMMUNE.value, commune, level.value, zone))
                links |= {(level.value, zone, *parent) for parent in above.get(commune, ())}
            if whole_country:
                links.add((level.value, zone, Level.FRANCE.value, FRANCE))
    columns = ["millesime", "level", "code", "parent_level", "parent_code"]
    rows = ((millesime, *link) for link in sorted(links))
    copy_rows(conn, Membership.__table__, columns, rows)  # type: ignore[arg-type]


def _stored(conn: Connection, millesime: int, level: Level, liste: str) -> sa.Row[Any] | None:
    return conn.execute(
        sa.select(*Zoning.__table__.c).where(
            Zoning.millesime == millesime, Zoning.level == level.value, Zoning.liste == liste
        )
    ).one_or_none()


def _clear(conn: Connection, zoning: sa.Row[Any], kept: set[str]) -> None:
    """Delete what a stored zoning made; the territories that are kept stay, so that their ids do."""
    zones = conn.scalars(sa.select(ZoningZone.code).where(ZoningZone.zoning_id == zoning.id))
    codes = {territory_code(Level(zoning.level), zoning.liste, zone) for zone in zones}
    for table, level, code, chosen in (
        (Membership, Membership.parent_level, Membership.parent_code, codes),
        (Membership, Membership.level, Membership.code, codes),
        (Outline, Outline.level, Outline.code, codes),
        (Territory, Territory.level, Territory.code, codes - kept),
    ):
        conn.execute(
            sa.delete(table).where(table.millesime == zoning.millesime, level == zoning.level, code.in_(chosen))
        )


def _noted(finding: Finding) -> dict[str, Any]:
    return {"sentence": finding.sentence, "codes": list(finding.codes)}


def _terms(row: sa.Row[Any]) -> Terms:
    return Terms(
        Level(row.level),
        row.label,
        row.definition,
        row.given_in,
        row.source,
        row.licence,
        row.file,
        row.sha256,
        row.liste,
    )


def _composition(conn: Connection, zoning_id: int) -> Composition:
    zones = conn.execute(
        sa.select(ZoningZone.code, ZoningZone.nom, ZoningZone.apart).where(ZoningZone.zoning_id == zoning_id)
    ).all()
    pairs = conn.execute(
        sa.select(ZoningCommune.commune, ZoningCommune.zone).where(ZoningCommune.zoning_id == zoning_id)
    )
    return Composition(
        frozenset((commune, zone) for commune, zone in pairs),
        {row.code: row.nom for row in zones},
        frozenset(row.code for row in zones if row.apart),
    )
