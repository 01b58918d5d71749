"""The HTTP application: wires the engine, the routes, the pages and the errors, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import embargoes, pages
from api.database import database_url
from api.editions import open_editions, reading_engine
from api.filling import Filler
from api.identity.identified import Identified
from api.identity.limits import Buckets
from api.identity.vouching import provider
from api.methods import ReadMethods
from api.office import Office
from api.ogc.archives import FOLDER
from api.ogc.describing import Descriptions
from api.ogc.service import PROBLEM
from api.plaintiles import PlainTilesFirst
from api.problems import handle_problems
from api.routes import (
    aggregate,
    archived,
    collections,
    described,
    grids,
    indicators,
    landing,
    openapi,
    passports,
    probes,
    qgis,
    records,
    styled,
    territories,
    tiled,
    tiles,
    zonings,
)
from api.securing import secure
from api.settings import Settings, read_settings
from boundaries.readers import Audience


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application, for the database of the settings (those of the environment by default)."""
    chosen = settings or read_settings()
    app = PlainTilesFirst(
        title="Ores : observatoire des territoires",
        description="Territoires, indicateurs et cartes, année par année, dans la géographie de votre choix.",
        version="1",
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses={"default": PROBLEM},
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.region = None if chosen.region == "all" else chosen.region
    app.state.editions = open_editions(database_url(chosen))
    app.state.public = app.state.editions[Audience.PUBLIC]
    app.state.descriptions = Descriptions()
    app.state.sources = reading_engine(
        database_url(chosen)
    )  # deliveries, for the passports of what is open to all
    app.state.filler = Filler(database_url(chosen))
    app.state.office = Office(database_url(chosen), chosen.home)
    app.state.provider = provider(chosen)
    app.state.archives = chosen.home / FOLDER
    handle_problems(app)
    for module in (
        landing,
        openapi,
        territories,
        zonings,
        indicators,
        aggregate,
        passports,
        records,  # the catalogue before the collections that any name may be of
        described,
        collections,
        qgis,
        grids,
        tiled,
        archived,
        styled,
        tiles,
        probes,
    ):
        app.include_router(module.router)
    app.include_router(pages.router)
    app.mount("/static", pages.static_files())
    app.add_middleware(ReadMethods)
    app.state.addresses = Buckets(chosen.rate_address)
    app.add_middleware(Identified, office=app.state.office, settings=chosen, addresses=app.state.addresses)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Know what is served before the first request, and follow it until the last."""
    secure(app.state.office.engine)
    editions = app.state.editions.values()
    await asyncio.gather(*(run_in_threadpool(edition.versions.refresh) for edition in editions))
    following = [asyncio.create_task(edition.versions.follow()) for edition in editions]
    following.append(asyncio.create_task(embargoes.follow(app.state.office)))
    yield
    for task in following:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    for edition in editions:
        await edition.asking.close()
        edition.engine.dispose()
    app.state.sources.dispose()
    app.state.filler.dispose()
    app.state.office.dispose()
