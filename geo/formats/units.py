"""French names of units as UCUM writes them (Unified Code for Units of Measure), for programs."""

import re
import unicodedata

# What UCUM has a code for; a thing that is counted is an annotation between braces, which has no dimension.
CODES = {"%": "%", "€": "{EUR}", "km²": "km2", "m²": "m2", "ha": "har", "an": "a", "rapport": "1"}
_PER = re.compile(r" (?:par|au|à l’|à la) ?")
_OF_MANY = re.compile(r"pour (10+) (.+)")
_SHARE = re.compile(r"% (?:de la|de l’|des|du|d’) ?(.+)")


def ucum(unit: str) -> str:
    """Return the UCUM code of a unit written in French; what is counted is named in an annotation, in ASCII.

    >>> ucum("habitants au km²"), ucum("€ par an"), ucum("% par an"), ucum("%"), ucum("km²"), ucum("rapport")
    ('{habitants}/km2', '{EUR}/a', '%/a', '%', 'km2', '1')
    >>> ucum("% de la population"), ucum("pour 10 000 habitants"), ucum("indice, base 100 en 2016"), ucum("")
    ('%{population}', '/10*4{habitants}', '{indice,_base_100_en_2016}', '')
    """
    joined = re.sub(r"(?<=\d)[ \u202f\u00a0](?=\d)", "", unit)
    if many := _OF_MANY.fullmatch(joined):
        return f"/10*{len(many[1]) - 1}{_annotation(many[2])}"
    if share := _SHARE.fullmatch(joined):
        return f"%{_annotation(share[1])}"
    return "/".join(CODES.get(part, _annotation(part)) for part in _PER.split(joined) if part)


def _annotation(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return f"{{{re.sub(r'[^!-z|~]+', '_', plain)}}}"
