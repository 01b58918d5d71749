"""A file controlled and kept for the back office: what needs the libraries of columns, which are slow to import."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from api.importing import Manner, controlled, store
from api.office import Office
from api.pages.administration import held
from api.pages.administration.held import Held
from geo.errors import OresError
from geo.progress import silent
from indicators.actors import Actor
from indicators.imports import report
from indicators.imports.control import Control
from indicators.imports.findings import Decisions
from indicators.imports.mapping import Mapping
from indicators.imports.reading import read


def keep(office: Office, one: Held, actor: Actor) -> None:
    """Keep a file as a draft, controlled again, and forget its content."""
    number = store(office.engine, _controlled(office, one), actor, silent)
    one.changed(kept=number)
    one.content.unlink(missing_ok=True)


def control(office: Office, one: Held) -> None:
    """Write beside a file what its control finds, or why it cannot be read."""
    try:
        found = _controlled(office, one)
    except OresError as error:
        held.write_report(one.folder, {"error": error.detail})
        return
    _write(one, found)


def _controlled(office: Office, one: Held) -> Control:
    mapping = Mapping.from_toml(one.mapping) if one.mapping else None
    decisions = Decisions(frozenset(one.accepted), frozenset(one.refused))
    manner = Manner(one.recipe or None, mapping, one.millesime, one.period, decisions, one.compared)
    return controlled(office.engine, read(one.content, one.name), manner)


def _write(one: Held, found: Control) -> None:
    """Write what the pages and the downloads show."""
    diagnosis, decisions = found.diagnosis, found.decisions
    whole = report.as_json(diagnosis, decisions)
    listed = whole.pop("findings")
    needed = {repair.key for repair in diagnosis.repairs if repair.needed}
    held.write_lines(one.folder / held.FINDINGS, (line | {"needed": line["repair"] in needed} for line in listed))
    held.write_lines(one.folder / held.ACCEPTED, _accepted(found))
    (one.folder / held.CSV).write_text(report.as_csv(diagnosis, decisions), encoding="utf-8", newline="")
    (one.folder / held.JSON).write_text(
        json.dumps(whole | {"findings": listed}, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    proposed: dict[str, dict[str, int]] = {}
    for state, repairs in (("proposed", diagnosis.repairs), ("accepted", found.repairs)):
        for repair in repairs:
            counts = proposed.setdefault(str(repair.family), {"proposed": 0, "accepted": 0, "pending": 0})
            counts[state] += 1
    for repair in diagnosis.pending(decisions):
        proposed[str(repair.family)]["pending"] += 1
    listed_of: dict[str, int] = {}
    for line in listed:
        listed_of[line["family"]] = listed_of.get(line["family"], 0) + 1
    held.write_report(
        one.folder,
        whole
        | {
            "error": None,
            "recipe": found.recipe,
            "mapping": found.mapping.to_toml(),
            "millesime": found.mapping.millesime,
            "period": found.mapping.period,
            "source": found.mapping.title or found.mapping.source,
            "form": found.delivered.form,
            "proposed": proposed,
            "accepted": len(found.repairs),
            "listed": listed_of,
        },
    )


def _accepted(found: Control) -> Iterator[dict[str, Any]]:
    for repair in found.repairs:
        yield asdict(repair) | {"family": str(repair.family), "repair": repair.key}
