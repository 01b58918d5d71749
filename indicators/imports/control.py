"""The control of a delivered file, before anything is kept of it: read, mapped, diagnosed, decided upon."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import distinct_on

from geo.errors import Invalid
from indicators.imports.diagnosis import diagnose
from indicators.imports.diagnosis.proposing import propose
from indicators.imports.findings import NOTHING, Decisions, Diagnosis, Repair
from indicators.imports.mapping import Mapping, recipe, recipes_for
from indicators.imports.reading import read
from indicators.imports.recipes import known_recipes
from indicators.imports.reference import Reference, read_reference
from indicators.imports.sheets import Delivered
from indicators.journal import delivered_for
from indicators.tables import Delivery, Import, ImportValue

ROWS = 50_000  # taken at a time: as Python objects they weigh ten times more than in a frame
ROUNDS = 5  # of repairs that bring others; two are usual


@dataclass(frozen=True)
class Control:
    """A delivery with all that is known of it: how it is read, what was found, which repairs were accepted."""

    delivered: Delivered
    recipe: str | None
    mapping: Mapping
    reference: Reference
    diagnosis: Diagnosis
    decisions: Decisions
    repairs: tuple[Repair, ...]


def control(
    conn: Connection,
    file: Path | Delivered,
    *,
    name: str | None = None,
    recipe_name: str | None = None,
    mapping: Mapping | None = None,
    millesime: int | None = None,
    period: str = "",
    decisions: Decisions = NOTHING,
    organisation: str = "",
) -> Control:
    """Return the control of a file. Nothing is written.

    It is read with `mapping`, or with a recipe (named, or the one that fits the file's name), or as it can be
    guessed; `millesime` and `period` are those of this delivery. Repairs that `decisions` accept are made before the
    final diagnosis, those that they bring too. Where an `organisation` is named, the file is compared with what it
    delivered alone: its control must not tell what others did. Raises what reading raises, NotFound for an unknown
    recipe and Invalid for a decision on nothing that is proposed.
    """
    delivered = read(file, name) if isinstance(file, Path) else file
    reference = read_reference(conn)
    if mapping is None:
        recipe_name, mapping = _mapping(conn, delivered, reference, recipe_name)
    mapping = mapping.at(millesime, period)
    previous = previous_values(conn, mapping, organisation)
    final, repairs = _repaired(lambda made: diagnose(delivered, mapping, reference, previous, made), decisions)
    return Control(delivered, recipe_name, mapping, reference, final, decisions, repairs)


def previous_values(conn: Connection, mapping: Mapping, organisation: str = "") -> pd.DataFrame | None:
    """Return the values last released of the indicators of a mapping, one period of each; None before the first.

    Of everything that was delivered, or of what an organisation delivered.
    """
    named = {measure.indicator for table in mapping.tables for measure in table.measures}
    released = (
        sa.select(Import.id, Import.indicator, Import.period)
        .join(Delivery, Delivery.id == Import.delivery_id)
        .where(Delivery.state == "released", Import.indicator.in_(named))
        .ext(distinct_on(Import.indicator))
        .order_by(Import.indicator, Import.period.desc(), Delivery.released_at.desc(), Import.id.desc())
    )
    if organisation:
        released = released.where(delivered_for(organisation))
    latest = released.subquery()
    rows = conn.execute(
        sa.select(
            latest.c.indicator,
            latest.c.period,
            ImportValue.level,
            ImportValue.code,
            ImportValue.value,
            sa.cast(ImportValue.status, sa.Text).label("status"),
        )
        .join(latest, latest.c.id == ImportValue.import_id)
        .execution_options(yield_per=ROWS)
    )
    frames = [pd.DataFrame(part, columns=list(rows.keys())) for part in rows.partitions()]
    return pd.concat(frames, ignore_index=True) if frames else None


def _repaired(
    look: Callable[[tuple[Repair, ...]], Diagnosis], decisions: Decisions
) -> tuple[Diagnosis, tuple[Repair, ...]]:
    """Return the last diagnosis and the repairs that were made: those accepted, and those that they bring.

    A code that is repaired may come twice from then on: removing one of its rows is proposed only afterwards.
    """
    proposed: dict[str, Repair] = {}
    made: tuple[Repair, ...] = ()
    for _ in range(ROUNDS):
        found = look(made)
        proposed |= {repair.key: repair for repair in found.repairs}
        accepted = tuple(repair for key, repair in proposed.items() if decisions.on(repair))
        if len(accepted) == len(made):
            break
        made = accepted
    else:
        raise Invalid(
            "Les corrections acceptées s’appellent sans fin : acceptez-en moins, ou corrigez le fichier."
        )
    replace(found, repairs=tuple(proposed.values())).accepted(decisions)  # every decision is about something
    return found, made


def _mapping(
    conn: Connection, delivered: Delivered, reference: Reference, name: str | None
) -> tuple[str | None, Mapping]:
    saved = known_recipes(conn)
    if name is not None:
        return (name, saved[name]) if name in saved else (name, recipe(name))
    for one in recipes_for(delivered.name):
        return one.source, saved[one.source]
    return None, propose(delivered, reference)
