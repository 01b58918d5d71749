"""A client of Melodi, Insee's API of data sets: observations, labels, and files of whole data sets.

Source: Insee, https://api.insee.fr/melodi (catalogue: https://catalogue-donnees.insee.fr), open, without a key,
30 requests a minute. Licence: Licence Ouverte 2.0. The caller opens the `Asker`, with the address of the API.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from boundaries.sources.download import Pause
from boundaries.sources.fetch import Fetched, fetch
from boundaries.sources.steps import Step
from geo.errors import Invalid, NotFound, TooLarge
from geo.progress import Progress
from indicators.imports.sheets import Delivered
from indicators.sources.asking import Asker
from indicators.sources.melodi_answers import (
    Concept,
    Observations,
    Product,
    concepts_of,
    french,
    products_of,
)
from indicators.sources.melodi_query import Filters, Query, check, unanswered
from indicators.sources.tabular import digest_of, sheet_of

OFFICIAL = "https://api.insee.fr/melodi"
LICENCE = "Licence Ouverte 2.0"
PAGE = 100_000  # the most that the API gives at once
MOST_OBSERVATIONS = 1_000_000
MOST_FILE_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Dataset:
    """What the catalogue says of a data set: its title, when it changed, its concepts, its files."""

    identifier: str
    title: str
    description: str
    modified: str
    observations: int | None
    concepts: dict[str, Concept]
    products: dict[str, Product]


def observations(
    asker: Asker,
    dataset: str,
    filters: Filters,
    progress: Progress,
    *,
    downloads: Path | None = None,
    page_size: int = PAGE,
) -> Delivered:
    """Return the observations of a data set that pass the filters, all of them or none, as one sheet.

    `filters`: dimension -> code or codes (`GEO`: `COM-44109`, `2024-DEP-44`, `COM`, `EPCI-244400404*COM` for the
    communes of an EPCI). They are counted first, and what is read is held to the count. None is an answer too: a
    sheet of headings and a remark. With `downloads`, the raw pages are kept there as one JSON list. The digest is
    of the observations, whatever their order. Raises NotFound, TooLarge, and Invalid with what was asked.
    """
    query = Query.of(dataset, filters)
    count = query.count(asker)
    _bound(query, count or 0)
    step = Step(progress, f"Observations de {dataset}")
    step.begin(count)
    found = Observations()
    bodies = []
    for body, page in query.pages(asker, page_size) if count != 0 else ():
        query.hold(found.add(page, str(query)))
        _bound(query, found.count)
        bodies.append(body)
        step.reach(found.count)
    if count is not None and count != found.count:
        raise Invalid(
            f"L’API annonce {_figure(count)} observations et en donne {_figure(found.count)}, pour {query}. "
            "Recommencez plus tard."
        )
    frame, remarks = found.table(str(query))
    digest = digest_of(dataset, frame)
    if downloads is not None:
        _keep(downloads, f"melodi-{dataset}-{digest[:16]}.json", bodies)
    step.end()
    if frame.empty:
        remarks.append(f"Melodi n’a aucune observation pour {query}.")
    return Delivered(
        name=query.name,
        size=sum(map(len, bodies)),
        sha256=digest,
        sheets=(sheet_of(dataset, frame),),
        form={"format": "JSON de Melodi", "encoding": "utf-8"},
        remarks=tuple(remarks),
    )


def describe(asker: Asker, dataset: str) -> Dataset:
    """Return what the catalogue says of a data set; raises NotFound when it does not know it."""
    check(dataset)
    asked = f"la description de «\u202f{dataset}\u202f»"
    described = asker.get(asker.address(f"catalog/{dataset}", []), asked)
    if described.status != 200:
        raise unanswered(asker, dataset, asked, described.status, described.status)
    content = described.json(asked)
    ranged = asker.get(asker.address(f"range/{dataset}", []), asked)
    if ranged.status != 200:
        raise unanswered(asker, dataset, asked, ranged.status, described.status)
    number = content.get("numObservations")
    return Dataset(
        identifier=dataset,
        title=french(content.get("title")) or dataset,
        description=french(content.get("description")),
        modified=str(content.get("modified") or ""),
        observations=number if isinstance(number, int) else None,
        concepts=concepts_of(ranged.json(asked)),
        products=products_of(content),
    )


def download(
    asker: Asker, dataset: Dataset, product: str, cache: Path, progress: Progress, *, pause: Pause = time.sleep
) -> Fetched:
    """Return a file of a data set, in `cache`: whole, resumed or started again, never half-written.

    Its name has the suffix that tells its format. Raises NotFound with the names of the files when the catalogue
    lists no such one, and what `boundaries.sources.fetch` raises.
    """
    known = dataset.products.get(product)
    if known is None:
        raise NotFound(
            f"Le jeu de données «\u202f{dataset.identifier}\u202f» n’a pas de fichier «\u202f{product}\u202f». "
            f"Fichiers\u202f: {', '.join(dataset.products) or 'aucun'}."
        )
    address = asker.address(f"file/{dataset.identifier}/{product}", [])
    limit = MOST_FILE_BYTES
    return fetch(address, cache, progress, name=known.file, limit_bytes=limit, pause=pause, redirected=False)


def _bound(query: Query, count: int) -> None:
    if count > MOST_OBSERVATIONS:
        most = _figure(MOST_OBSERVATIONS)
        raise TooLarge(
            f"Il y a {_figure(count)} observations dans {query}, pour {most} acceptées\u202f: filtrez davantage, ou "
            "téléchargez le fichier du jeu de données."
        )


def _figure(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _keep(folder: Path, name: str, bodies: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{name}.new"
    fresh.write_bytes(b"[" + b",".join(bodies) + b"]")
    fresh.replace(folder / name)
