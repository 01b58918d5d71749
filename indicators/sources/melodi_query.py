"""One question to Melodi: its filters, its pages followed to the end, and what to say when it is not answered.

What is read is held to the filters: the API answers without a word to a filter that it does not know.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo.errors import Invalid, NotFound, OresError
from indicators.sources import sdmx
from indicators.sources.asking import Answer, Asker
from indicators.sources.melodi_answers import GEO, Row, concepts_of

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,99}")
# A level, a territory, or the territories of a level inside another one, of a given year or of the API's own.
PLACE = re.compile(r"(?:(\d{4})-)?([A-Z]+(?:\d{4})?)(?:-([^-\s*]+))?(?:\*([A-Z]+(?:\d{4})?))?")
CATALOGUE = "Les identifiants se lisent sur catalogue-donnees.insee.fr."

Filters = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Query:
    """A data set and its filters, as the address has them: a dimension is repeated for each of its codes."""

    dataset: str
    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, dataset: str, filters: Filters) -> "Query":
        """Return the query; raises Invalid for what cannot be a data set, a dimension or a code."""
        check(dataset)
        return cls(dataset, tuple((name, code) for name, given in filters.items() for code in _codes(name, given)))

    def __str__(self) -> str:
        given = ", ".join(f"{name}={code}" for name, code in self.parameters)
        return f"le jeu de données «\u202f{self.dataset}\u202f» " + (f"filtré par {given}" if given else "entier")

    @property
    def name(self) -> str:
        """Return the query as one word, to name what it gives."""
        given = "&".join(f"{name}={code}" for name, code in self.parameters)
        return f"{self.dataset}?{given}" if given else self.dataset

    def count(self, asker: Asker) -> int | None:
        """Return how many observations there are, None when the API does not say."""
        address = asker.address(self._path, [*self.parameters, ("totalCount", "TRUE"), ("maxResult", "0")])
        paging = self._answer(asker, address).json(str(self)).get("paging")
        count = paging.get("count") if isinstance(paging, dict) else None
        return count if isinstance(count, int) and count >= 0 else None

    def pages(self, asker: Asker, size: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Give the pages, raw and read, as the API chains them; Invalid if the chain breaks, loops or leaves the server."""
        address = asker.address(self._path, [*self.parameters, ("idTerritoire", "TRUE"), ("maxResult", str(size))])
        seen: set[str] = set()
        while address not in seen:
            seen.add(address)
            page = self._answer(asker, address)
            content = page.json(str(self))
            yield page.content, content
            paging = content.get("paging")
            after, last = (paging.get("next"), paging.get("isLast")) if isinstance(paging, dict) else (None, None)
            if last is True or not content.get("observations"):
                return
            if not after:
                if last is False:
                    raise Invalid(f"L’API s’arrête avant la dernière page, pour {self}. Recommencez plus tard.")
                return
            address = str(after)
        raise Invalid(f"L’API renvoie à une page déjà donnée, pour {self}. Recommencez plus tard.")

    def hold(self, rows: list[Row]) -> None:
        """Raise Invalid when a row does not pass a filter."""
        for name in dict(self.parameters):
            wanted = [code for own, code in self.parameters if own == name]
            cells = {tuple(map(row.get, GEO if name == "GEO" else (name,))) for row in rows}
            passes = _within if name == "GEO" else _is
            outside = [cell for cell in cells if not any(passes(cell, code) for code in wanted)]
            if outside:
                one = "-".join(cell for cell in min(outside, key=str) if cell is not None)
                raise Invalid(
                    f"L’API n’applique pas le filtre {name}, pour {self}\u202f: elle donne aussi «\u202f{one}\u202f»."
                )

    @property
    def _path(self) -> str:
        return f"data/{self.dataset}"

    def _answer(self, asker: Asker, address: str) -> Answer:
        answer = asker.get(address, str(self))
        if answer.status == 200:
            return answer
        described = asker.get(asker.address(f"catalog/{self.dataset}", []), str(self), attempts=1)
        if described.status == 200 and answer.status < 500:
            raise self._refused(asker, answer.status)
        raise unanswered(asker, self.dataset, str(self), answer.status, described.status)

    def _refused(self, asker: Asker, status: int) -> OresError:
        """Return which filter the API cannot have understood, from the concepts of the data set."""
        ranged = asker.get(asker.address(f"range/{self.dataset}", []), str(self), attempts=1)
        concepts = concepts_of(ranged.json(str(self))) if ranged.status == 200 else {}
        for name, code in self.parameters if concepts else ():
            if name not in concepts:
                return Invalid(
                    f"«\u202f{self.dataset}\u202f» n’a pas de dimension «\u202f{name}\u202f». "
                    f"Dimensions\u202f: {', '.join(sorted(concepts))}."
                )
            codes = sorted(concepts[name].labels)
            if name != "GEO" and codes and code not in codes:
                shown = ", ".join(codes[:20]) + (f"… ({len(codes)} en tout)" if len(codes) > 20 else "")
                return Invalid(
                    f"La dimension {name} de «\u202f{self.dataset}\u202f» n’a pas le code «\u202f{code}\u202f». "
                    f"Codes\u202f: {shown}."
                )
        return Invalid(
            f"{asker.base.host} refuse de donner {self} (réponse {status})\u202f: vérifiez les filtres."
        )


