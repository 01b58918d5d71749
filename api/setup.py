"""What stands between an empty database and a served map: boundaries, populations, publication.

Each step is a transaction of its own and is skipped when its result is there, so an interrupted start goes on
where it stopped. What only a step that has something to do needs is imported by it: most starts have none.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from api.migrate import migrate
from api.publishing import analyze, publishing
from api.settings import Settings
from boundaries.levels import Level
from boundaries.readers import Audience
from boundaries.tables import Millesime, Zoning
from boundaries.zonings.asked import Asked
from geo.errors import Conflict, Invalid
from geo.progress import Progress
from indicators.populations import import_populations
from indicators.releases import current_release

OUTLINED = (2021, 2024, 2025)
LISTED = (2019, 2022, 2023)  # known by their codes alone: the geographies that some populations are given in
DOWNLOADS = "downloads"


def prepare(engine: Engine, settings: Settings, progress: Progress) -> list[str]:
    """Return French remarks, after everything that `make run` promises is in the database."""
    migrate(engine)
    remarks = _geographies(engine, settings, settings.region, progress)
    remarks += _arrondissements(engine, settings, progress)
    _import(engine, settings, None, progress)
    try:
        _publish(engine, progress)
    except Conflict as refusal:
        # what was published before is still served
        remarks.append(f"Rien de nouveau n’est publié. {refusal.detail}")
    return remarks


def load_boundaries(
    engine: Engine,
    settings: Settings,
    region: str,
    millesimes: Sequence[int],
    source: str,
    location: str | None,
    progress: Progress,
) -> list[str]:
    """Return French remarks, after the millesimes were loaded from a source, each in one transaction.

    What is published follows: surfaces, and every series in the new limits. Without any millesime, the default
    set of the registry is loaded; what is there already is read again.
    """
    migrate(engine)
    if not millesimes:
        if source != "registry":
            raise Invalid(f"La source {source} ne dit pas de quelle année elle est : donnez-la avec --millesime.")
        remarks = _geographies(engine, settings, region, progress, again=True)
        remarks += _arrondissements(engine, settings, progress)
        _publish(engine, progress)
        return remarks
    from boundaries.sources import registry

    remarks = []
    for year in millesimes:
        outlines = source != "registry" or location is not None or year in registry.years(outlines=True)
        remarks += _load(engine, settings, region, year, source, location, progress, outlines)
    remarks += _arrondissements(engine, settings, progress)
    _publish(engine, progress)
    return remarks


def load_zonings(
    engine: Engine,
    settings: Settings,
    location: str,
    asked: Sequence[Asked],
    progress: Progress,
) -> list[str]:
    """Return French remarks, after the zonings of one file were loaded together and everything was published."""
    from boundaries.zonings import delivered

    migrate(engine)
    remarks = []
    with engine.begin() as conn:
        for one in asked:
            findings = delivered.load_file(conn, location, one, settings.home / DOWNLOADS, progress)
            remarks += [f"{one.level} {one.millesime} : {finding}" for finding in findings]
    analyze(engine)
    _publish(engine, progress)
    return remarks


def remove_zoning(engine: Engine, level: Level, liste: str, millesime: int, progress: Progress) -> None:
    """Remove a zoning and its territories, and publish what remains."""
    from boundaries.zonings import load as zonings

    migrate(engine)
    with engine.begin() as conn:
        zonings.remove(conn, millesime, level, liste)
    _publish(engine, progress)


def load_movements(engine: Engine, settings: Settings, location: str, progress: Progress) -> list[str]:
    """Return French remarks, after INSEE's movements of communes replaced those known.

    What is published follows: every series converted from one millesime to another.
    """
    from boundaries import movements, time_machine
    from boundaries.sources.fetch import fetch

    migrate(engine)
    fetched = fetch(location, settings.home / DOWNLOADS, progress)
    known = movements.read(fetched.path.read_bytes(), fetched.name)
    with engine.begin() as conn:
        remarks = time_machine.store_movements(conn, fetched.name, fetched.sha256, known)
    analyze(engine)
    _publish(engine, progress)
    return remarks


def load_populations(
    engine: Engine, settings: Settings, region: str, progress: Progress, millesimes: Sequence[int] = ()
) -> list[str]:
    """Return French remarks, after the populations were imported and everything was published.

    The geographies that they are expressed in are loaded first, where they are not there yet.
    """
    migrate(engine)
    remarks = _geographies(engine, settings, region, progress)
    remarks += _arrondissements(engine, settings, progress)
    _import(engine, settings, set(millesimes) or None, progress)
    _publish(engine, progress)
    return remarks


def _geographies(
    engine: Engine, settings: Settings, region: str, progress: Progress, again: bool = False
) -> list[str]:
    """Load the default millesimes that are not there.

    Where the outlines of one are refused, its code list is loaded alone and the remark says why.
    """
    remarks: list[str] = []
    for year in sorted((*OUTLINED, *LISTED)):
        with engine.connect() as conn:
            scope = conn.scalar(sa.select(Millesime.scope).where(Millesime.year == year))
        if scope == region and not again:
            continue
        try:
            remarks += _load(engine, settings, region, year, "registry", None, progress, year in OUTLINED)
        except Invalid as refusal:
            if year not in OUTLINED:
                raise
            _load(engine, settings, region, year, "registry", None, progress, outlines=False)
            remarks.append(f"{refusal.detail} Le millésime {year} est chargé sans contours.")
    return remarks


def _load(
    engine: Engine,
    settings: Settings,
    region: str,
    millesime: int,
    source: str,
    location: str | None,
    progress: Progress,
    outlines: bool,
) -> list[str]:
    from boundaries import sources
    from boundaries.load import load

    delivery = sources.read(source, location, millesime, settings.home / DOWNLOADS, progress, region, outlines)
    with engine.begin() as conn:
        findings = load(conn, delivery, region, progress)
    analyze(engine)
    return [f"{millesime} : {finding}" for finding in findings]


def _arrondissements(engine: Engine, settings: Settings, progress: Progress) -> list[str]:
    """Load the arrondissements that the registries hold, where limits that came from there have none yet.

    The remarks name communes; that other regions have arrondissements too is no news.
    """
    remarks = []
    with engine.begin() as conn:
        lacking = conn.scalars(
            sa.select(Millesime.year)
            .where(
                Millesime.outlines,
                Millesime.source == "registry",
                ~sa.exists().where(Zoning.millesime == Millesime.year, Zoning.level == Level.ARRONDISSEMENT.value),
            )
            .order_by(Millesime.year)
        ).all()
        if not lacking:
            return []
        from boundaries.zonings import load as zonings
        from boundaries.zonings.registry import arrondissements

        for year in lacking:
            found = zonings.load(conn, *arrondissements(year, settings.home / DOWNLOADS), year, progress)
            remarks += [f"Arrondissements {year} : {finding}" for finding in found if finding.codes]
    return remarks


def _import(engine: Engine, settings: Settings, millesimes: set[int] | None, progress: Progress) -> None:
    with engine.begin() as conn:
        imported = import_populations(conn, settings.home / DOWNLOADS, progress, millesimes)
    if imported:
        analyze(engine)


def _publish(engine: Engine, progress: Progress) -> None:
    with publishing(engine, progress) as conn:
        before = _releases(conn)
    with engine.connect() as conn:
        after = _releases(conn)
    if before != after:
        analyze(engine)


def _releases(conn: Connection) -> list[int | None]:
    """The release that each audience is served."""
    served = (current_release(conn, audience.edition) for audience in Audience)
    return [None if release is None else int(release.id) for release in served]
