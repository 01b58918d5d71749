"""Recipes by name: those that come with the product, and those that people saved here."""

import sqlalchemy as sa
from sqlalchemy import Connection

from geo.errors import Invalid
from indicators.imports.mapping import Mapping, recipes
from indicators.tables import Recipe


def known_recipes(conn: Connection) -> dict[str, Mapping]:
    """Return every recipe by name: those that come with the product, and those saved here, which win."""
    saved = conn.execute(sa.select(Recipe.name, Recipe.mapping).order_by(Recipe.name)).all()
    return {**recipes(), **{row.name: Mapping.model_validate(row.mapping) for row in saved}}


def save_recipe(conn: Connection, name: str, mapping: Mapping) -> None:
    """Keep a mapping under a name, for the next deliveries of its source. Raises Invalid for a name unfit for one."""
    if not name.isidentifier() or not name.isascii():
        raise Invalid(f"Nom de recette refusé : « {name} ». Lettres sans accent, chiffres et « _ » sont acceptés.")
    conn.execute(sa.delete(Recipe).where(Recipe.name == name))
    conn.execute(
        sa.insert(Recipe).values(
            name=name,
            source=mapping.source,
            producer=mapping.producer,
            licence=mapping.licence,
            mapping=mapping.model_dump(mode="json", exclude_defaults=True),
        )
    )
