"""The diffusion policy as a TOML file: read with its errors told by file, line and table, and written back."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints, ValidationError

from boundaries.levels import Level
from boundaries.readers import Audience
from geo.clock import PARIS
from geo.errors import Invalid
from geo.toml import inline, key
from indicators.policy.checking import checked
from indicators.policy.policies import Policies
from indicators.policy.rows import AppliedRule, Policy
from indicators.secrecyrule import Rule

ACCEPTED = {
    "finest_level": ", ".join(Level),
    "audiences": f"une liste de {', '.join(Audience)}",
    "indicators": "une liste d’indicateurs du catalogue",
    "first_period": 'une année, entre guillemets ("2018")',
    "last_period": 'une année, entre guillemets ("2018")',
    "rounding": "un nombre positif, dans l’unité de l’indicateur",
    "minimum_population": "un nombre d’habitants positif",
    "shown": "true ou false",
    "embargo": "une date et une heure (2026-12-01T08:00:00+01:00), celle de Paris sans fuseau",
    "name": "un nom de 100 caractères au plus",
    "rule": "le nom d’une règle de secret",
    "respondents": "un indicateur du catalogue",
    "largest": "une liste d’indicateurs du catalogue",
    "source": "le texte qui énonce la règle",
    "read_on": "une date (2024-01-31)",
    "threshold": "un nombre entier de répondants, 0 s’il n’y a pas de seuil",
    "dominance": "[n, k] : les n premiers contributeurs, de 1 à 10, et une part de 0 à 100 %",
    "p_percent": "une part en %, de 0 à 100",
    "zero_is_secret": "true ou false",
    "protection_pct": "une part en %, de 0 à 100",
}


def _day(value: object) -> object:
    """A date alone: a number is not taken for a moment since 1970."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError("not a date")
    return value


def _moment(value: object) -> object:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("not a moment")
    return value if value.tzinfo else value.replace(tzinfo=PARIS)


