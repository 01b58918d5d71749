"""Parentheses taken out of a text before it is parsed, so that no text can make the parser slow or break it.

The parser (`cql2`) tries each parenthesis in two ways, as an expression and as a list, and tries again what is inside:
a text that fails under n parentheses takes 2^n attempts, and one that nests far enough overflows the stack of the
process. Here the innermost expression between parentheses is parsed alone, and a name takes its place in what is
around it; so each part is parsed once, whatever the depth. This knows parentheses, quotes and words: no grammar.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from geo.cql2.errors import BadFilter, shown

TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\W\d][\w.:]*|[-+*/%^(),]|\s+|.""", re.DOTALL)
OPERATORS = frozenset({"AND", "OR", "NOT", "DIV", "-", "+", "*", "/", "%", "^"})
# What stands before a parenthesis without being the name of a function.
WORDS = frozenset({"AND", "OR", "NOT", "DIV", "BETWEEN", "LIKE", "IS"})
GEOMETRY = re.compile(r"(?:MULTI)?(?:POINT|LINESTRING|POLYGON)(?:ZM|Z|M)?|GEOMETRYCOLLECTION(?:ZM|Z|M)?|ZM|Z|M")
FIRST_NAME = 0x100000  # private use: a name that no layer has
LAST_NAME = 0x10FFFD

MAX_OPERATORS = 500  # the stack of a thread takes 3,000
MAX_CALLS = 20  # functions within functions
MAX_LISTS = 4  # lists within lists: a multipolygon has 3 levels, in a collection 4


@dataclass
class Piece:
    """What is written between two parentheses: tokens, and where each is in the whole text."""

    kind: str
    start: int
    tokens: list[tuple[str, int]] = field(default_factory=list)
    commas: int = 0
    calls: int = 0
    lists: int = 0

    @property
    def text(self) -> str:
        """Return what the parser reads."""
        return "".join(token for token, _ in self.tokens)

    def position(self, offset: int) -> int:
        """Return where in the whole text is what the parser sees at an offset."""
        for token, at in self.tokens:
            if offset < len(token):
                return at + offset
            offset -= len(token)
        return self.tokens[-1][1] + len(self.tokens[-1][0]) if self.tokens else self.start


def parsed(text: str, parse: Callable[[Piece], Any]) -> Any:
    """Return the tree of a text, of which `parse` is given each piece.

    Raises BadFilter for parentheses that do not match, and for what is longer or deeper than a filter may be.
    """
    groups: list[Any] = []
    stack = [Piece("expression", 0)]
    before = ""
    operators = 0
    for match in TOKEN.finditer(text):
        token, at = match[0], match.start()
        word = token.upper()
        here = stack[-1]
        if word == "(":
            stack.append(Piece("geometry" if here.kind == "geometry" else _kind(before), at))
        elif word == ")":
            if len(stack) == 1:
                raise BadFilter(f"Parenthèse fermée au caractère {at + 1} sans avoir été ouverte.")
            _close(stack.pop(), stack[-1], at, groups, parse)
        else:
            here.tokens.append((token, at))
            here.commas += word == ","
            operators += word in OPERATORS and here.kind != "geometry"
            if operators > MAX_OPERATORS:
                raise BadFilter(
                    f"Filtre trop long\u202f: au plus {MAX_OPERATORS} opérateurs (AND, OR, NOT, +, -…)."
                )
        before = before if word.isspace() else word
    if len(stack) > 1:
        raise BadFilter(f"Parenthèse ouverte au caractère {stack[-1].start + 1} et jamais fermée.")
    return _whole(parse(stack[0]), groups)


def check_characters(text: str) -> None:
    """Raise BadFilter for a text with a character that no database keeps, or that stands for a group here."""
    for position, mark in enumerate(text):
        if mark == "\0" or 0xD800 <= ord(mark) <= 0xDFFF or ord(mark) >= FIRST_NAME:
            code = f"U+{ord(mark):04X}"
            raise BadFilter(f"Le caractère {position + 1} du filtre ({shown(code)}) n’est pas accepté.")


def _kind(before: str) -> str:
    """What a parenthesis opens, by what is before it."""
    if before == "IN":
        return "list"
    if before in WORDS or not (before[:1] in ('"', "_") or before[:1].isalpha()):
        return "expression"
    return "geometry" if GEOMETRY.fullmatch(before) else "call"


def _close(done: Piece, around: Piece, end: int, groups: list[Any], parse: Callable[[Piece], Any]) -> None:
    if done.kind == "expression" and not done.commas:
        written = [token for token, _ in done.tokens if not token.isspace()]
        if len(written) == 1 and _is_name(written[0][1:-1]):  # parentheses around parentheses
            around.tokens.append((written[0], done.start))
            return
        groups.append(_whole(parse(done), groups))
        around.tokens.append((f'"{chr(FIRST_NAME + len(groups) - 1)}"', done.start))
        return
    around.tokens += [("(", done.start), *done.tokens, (")", end)]
    around.calls = max(around.calls, done.calls + (done.kind == "call"))
    around.lists = max(around.lists, done.lists + (done.kind != "call"))
    if around.calls > MAX_CALLS or around.lists > MAX_LISTS:
        raise BadFilter(
            f"Filtre trop profond au caractère {done.start + 1}\u202f: au plus {MAX_CALLS} fonctions ou {MAX_LISTS} listes "
            "l’une dans l’autre."
        )


def _whole(tree: Any, groups: list[Any]) -> Any:
    """The tree with each group in the place of its name."""
    root = [tree]
    waiting: list[Any] = [root]
    while waiting:
        holder = waiting.pop()
        for key, part in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(part, dict) and len(part) == 1 and _is_name(part.get("property")):
                holder[key] = groups[ord(part["property"]) - FIRST_NAME]
            elif isinstance(part, dict | list) and key != "coordinates":
                waiting.append(part)
    return root[0]


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and len(name) == 1 and FIRST_NAME <= ord(name) <= LAST_NAME
