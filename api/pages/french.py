"""How numbers, dates, lists and counts are written in French, with their typographic spaces."""

import math
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from geo.clock import PARIS

THIN = "\u202f"  # narrow no-break space: thousands, and before ; : ! ? %
NO_BREAK = "\u00a0"
MINUS = "\u2212"

_MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)


def rounded(value: float, digits: int) -> float:
    """Return the value as it is read: rounded half away from zero, as people do.

    >>> rounded(2.5, 0), rounded(-0.125, 2), rounded(1.005, 2), rounded(-0.04, 1)
    (3.0, -0.13, 1.01, 0.0)
    """
    scale = 10**digits
    # The shortest decimal text of the float is what people see: 1.005 is a half, whatever its binary digits.
    units = math.floor(float(repr(abs(value) * scale)) + 0.5 + 1e-9)
    return math.copysign(units / scale, value) if units else 0.0


def number(value: float, digits: int = 0, signed: bool = False) -> str:
    """Return a number with narrow spaces between thousands and a decimal comma, never a negative zero.

    >>> number(3907156), number(1234.5, 1), number(-0.04, 1), number(2.5), number(-1234.56, 2)
    ('3\u202f907\u202f156', '1\u202f234,5', '0,0', '3', '\u22121\u202f234,56')
    >>> number(0.45, 1, signed=True), number(0, 1, signed=True)
    ('+0,5', '0,0')
    """
    read = rounded(value, digits)
    text = f"{abs(read):,.{digits}f}".replace(",", THIN).replace(".", ",")
    return (MINUS if read < 0 else "+" if signed and read else "") + text


def exact(value: float, signed: bool = False) -> str:
    """Return a number with all the decimals that it has and no more: what a class limit needs.

    >>> exact(350.0), exact(0.25), exact(-1200.5), exact(1e-05)
    ('350', '0,25', '\\u22121\\u202f200,5', '0,00001')
    """
    return number(value, decimals(value), signed)


def decimals(value: float) -> int:
    """Return how many decimals a number has.

    >>> decimals(350.0), decimals(0.25), decimals(1e-05)
    (0, 2, 5)
    """
    return max(0, -int(Decimal(repr(float(value))).normalize().as_tuple().exponent))


def with_unit(text: str, unit: str) -> str:
    """Return a written number and its unit, kept on one line.

    >>> with_unit("12,5", "%"), with_unit("62", "hab./km²"), with_unit("3", "")
    ('12,5\\u202f%', '62\\xa0hab./km²', '3')
    """
    if not unit:
        return text
    return text + (THIN if unit.startswith("%") else NO_BREAK) + unit


def percent(share: float, digits: int = 0) -> str:
    """Return a share of 1 in per cent; never rounds a partial share to 100 %, nor a positive one to 0 %.

    >>> percent(0.123, 1), percent(0.9999), percent(1.0), percent(0.0001)
    ('12,3\\u202f%', '99,9\\u202f%', '100\\u202f%', '0,1\\u202f%')
    """
    floor = 10.0 ** -(digits or 1)
    said = number(share * 100, digits)
    if 0 < share < 1 and said in (number(100, digits), number(0, digits)):
        kept = min(max(share * 100, floor), 100 - floor)
        return with_unit(number(kept, digits or 1), "%")
    return with_unit(said, "%")


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a count and its noun; 0 and 1 take the singular.

    >>> count(1, "commune"), count(1228, "commune"), count(0, "EPCI", "EPCI")
    ('1 commune', '1\\u202f228 communes', '0 EPCI')
    """
    return f"{number(n)} {one if abs(n) < 2 else many or one + 's'}"


def day(year: int, month: int, number_of_day: int) -> str:
    """Return a date.

    >>> day(2025, 1, 1), day(2024, 8, 12)
    ('1er janvier 2025', '12 août 2024')
    """
    return f"{'1er' if number_of_day == 1 else number_of_day} {_MONTHS[month - 1]} {year}"


def moment(at: datetime) -> str:
    """Return a date and an hour, those of Paris.

    >>> moment(datetime.fromisoformat("2025-01-01T08:05:00+00:00"))
    '1er janvier 2025 à 9\xa0h\xa005'
    """
    local = at.astimezone(PARIS)
    return f"{day(local.year, local.month, local.day)} à {local.hour}{NO_BREAK}h{NO_BREAK}{local.minute:02}"


def weight(size: int) -> str:
    """Return the size of a file.

    >>> weight(0), weight(1), weight(1500), weight(12_345_678)
    ('0\xa0octet', '1\xa0octet', '1,5\xa0Ko', '12,3\xa0Mo')
    """
    if size < 1000:
        return with_unit(number(size), "octet" if size < 2 else "octets")
    unit, scale = ("Ko", 1e3) if size < 1e6 else ("Mo", 1e6)
    return with_unit(number(size / scale, 1), unit)


def listing(items: Sequence[str], last: str = "et") -> str:
    """Return items joined as in a sentence.

    >>> listing(["a"]), listing(["a", "b", "c"]), listing(["4", "5", "6"], "ou")
    ('a', 'a, b et c', '4, 5 ou 6')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def quoted(text: str) -> str:
    """Return a text between French quotation marks.

    >>> quoted("x")
    '«\\xa0x\\xa0»'
    """
    return f"«{NO_BREAK}{text}{NO_BREAK}»"


def capitalised(text: str) -> str:
    """Return the text with its first letter in capital, the rest untouched.

    >>> capitalised("éolien EPCI"), capitalised("")
    ('Éolien EPCI', '')
    """
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """Return the text with its first letter small, unless it begins with an acronym.

    >>> lowered("Ensemble des communes"), lowered("EPCI et communes")
    ('ensemble des communes', 'EPCI et communes')
    """
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def named(name: str) -> str:
    """Return a name with true apostrophes, whatever those of its source.

    >>> named("L'Île-d'Yeu")
    'L’Île-d’Yeu'
    """
    return name.replace("'", "’")


def typeset(text: str) -> str:
    """Return a sentence with the narrow spaces that French wants before ; : ! ? % and », after « and in thousands.

    >>> typeset("Voici : « un » ; 5 % ?"), typeset("de 2 000 à 12 345 678 habitants")
    ('Voici\\u202f: «\\xa0un\\xa0»\\u202f; 5\\u202f%\\u202f?', 'de 2\\u202f000 à 12\\u202f345\\u202f678 habitants')
    """
    text = re.sub(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)", lambda number: number[0].replace(" ", THIN), text)
    text = re.sub(r" (?=[;:!?%](?:\s|$|[).,»]))", THIN, text)
    return re.sub(r" (?=»)", NO_BREAK, re.sub(r"(?<=«) ", NO_BREAK, text))
