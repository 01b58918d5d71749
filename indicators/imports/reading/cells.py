"""Typed values as the text of the contract: no exponent, no useless `.0`, dates in ISO 8601, true and false.

1001.0 is "1001", 0.1 is "0.1" and 1e20 "100000000000000000000": what a spreadsheet shows of a number with the
general format, whatever its size. A float is written with the fewest digits that give it back.
"""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_EXACT_INTEGER = 2**53


def text_of(cell: object) -> str | None:
    """Return the text of a value, or None when it is empty.

    >>> [text_of(cell) for cell in (1001.0, 0.1, 1e20, 1e-7, True, "", datetime.date(2024, 1, 1))]
    ['1001', '0.1', '100000000000000000000', '0.0000001', 'true', None, '2024-01-01']
    """
    write = _WRITERS.get(type(cell))
    return write(cell) if write else str(cell)


def _number(value: float) -> str:
    if abs(value) < _EXACT_INTEGER and value.is_integer():
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def _duration(value: datetime.timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


_WRITERS: dict[type, Callable[[Any], str | None]] = {
    type(None): lambda _: None,
    str: lambda text: text or None,
    float: _number,
    int: str,
    bool: lambda value: "true" if value else "false",
    datetime.date: datetime.date.isoformat,
    datetime.datetime: datetime.datetime.isoformat,
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: _duration,
}


def is_text_like(kind: pa.DataType) -> bool:
    """Return whether values of an Arrow type have a text: not bytes, lists, structures nor durations."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        test(kind)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_boolean,
            pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_date, pa.types.is_time,
            pa.types.is_timestamp, pa.types.is_null,
        )
    )  # fmt: skip


def text_column(column: pa.Array) -> pa.Array:
    """Return an Arrow column as text; empty text is null.

    >>> text_column(pa.array([1001.0, 1e20, None, -0.0])).to_pylist()
    ['1001', '100000000000000000000', None, '0']
    >>> text_column(pa.array([datetime.datetime(2024, 1, 1, 12, 30)])).to_pylist()
    ['2024-01-01T12:30:00']
    """
    kind = column.type
    texts = pc.cast(column, pa.string())
    if pa.types.is_timestamp(kind):
        texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        texts = pc.replace_substring_regex(texts, r"\.(\d*?)0+($|[+\-Z])", r".\1\2")
        texts = pc.replace_substring_regex(texts, r"\.($|[+\-Z])", r"\1")
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        texts = _without_exponent(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _without_exponent(texts: pa.Array) -> pa.Array:
    texts = pc.if_else(pc.equal(texts, "-0"), "0", texts)
    odd = pc.fill_null(pc.match_substring_regex(texts, "[eE]"), False)
    if not pc.any(odd).as_py():
        return texts
    plain = [format(Decimal(text), "f") for text in pc.filter(texts, odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(plain, pa.string()))