def unanswered(asker: Asker, dataset: str, asked: str, status: int, described: int) -> OresError:
    """Return what to say of a failure, knowing the catalogue's answer: Melodi fails (500) on a name it does not know."""
    if described == 200:
        return Invalid(
            f"{asker.base.host} ne parvient pas à donner {asked} (réponse {status}). Recommencez plus tard."
        )
    if 400 <= described < 500:
        return NotFound(f"Melodi ne connaît pas le jeu de données «\u202f{dataset}\u202f». {CATALOGUE}")
    return Invalid(
        f"{asker.base.host} ne donne pas {asked} (réponse {status})\u202f: le jeu de données n’existe pas, ou l’API "
        f"est en panne. {CATALOGUE}"
    )


def check(dataset: str) -> None:
    """Raise Invalid for what cannot be the identifier of a data set."""
    if not NAME.fullmatch(dataset):
        raise Invalid(
            f"«\u202f{dataset}\u202f» n’est pas l’identifiant d’un jeu de données de Melodi\u202f: des majuscules, "
            "des chiffres et des tirets bas, comme DS_POPULATIONS_REFERENCE."
        )


def _codes(name: str, given: str | Sequence[str]) -> list[str]:
    if not NAME.fullmatch(name):
        raise Invalid(
            f"Le filtre «\u202f{name}\u202f» n’est pas le nom d’une dimension\u202f: "
            "des majuscules, des chiffres et des tirets bas, comme TIME_PERIOD."
        )
    codes = [given] if isinstance(given, str) else list(given)
    form = PLACE if name == "GEO" else CODE
    wrong = [code for code in codes if not form.fullmatch(code)] if codes else [""]
    if wrong:
        example = "COM-44109, 2024-DEP-44, COM ou EPCI-244400404*COM" if name == "GEO" else "A, 2023 ou _T"
        raise Invalid(
            f"Le filtre {name} a reçu «\u202f{wrong[0]}\u202f»\u202f: donnez un ou plusieurs codes, comme {example}."
        )
    return codes


def _is(cell: tuple[str | None, ...], wanted: str) -> bool:
    return cell == (wanted,)


def _within(place: tuple[str | None, ...], wanted: str) -> bool:
    """Return whether a territory (year, level, code) is one that a GEO filter asks for.

    >>> nantes = ("2025", "commune", "44109")
    >>> _within(nantes, "COM-44109"), _within(nantes, "EPCI-244400404*COM"), _within(nantes, "2025-COM")
    (True, True, True)
    >>> _within(nantes, "2024-COM"), _within(nantes, "DEP-44"), _within((None, None, "44109"), "COM-44109")
    (False, False, False)
    """
    found = PLACE.fullmatch(wanted)
    if found is None:
        return False
    year, level, code, parts = found.groups()
    return (
        year in (None, place[0])
        and sdmx.territory(f"{parts or level}-0")[1] == place[1]
        and (parts is not None or code in (None, place[2]))
    )
