"""Names of territories compared as people write them: case, accents, articles, hyphens and “St” do not count."""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

CLOSE = 0.84  # share of letters in common from which two names may be the same
ARTICLES = re.compile(r"^(l|le|la|les|los|las|aux|au) ")
SHORT = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "/": "sur"}


def plain(name: str) -> str:
    """Return what makes two names the same.

    >>> plain("L’Abergement-Clémenciat"), plain("ST HERBLAIN"), plain("Herbiers (Les)")
    ('abergement clemenciat', 'saint herblain', 'herbiers')
    """
    bare = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "OE").replace("/", " / "))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
    bare = re.sub(r"\((l|le|la|les)['’]?\)", " ", bare)
    words = re.sub(r"[^a-z0-9/]+", " ", bare).split()
    return ARTICLES.sub("", " ".join(SHORT.get(word, word) for word in words))


class Gazetteer:
    """The names of the communes of one geography."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for code, name in self.names.items():
            found[plain(name)].append(code)
        return found

    @cached_property
    def _by_departement(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for code, name in self.names.items():
            found[departement(code)][plain(name)] = code
        return found

    def same(self, code: str, name: str) -> bool:
        """Return whether a name is, or nearly is, that of a code."""
        mine, theirs = plain(self.names[code]), plain(name)
        return mine == theirs or difflib.SequenceMatcher(None, mine, theirs).ratio() >= CLOSE

    def named(self, name: str) -> list[str]:
        """Return the codes of the communes that have exactly this name."""
        return self._by_name.get(plain(name), []) if name.strip() else []

    def closest(self, code: str, name: str) -> str | None:
        """Return the commune of the departement of `code` whose name is this one or the nearest, if near enough."""
        if not name.strip():
            return None
        known = self._by_departement.get(departement(code), {})
        wanted = plain(name)
        if wanted in known:
            return known[wanted]
        near = difflib.get_close_matches(wanted, list(known), n=2, cutoff=CLOSE)
        return known[near[0]] if len(near) == 1 else None


def departement(code: str) -> str:
    """Return the departement of a commune code, by its form.

    >>> departement("44109"), departement("97411"), departement("2A004")
    ('44', '974', '2A')
    """
    return code[:3] if code.startswith(("97", "98")) else code[:2]
