"""What a layer is: any select with a geometry column `geom` and properties.

Boundaries and indicators make them; `geo.tiles` and `geo.formats` encode them without knowing what they are.
"""

from typing import Any, TypeAlias

from sqlalchemy import Select

Rows: TypeAlias = "Select[*tuple[Any, ...]]"
