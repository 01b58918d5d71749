"""The HTTP application: wires the engine, the routes, the pages and the errors, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import sqlalchemy as sa
from fastapi import FastAPI

from api import pages
from api.asking import Asking
from api.database import database_url
from api.documents import Documents
from api.filling import Filler
from api.office import Office
from api.plaintiles import PlainTilesFirst
from api.problems import handle_problems
from api.routes import aggregate, collections, indicators, landing, passports, probes, territories, tiles, zonings
from api.settings import Settings, read_settings
from api.strict import HeadAsGet
from api.versions import CurrentVersions

STATEMENT_SECONDS = 10
CONNECTIONS = 10
TILE_CONNECTIONS = 4  # a tile keeps a processor of PostgreSQL busy: more at once would make each of them slower
# Read-only, bounded in time, and without the just-in-time compiler, slower than every statement it would speed up.
OPTIONS = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s -c jit=off"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application, for the database of the settings (those of the environment by default)."""
    chosen = settings or read_settings()
    app = PlainTilesFirst(
        title="Ores : observatoire des territoires",
        description="Territoires, indicateurs et cartes, année par année, dans la géographie de votre choix.",
        version="1",
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.region = None if chosen.region == "all" else chosen.region
    app.state.engine = _engine(database_url(chosen))
    app.state.asking = Asking(app.state.engine.url, OPTIONS, TILE_CONNECTIONS)
    app.state.versions = CurrentVersions(app.state.engine)
    app.state.documents = Documents()
    app.state.filler = Filler(database_url(chosen))
    app.state.office = Office(database_url(chosen), chosen.home)
    handle_problems(app)
    for module in (landing, territories, zonings, indicators, aggregate, passports, collections, tiles, probes):
        app.include_router(module.router)
    app.include_router(pages.router)
    app.mount("/static", pages.static_files())
    app.add_middleware(HeadAsGet)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Know what is served before the first request, and follow it until the last."""
    app.state.versions.refresh()
    following = asyncio.create_task(app.state.versions.follow())
    yield
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    await app.state.asking.close()
    app.state.engine.dispose()
    app.state.filler.dispose()
    app.state.office.dispose()


def _engine(url: str) -> sa.Engine:
    """Return the engine that serves requests: read-only, one state of the data per request, bounded in time."""
    return sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={"options": OPTIONS},
    )
