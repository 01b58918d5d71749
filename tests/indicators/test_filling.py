"""Series computed when they are first asked for: of the geography that they were published in, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from deliveries import bring
from toycountry import POPULATIONS, country

from boundaries.load import load
from boundaries.tables import Millesime
from geo.errors import Conflict
from geo.progress import silent
from indicators.publication import publish
from indicators.publication.filling import fill
from indicators.tables import Release, Series, Value


@pytest.fixture
def waiting(conn: sa.Connection) -> sa.Connection:
    """Populations of 2016 and 2022 given in 2024, so that those of 2023 and their growth wait to be asked for."""
    load(conn, country(2023), "52", silent)
    load(conn, country(2024), "52", silent)
    values = {code: float(value) for code, value in POPULATIONS.items() if code != "49002"} | {"44005": 60.0}
    bring(conn, "2016", 2024, values)
    bring(conn, "2022", 2024, values)
    publish(conn, silent)
    return conn


def waits(conn: sa.Connection, indicator: str, period: str) -> int:
    """The number of a series of 2023, which has no values yet."""
    found = sa.select(Series.id).where(
        Series.indicator == indicator,
        Series.period == period,
        Series.millesime == 2023,
        Series.computed_at.is_(None),
    )
    return int(conn.execute(found).scalar_one())


def reload(conn: sa.Connection) -> None:
    """Territories that another process loads anew."""
    conn.execute(sa.update(Millesime).where(Millesime.year == 2023).values(version="another"))


def test_a_rate_is_not_made_of_old_values_and_new_members(waiting: sa.Connection) -> None:
    for period in ("2016", "2022"):
        fill(waiting, waits(waiting, "population", period))
    growth = waits(waiting, "evolution_annuelle", "2016-2022")
    reload(waiting)
    with pytest.raises(Conflict, match="avant que ses territoires ne soient rechargés"):
        fill(waiting, growth)
    assert waiting.scalar(sa.select(sa.func.count()).where(Value.series_id == growth)) == 0


def test_nothing_is_kept_of_what_was_computed_while_territories_were_loaded(waiting: sa.Connection) -> None:
    series = waits(waiting, "population", "2022")

    @sa.event.listens_for(waiting, "after_cursor_execute")
    def loading(conn: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO indicators.value" in statement:
            reload(conn)

    with pytest.raises(Conflict, match="rechargés pendant le calcul"), waiting.begin_nested():
        fill(waiting, series)
    sa.event.remove(waiting, "after_cursor_execute", loading)
    assert waits(waiting, "population", "2022") == series
    fill(waiting, series)


def test_a_publication_during_which_territories_are_loaded_publishes_nothing(waiting: sa.Connection) -> None:
    before = waiting.scalar(sa.select(sa.func.max(Release.id)))
    bring(waiting, "2022", 2024, dict.fromkeys(POPULATIONS, 3.0))

    def loading(what: str, total: int) -> Callable[[int], None]:
        return lambda done: reload(waiting)

    with pytest.raises(Conflict, match="rechargés pendant le calcul"), waiting.begin_nested():
        publish(waiting, loading)
    assert waiting.scalar(sa.select(sa.func.max(Release.id))) == before
    publish(waiting, silent)
