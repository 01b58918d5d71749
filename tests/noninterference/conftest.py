"""Three servers over three countries that are twins, made once for all the tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest
import twins
from statuscountry import served
from twins import Place, Places

from api import assets
from api.accounts import keys
from boundaries.readers import Audience
from geo.cluster import Cluster


@pytest.fixture(scope="session")
def places(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    if not assets.is_built():
        assets.build()
    with ExitStack() as opened:
        made = {}
        for name in ("one", "strict", "other"):
            fill = partial(twins.fill, secrets=getattr(twins, name.upper()))
            home = tmp_path_factory.mktemp(name)
            url, engine = opened.enter_context(served(cluster, home, f"twin_{name}", fill, region="52"))
            twins.archive(engine, home)
            with engine.begin() as conn:
                own = {
                    audience: keys.create(conn, audience.value, "reader", audience=audience.value)
                    for audience in (Audience.PROFESSIONAL, Audience.REGION)
                }
            made[name] = Place(url, engine, own)
        yield Places(**made)
