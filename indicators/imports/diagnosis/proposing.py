"""A mapping found in a delivery that has no recipe: what a person then confirms, column by column.

Only the first rows of each sheet are looked at. What is proposed are ways of reading, never changes: headers,
columns, levels, periods, signs. Indicators are named after their headings, natures guessed from their words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import pandas as pd

from boundaries import cog
from boundaries.levels import Level, is_code
from indicators.imports.diagnosis.form import unit_in
from indicators.imports.layout import YEAR, head, headings_of, key, tidy
from indicators.imports.mapping import FLAGS, SIGNS, SUFFIXES, Mapping, Measure, Table
from indicators.imports.numbers import HIDDEN, SPACE
from indicators.imports.reference import Reference
from indicators.imports.sheets import Delivered, Sheet
from indicators.natures import Nature

SAMPLE = 400  # lines of a sheet that are looked at
DEEPEST = 30  # lines among which a header is looked for
Decimal = Literal[",", "."]
Thousands = Literal["", " ", ".", ",", "'"]

MOST_CATEGORIES = 200  # combinations of dimensions that become measures of their own

CODE_WORDS = re.compile(
    r"\b(code?s?|cod[_ ]?geo|codgeo|insee|depcom|com|commune|geo|siren|epci|dep|departement|reg|region|iris|dciris|"
    r"code_insee|insee_com|codecommune)\b"
)
NAME_WORDS = re.compile(r"\b(lib|libelle|libgeo|nom|name|label|intitule|commune|lib_com|ville)\b|^(lib|nom)")
PERIOD_WORDS = re.compile(r"^(annee|an|year|time_period|time|periode|millesime_donnees|date)$")
VALUE_WORDS = re.compile(r"^(obs_value|valeur|value|val|observation)$")
STATUS_WORDS = re.compile(r"^(obs_status|conf_status|statut|status|flag)$")
LEVEL_WORDS = re.compile(r"^(geo_object|niveau|nivgeo|maille|type_geo|geo_level)$")
LEVEL_LABELS = {
    "com": Level.COMMUNE,
    "commune": Level.COMMUNE,
    "communes": Level.COMMUNE,
    "arm": Level.ARRONDISSEMENT_MUNICIPAL,
    "epci": Level.EPCI,
    "dep": Level.DEPARTEMENT,
    "departement": Level.DEPARTEMENT,
    "departements": Level.DEPARTEMENT,
    "reg": Level.REGION,
    "region": Level.REGION,
    "france": Level.FRANCE,
}
NATURES = [
    (re.compile(r"\b(median|mediane|med\d*|quartile|decile|d[19]|gini|rapport interdecile)\b"), Nature.MEDIAN),
    (re.compile(r"\b(evolution|variation|croissance|tcam)\b"), Nature.GROWTH),
    (re.compile(r"\b(densite)\b"), Nature.DENSITY),
    (re.compile(r"\b(moyen|moyenne|moy|prix)\b|moyen"), Nature.WEIGHTED_MEAN),
    (re.compile(r"\b(indice|index)\b"), Nature.INDEX),
    (re.compile(r"%|\b(part|taux|pct|pourcentage|proportion|ratio|tx)\b|^(tx|tp|prop)"), Nature.RATIO),
    (
        re.compile(
            r"\b(population|pop|nombre|nb|effectifs?|emplois?|logements?|menages?|habitants?|deces|naissances?|total|"
            r"ensemble|pmun|ptot|pcap|ventes?|entreprises?|etablissements?|chomeurs?|beneficiaires?|ans|hommes?|femmes?)\b|^(nb|pop)"
        ),
        Nature.STOCK,
    ),
]


@dataclass(frozen=True)
class Sampled:
    """The first rows of a sheet under its header."""

    sheet: Sheet
    header: tuple[int, ...]
    headings: tuple[str, ...]
    rows: pd.DataFrame

    def cells(self, place: int) -> list[str]:
        """The texts of a column that are there."""
        return [text for text in self.rows[place] if isinstance(text, str) and text.strip()]


def propose(delivered: Delivered, reference: Reference) -> Mapping:
    """Return how a delivery may be read. What cannot be told is left open: millesime None, period empty."""
    sampled = [found for sheet in delivered.sheets if (found := _sample(sheet)) is not None]
    groups: dict[tuple[object, ...], list[Sampled]] = {}
    for one in sampled:
        groups.setdefault((one.header, tuple(map(_yearless, one.headings))), []).append(one)
    decimal, thousands = _signs(sampled)
    tables: list[Table] = []
    for group in groups.values():
        tables += _tables(
            group, reference, alone=len(groups) == 1, names=[sheet.name for sheet in delivered.sheets]
        )
    stem = re.sub(r"\.[a-z0-9.]+$", "", delivered.name.lower())
    return Mapping(
        source=slug(stem),
        file=f"*{YEAR.sub('*', delivered.name)}" if YEAR.search(delivered.name) else delivered.name,
        millesime=_millesime(sampled, tables, reference),
        period=_file_period(delivered.name, sampled),
        decimal=decimal,
        thousands=thousands,
        signs=SIGNS,
        suffixes=SUFFIXES,
        flags=FLAGS,
        tables=tuple(tables),
    )


def slug(text: str) -> str:
    """Return a name fit for an identifier.

    >>> slug("Taux de chômage (en %)")
    'taux_de_chomage_en_pct'
    """
    bare = unicodedata.normalize("NFKD", text.replace("%", " pct ").replace("œ", "oe"))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).lower()
    return "_".join(re.findall(r"[a-z0-9]+", bare)) or "valeur"


def _sample(sheet: Sheet) -> Sampled | None:
    top = head(sheet, SAMPLE)
    if top.empty:
        return None
    header = _header(top)
    if header is None:
        return None
    rows = top[top.index > header[-1]]
    return Sampled(sheet, header, headings_of(top[top.index <= header[-1]], header), rows)


def _header(top: pd.DataFrame) -> tuple[int, ...] | None:
    """The lines of the headings: those just above the first row that holds a code, if they look like headings."""
    first = next((line for line in top.index[: DEEPEST + 1] if _is_data(list(top.loc[line]))), None)
    if first is None:
        return None
    above = [line for line in top.index if line < first and _may_be_headings(list(top.loc[line]))]
    if not above:
        return None
    lines = [above[-1]]
    width = sum(bool(tidy(cell)) for cell in top.loc[first])
    for line in reversed(above[:-1]):
        cells = [tidy(cell) for cell in top.loc[line]]
        # an upper heading line has several cells, and the one below it lacks what it gives
        below = [tidy(cell) for cell in top.loc[lines[0]]]
        gives = [place for place, text in enumerate(cells) if text and not below[place]]
        if line == lines[0] - 1 and sum(map(bool, cells)) > 1 and gives and sum(map(bool, below)) < width + 1:
            lines.insert(0, line)
        else:
            break
    return tuple(lines)


def _may_be_headings(cells: list[object]) -> bool:
    """Whether a row holds words, and no figure but years."""
    texts = [tidy(cell) for cell in cells if tidy(cell)]
    return bool(texts) and not any(_figurelike(text) and not YEAR.fullmatch(text) for text in texts)


def _is_data(cells: list[object]) -> bool:
    """Whether a row holds a code, or a name, and at least one figure beside it."""
    texts = [tidy(cell) for cell in cells]
    codes = [place for place, text in enumerate(texts) if _codelike(text)]
    figures = [place for place, text in enumerate(texts) if _figurelike(text) or text.casefold() in SIGNS]
    return any(place != other for place in codes for other in figures) or (
        bool(codes)
        and sum(map(bool, texts)) > 1
        and not all(YEAR.fullmatch(text) for text in texts if text)
        and not any(YEAR.fullmatch(texts[place]) for place in codes)
    )


def _codelike(text: str) -> bool:
    bare = text.replace(" ", "").upper()
    return bool(re.fullmatch(r"\d{4,5}(\.0)?|\d[AB]\d{3}|\d{9}|\d{2}[0-9AB]?\d{6}|0\d|\d[AB\d]|97\d", bare))


def _figurelike(text: str) -> bool:
    return bool(re.fullmatch(rf"[+-]?\d[\d.,{SPACE[1:-1]}'’]*([eE][+-]?\d+)?\s*(%|p|e|\(p\)|\(e\))?", text))


def _tables(group: list[Sampled], reference: Reference, alone: bool, names: list[str]) -> Iterator[Table]:
    """The tables of sheets that have the same headings: one for them all when a pattern says them, else one each."""
    first = group[0]
    by_year = len(group) > 1 and all(YEAR.search(one.sheet.name) for one in group)
    pattern = _pattern([one.sheet.name for one in group], names) if not alone or len(names) > 1 else "*"
    table = _table(first, reference, by_year)
    if table is None:
        return
    if pattern is not None:
        yield table.model_copy(update={"sheets": pattern})
        return
    for one in group:
        yield table.model_copy(update={"sheets": _literally(one.sheet.name)})


def _pattern(mine: list[str], names: list[str]) -> str | None:
    """A pattern that all these sheets fit and no other does, or None."""
    yearless = {YEAR.sub("[12][09][0-9][0-9]", _literally(name)) for name in mine}
    candidates = [_literally(mine[0])] if len(mine) == 1 else [*yearless, "*"]
    for candidate in candidates:
        if {name for name in names if fnmatchcase(name, candidate)} == set(mine):
            return candidate
    return None


def _literally(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def _table(one: Sampled, reference: Reference, by_year: bool) -> Table | None:
    code = _code_column(one, reference)
    if code is None:
        return None
    names = [plain(name) for name in one.headings]
    period = _first(names, PERIOD_WORDS)
    status = _first(names, STATUS_WORDS)
    value = _first(names, VALUE_WORDS)
    level_column = next((place for place, name in enumerate(names) if LEVEL_WORDS.match(name)), None)
    labels = {
        text.strip(): LEVEL_LABELS[plain(text)]
        for text in sorted(set(one.cells(level_column) if level_column is not None else []))
        if plain(text) in LEVEL_LABELS
    }
    level = _level(one.cells(code), reference, names[code])
    repeated = len(set(one.cells(code))) < 0.5 * len(one.cells(code))
    if repeated and value is None and period is None and not _is_iris(one.cells(code)):
        return None  # the rows are of something finer than this code
    name = _name_column(one, code, names)
    taken = {code, name, period, status, level_column if labels else None}
    measures = _wide(one, taken) if value is None else _long(one, value, taken | {value})
    return Table(
        header=one.header,
        code=one.headings[code],
        name=one.headings[name] if name is not None else "",
        level=None if labels else level or Level.COMMUNE,
        level_column=one.headings[level_column] if level_column is not None and labels else "",
        levels=labels,
        period_column=one.headings[period] if period is not None else "",
        period_sheet=by_year,
        status_column=one.headings[status] if status is not None else "",
        roll_up="iris" if _is_iris(one.cells(code)) else "",
        measures=tuple(measures),
    )


def plain(heading: str) -> str:
    """Return a heading without accents, case or punctuation, as words are looked for in it."""
    bare = unicodedata.normalize("NFKD", heading)
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
    return re.sub(r"[^a-z0-9%_]+", " ", bare).strip()


def _code_column(one: Sampled, reference: Reference) -> int | None:
    """The column whose cells are most often codes; a heading that says so wins between equals."""
    known: set[str] = set()
    for (_, level), codes in reference.names.items():
        if level in (Level.COMMUNE, Level.ARRONDISSEMENT_MUNICIPAL, Level.EPCI, Level.DEPARTEMENT):
            known |= set(codes)
    best: tuple[float, int] | None = None
    for place, name in enumerate(one.headings):
        cells = [HIDDEN.sub("", text).strip() for text in one.cells(place)]
        if not cells:
            continue
        exact = sum(text in known or (text[:5] in known and len(text) == 9) for text in cells) / len(cells)
        alike = sum(_codelike(text) for text in cells) / len(cells)
        said = 1.0 if CODE_WORDS.search(plain(name).replace("_", " ")) or CODE_WORDS.search(plain(name)) else 0.0
        distinct = len(set(cells)) / len(cells)
        finer = 0.2 * (max(map(len, cells)) >= 4)
        counts = name == f"colonne {place + 1}" and _counts(cells)
        years = all(YEAR.fullmatch(text.removesuffix(".0")) for text in cells)
        if (alike < 0.3 and not (said and alike > 0)) or counts or years:
            continue
        score = exact + 0.5 * alike + said + 0.3 * distinct + finer
        if best is None or score > best[0] + 1e-9:
            best = (score, place)
    return best[1] if best and best[0] > 0.9 else None


def _counts(cells: list[str]) -> bool:
    return cells == [str(number) for number in range(1, len(cells) + 1)]


def _level(cells: list[str], reference: Reference, heading: str) -> Level | None:
    """The level whose codes these most often are, by form and by the codes that are loaded; two digits by heading."""
    votes: Counter[Level] = Counter()
    if re.search(r"\breg", heading) and all(len(text.strip()) <= 2 for text in cells):
        return Level.REGION
    loaded: dict[Level, set[str]] = {}
    for (_, one), codes in reference.names.items():
        loaded.setdefault(one, set()).update(codes)
    for text in cells:
        bare = text.strip()
        if (
            len(bare) == 9
            and bare not in loaded.get(Level.EPCI, set())
            and bare[:5] in loaded.get(Level.COMMUNE, set())
        ):
            votes[Level.COMMUNE] += 1
            continue
        for one in (Level.COMMUNE, Level.EPCI, Level.DEPARTEMENT, Level.REGION):
            form = is_code(one, bare) or (one is Level.COMMUNE and bool(re.fullmatch(r"\d{4}|\d[ab]\d{3}", bare)))
            if bare in loaded.get(one, set()) or form:
                votes[one] += 2 if bare in loaded.get(one, set()) else 1
                break
    return votes.most_common(1)[0][0] if votes else None


def _is_iris(cells: list[str]) -> bool:
    nine = [text for text in cells if re.fullmatch(r"\d[0-9AB]\d{7}", text.strip())]
    # a SIREN of an EPCI begins with 20 or 24; an IRIS with a departement
    siren = [text for text in nine if re.match(r"2[04]\d{7}", text.strip())]
    return len(nine) > 0.2 * len(cells) and len(siren) < len(nine) / 2


def _name_column(one: Sampled, code: int, names: list[str]) -> int | None:
    for place in sorted(range(len(names)), key=lambda place: (abs(place - code), place)):
        cells = one.cells(place)
        if place == code or not cells:
            continue
        words = sum(bool(re.search(r"[A-Za-zÀ-ÿ]{2}", text)) for text in cells) / len(cells)
        if (
            words > 0.9
            and len(set(cells)) > 0.5 * len(cells)
            and (
                NAME_WORDS.search(names[place].replace("_", " "))
                or NAME_WORDS.search(names[place])
                or place == code + 1
            )
        ):
            return place
    return None


def _first(names: list[str], pattern: "re.Pattern[str]") -> int | None:
    return next((place for place, name in enumerate(names) if pattern.match(name)), None)


def _wide(one: Sampled, taken: set[int | None]) -> Iterator[Measure]:
    """A measure per column of figures; columns that differ by their year alone are one measure."""
    seen: set[str] = set()
    for place, heading in enumerate(one.headings):
        if place in taken:
            continue
        cells = one.cells(place)
        figures = sum(_figurelike(tidy(text)) or _instead(text.strip()) for text in cells)
        if (
            not cells
            or any(re.fullmatch(r"0\d+", text.strip()) for text in cells)
            or figures <= 0.5 * len(cells)
            or heading == f"colonne {place + 1}"
            or _looks_like_codes(heading)
        ):
            continue
        years = YEAR.findall(heading)
        column = YEAR.sub("{yyyy}", heading, count=1) if len(years) == 1 else heading
        if key(column) not in seen:
            seen.add(key(column))
            yield _measure(column, cells)


def _instead(text: str) -> bool:
    """Whether a text stands where a figure would: a sign, a formula, an error of a spreadsheet."""
    return text.casefold() in SIGNS or text[:1] in {"=", "#"}


def _looks_like_codes(heading: str) -> bool:
    """Whether a heading is that of other codes: of the region, of the departement, of the canton."""
    return bool(
        re.fullmatch(
            r"(code? )?(reg|region|dep|departement|arr|codarr|codcan|codcom|can|canton|epci|siren|zone.*|cv|ze\d*|bv\d*|"
            r"uu\d*|aav\d*|iris|dciris|depcom|code postal|cp|code_postal|siren_.*|dep_com|nature.*)",
            plain(heading),
        )
    )


def _long(one: Sampled, value: int, taken: set[int | None]) -> Iterator[Measure]:
    """A measure per combination of dimensions that vary in the sample."""
    dimensions = [
        place
        for place in range(len(one.headings))
        if place not in taken and 1 <= len(set(one.cells(place))) <= MOST_CATEGORIES and len(one.cells(place))
    ]
    varying = [place for place in dimensions if len(set(one.cells(place))) > 1]
    cells = one.cells(value)
    if not varying:
        yield _measure(one.headings[value], cells)
        return
    combinations = one.rows[varying].dropna().drop_duplicates()
    if len(combinations) > MOST_CATEGORIES:
        yield _measure(one.headings[value], cells)
        return
    for row in combinations.itertuples(index=False):
        where = {one.headings[place]: text.strip() for place, text in zip(varying, row, strict=True)}
        yield _measure(one.headings[value], cells, where)


def _measure(column: str, cells: list[str], where: dict[str, str] | None = None) -> Measure:
    words = " ".join([column, *(where or {}).values()])
    label = plain(words.replace("{yyyy}", "").replace("_", " "))
    nature = next(
        (nature for pattern, nature in NATURES if pattern.search(label) or pattern.search(plain(words))), None
    )
    percent = nature is Nature.RATIO and (
        "%" in label or any("%" in text for text in cells) or "part" in label.split()
    )
    announced = unit_in(column)
    name = slug(words.replace("{yyyy}", " ").replace("OBS_VALUE", " "))
    return Measure(
        indicator=name,
        column=column,
        factor=announced[0] if announced else 1,
        where=where or {},
        nature=nature,
        unit="%" if percent else "",
        decimals=0 if nature is Nature.STOCK and not announced and _mostly_whole(cells) else None,
    )


def _mostly_whole(cells: list[str]) -> bool:
    whole = sum(bool(re.fullmatch(rf"[+-]?\d+([{SPACE[1:-1]}.,]\d{{3}})*\s*", text)) for text in cells)
    figures = sum(_figurelike(tidy(text)) for text in cells)
    return figures > 0 and whole >= 0.7 * figures


def _signs(sampled: list[Sampled]) -> tuple[Decimal, Thousands]:
    """The decimal sign and the sign between thousands that most figures show."""
    comma = point = spaced = quoted = pointed = 0
    for one in sampled:
        for place in one.rows.columns:
            for text in one.cells(place):
                bare = text.strip()
                if re.fullmatch(r"[+-]?\d+,\d+\s*%?", bare) and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", bare):
                    comma += 1
                elif re.fullmatch(r"[+-]?\d+\.\d+\s*%?", bare) and not re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", bare):
                    point += 1
                if re.fullmatch(rf"[+-]?\d{{1,3}}({SPACE}\d{{3}})+([.,]\d+)?", bare):
                    spaced += 1
                    comma += "," in bare
                elif re.fullmatch(r"\d{1,3}(['’]\d{3})+([.,]\d+)?", bare):
                    quoted += 1
                elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}", bare):
                    pointed += 1
    if pointed and pointed >= spaced:
        return ",", "."
    return "," if comma > point else ".", " " if spaced else "'" if quoted else ""


def _millesime(sampled: list[Sampled], tables: list[Table], reference: Reference) -> int | None:
    """The newest of the loaded geographies that fit the commune codes best; the only one loaded when none decides."""
    lists = {year: set(reference.codes(year, Level.COMMUNE)) for year in reference.millesimes}
    lists = {year: codes for year, codes in lists.items() if codes}
    wanted = {table.code for table in tables if table.level is Level.COMMUNE or table.level_column}
    best: tuple[tuple[bool, int], int] | None = None
    for one in sampled:
        for place, heading in enumerate(one.headings):
            if heading not in wanted or not lists:
                continue
            detection = cog.detect(_codes(one.sheet, place), lists)
            if detection.best:
                rank = (bool(detection.fitting), detection.judged)
                if best is None or rank > best[0]:
                    best = rank, max(detection.best)
    if best is not None:
        return best[1]
    return reference.millesimes[-1] if reference.millesimes else None


def _codes(sheet: Sheet, place: int) -> set[str]:
    """The commune codes of a whole column."""
    codes: set[str] = set()
    for batch in sheet.batches():
        if place in batch.columns:
            codes.update(text.strip()[:5] for text in batch[place].dropna() if len(text.strip()) in (5, 9))
    return codes


def _file_period(name: str, sampled: list[Sampled]) -> str:
    """A year that the file's name says, and alone."""
    years = set(YEAR.findall(name))
    return years.pop() if len(years) == 1 else ""


def _yearless(heading: str) -> str:
    return YEAR.sub("{yyyy}", key(heading))
