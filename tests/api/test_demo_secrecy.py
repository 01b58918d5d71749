"""The real incomes of a region under the policy that is shipped: no audience recovers what is hidden."""

import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.settings import Settings
from boundaries.readers import Audience
from indicators.editions import audit_release
from indicators.statuses import Status
from indicators.tables import ReleaseSeries, Series, Value

FILE = Path(__file__).resolve().parents[2] / "../shared/data/indicators/insee_cc_filosofi_2021_COM.csv"


@pytest.mark.skipif(not FILE.exists(), reason="needs ../shared/data beside the checkout")
def test_nothing_that_is_hidden_is_recovered(loaded_copy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.cli import app

    assert loaded_copy.database_url is not None
    url = loaded_copy.database_url.get_secret_value()
    monkeypatch.setenv("ORES_HOME", str(loaded_copy.home))
    monkeypatch.setenv("DATABASE_URL", url)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    with pytest.raises(SystemExit) as end:
        app(["import", str(FILE), "--release", "--by", "Jeanne", "--accept", "vanished-code"], prog_name="ores")
    assert not end.value.code
    for number, handler in handlers.items():
        signal.signal(number, handler)
    engine = sa.create_engine(url)
    with engine.connect() as conn:
        for audience in Audience:
            listed = (
                sa.select(sa.func.count())
                .select_from(Value)
                .join(Series, Series.id == Value.series_id)
                .join(ReleaseSeries, ReleaseSeries.series_id == Series.id)
                .where(ReleaseSeries.edition == audience.edition, Series.base_id.is_not(None))
            )
            assert conn.scalar(listed.where(Value.status == Status.SECRET)), "something is hidden"
            assert audit_release(conn, audience) == []
    engine.dispose()
