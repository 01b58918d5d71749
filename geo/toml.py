"""TOML as text: values and keys written so that tomllib reads the same back."""

import json
from datetime import date
from typing import Any


def inline(value: Any) -> str:
    """Return a value on one line: text, number, date, list or table.

    >>> inline({"à": ["x", 1.0, True]})
    '{ "à" = ["x", 1.0, true] }'
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(name)} = {inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, date):  # a date and time is one too
        return value.isoformat()
    # a JSON string is a TOML string, but for DEL, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """Return a key, quoted where it must be.

    >>> key("rounding"), key("Filosofi, 50 ménages")
    ('rounding', '"Filosofi, 50 ménages"')
    """
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else inline(name)
