"""What every reader of a family of formats gives back."""

from dataclasses import dataclass

from indicators.imports.sheets import Sheet


@dataclass(frozen=True)
class Content:
    """The sheets of a file, what was found of its form (see `Delivered`), and French remarks."""

    sheets: tuple[Sheet, ...]
    form: dict[str, str]
    remarks: tuple[str, ...] = ()