# Text that a database and a page can hold: no control character.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Name = Annotated[Text, StringConstraints(max_length=100)]
Source = Annotated[Text, StringConstraints(max_length=1000)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class Sheet(BaseModel):
    """What every table of the file is: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Kind = TypeVar("Kind", bound=Sheet)


class RuleSheet(Sheet):
    """A rule of secrecy, under its name; see `indicators.secrecy.Rule`."""

    source: Source
    read_on: Annotated[date, BeforeValidator(_day)]
    threshold: Count = 0
    dominance: tuple[Annotated[int, Field(strict=True, ge=1, le=10)], Percent] | None = None
    p_percent: Percent | None = None
    minimum_population: Positive | None = None
    zero_is_secret: StrictBool = False
    protection_pct: Percent = 10.0

    def rule(self, name: str) -> Rule:
        """Return the rule. Raises Invalid."""
        return Rule(name=name, **{one: getattr(self, one) for one in RuleSheet.model_fields})


class AppliedSheet(Sheet):
    """A rule that applies to the indicators of a table, and what it judges by."""

    rule: Name
    respondents: Name | None = None
    largest: tuple[Name, ...] = ()


class PolicySheet(Sheet):
    """A row of the policy for each of these indicators and audiences."""

    indicators: Annotated[tuple[Name, ...], Field(min_length=1)]
    audiences: Annotated[tuple[Audience, ...], Field(min_length=1)]
    finest_level: Level | None = None
    first_period: str | None = None
    last_period: str | None = None
    rounding: Positive | None = None
    minimum_population: Positive | None = None
    shown: StrictBool = True
    embargo: Annotated[datetime, BeforeValidator(_moment)] | None = None
    rules: tuple[AppliedSheet, ...] = ()

    def rows(self, rules: Mapping[str, Rule]) -> list[Policy]:
        """Return the rows, each checked. Raises Invalid."""
        applied = []
        for one in self.rules:
            if one.rule not in rules:
                known = ", ".join(f"« {name} »" for name in rules) or "aucune"
                raise Invalid(f"Règle de secret inconnue : « {one.rule} ». Règles définies : {known}.")
            applied.append(AppliedRule(rules[one.rule], one.respondents, one.largest))
        same = {name: getattr(self, name) for name in _SAME}
        return [
            checked(Policy(indicator, audience, rules=tuple(applied), **same))
            for indicator in self.indicators
            for audience in self.audiences
        ]


class _Document(Sheet):
    """The whole file, its tables not looked into."""

    rules: dict[Name, dict[str, Any]] = {}
    policies: tuple[dict[str, Any], ...] = ()


_SAME = [one.name for one in fields(Policy) if one.name not in ("indicator", "audience", "rules")]


def from_toml(text: str, name: str = "reçu") -> Policies:
    """Return the policy that a TOML file holds. Raises Invalid, naming the line, the table and the field."""
    try:
        given = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # TOMLDecodeError, a number of thousands of digits, brackets in brackets
        raise Invalid(f"Le fichier {name} n’est pas du TOML lisible : {_decoding(error)}.") from error
    with _told_at(f"Fichier {name}"):
        document = sheet(_Document, given)
    rules: dict[str, Rule] = {}
    for title, values in document.rules.items():
        place = _place(name, text, rf"^\s*\[\s*rules\s*\.\s*{re.escape(key(title))}\s*\]", 0, f"règle « {title} »")
        with _told_at(place):
            rules[title] = sheet(RuleSheet, values).rule(title)
    rows: list[Policy] = []
    for rank, values in enumerate(document.policies):
        place = _place(name, text, r"^\s*\[\[\s*policies\s*\]\]", rank, f"table policies n° {rank + 1}")
        with _told_at(place):
            rows += sheet(PolicySheet, values).rows(rules)
    with _told_at(f"Fichier {name}"):
        return Policies(tuple(rows), tuple(rules.values()))


def to_toml(policies: Policies) -> str:
    """Return the policy as TOML: rows that ask the same are one table."""
    lines = [
        "# Règles de diffusion : ce que chaque audience peut voir de chaque indicateur ; le reste est ouvert."
    ]
    for rule in policies.rules:
        lines += ["", f"[rules.{key(rule.name)}]", *stated(rule)]
    for indicators, audiences, asked_of_them in _grouped(policies):
        lines += ["", "[[policies]]", f"indicators = {inline(indicators)}", f"audiences = {inline(audiences)}"]
        lines += asked_of_them
    return "\n".join(lines) + "\n"


def sheet(kind: type[Kind], values: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> Kind:
    """Return a table read as it must be. Raises Invalid: what was given, what is accepted.

    `labels` are other names of its fields: those of a form.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(_refusal(kind, first["type"], first["loc"], first.get("input"), labels or {})) from error


@contextmanager
def _told_at(place: str) -> Iterator[None]:
    """Let an Invalid raised within say its place first."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"{place} : {error.detail}") from error


def _refusal(
    kind: type[Sheet], problem: str, path: tuple[int | str, ...], given: object, labels: Mapping[str, str]
) -> str:
    name = next((str(one) for one in reversed(path) if one in ACCEPTED), str(path[0]))
    if problem == "missing" and path[-1] == name:
        return f"il manque « {labels.get(name, name)} » ({ACCEPTED[name]})."
    if problem == "extra_forbidden":
        within = AppliedSheet if kind is PolicySheet and path[0] == "rules" else kind
        return f"« {path[-1]} » n’existe pas ; sont acceptés : {', '.join(within.model_fields)}."
    shown = given.isoformat() if isinstance(given, date) else str(given)
    return (
        f"« {labels.get(name, name)} » vaut « {shown[:100]} » ; est accepté : {ACCEPTED.get(name, 'une table')}."
    )


def _decoding(error: Exception) -> str:
    """Where the text stops being TOML, without the English of the parser."""
    found = re.search(r"line (\d+), column (\d+)", str(error))
    return f"ligne {found[1]}, colonne {found[2]}" if found else "il s’arrête trop tôt, ou dépasse ce qui se lit"


def _place(name: str, text: str, heading: str, rank: int, table: str) -> str:
    """Where a table is, by its heading; tables written in line have none."""
    found = [text.count("\n", 0, one.end()) + 1 for one in re.finditer(heading, text, re.MULTILINE)]
    line = f", ligne {found[rank]}" if rank < len(found) else ""
    return f"Fichier {name}{line}, {table}"


def stated(rule: Rule) -> list[str]:
    """Return what a rule of secrecy states, as lines of TOML."""
    return _fields(RuleSheet, {one: getattr(rule, one) for one in RuleSheet.model_fields})


def asked(row: Policy) -> list[str]:
    """Return what a row asks, as lines of TOML; none where it restricts nothing."""
    values = {name: getattr(row, name) for name in _SAME} | {"rules": [_applied(one) for one in row.rules]}
    return _fields(PolicySheet, values)


def _grouped(policies: Policies) -> list[tuple[list[str], list[str], list[str]]]:
    """The indicators and the audiences that the same lines are asked of, in an order of its own."""
    of_indicator: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in policies.rows:
        of_indicator.setdefault((row.indicator, tuple(asked(row))), []).append(str(row.audience))
    indicators: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (indicator, lines), audiences in of_indicator.items():
        indicators.setdefault((tuple(audiences), lines), []).append(indicator)
    return sorted((names, list(audiences), list(lines)) for (audiences, lines), names in indicators.items())


def _applied(one: AppliedRule) -> dict[str, Any]:
    values = {"rule": one.rule.name, "respondents": one.respondents, "largest": list(one.largest)}
    return {name: value for name, value in values.items() if value}


def _fields(kind: type[Sheet], values: Mapping[str, Any]) -> list[str]:
    """Lines of a table, without what is left at its default."""
    defaults = {name: one.default for name, one in kind.model_fields.items()}
    lines = []
    for name, value in values.items():
        if value is not None and value != [] and value != defaults[name]:
            lines.append(f"{name} = {inline(_plain(value))}")
    return lines


def _plain(value: Any) -> Any:
    """A value as people write it: whole numbers without decimals, the time of Paris."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(PARIS)
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return int(value) if whole else value
