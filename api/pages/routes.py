"""The routes of the pages, gathered for `api.app`."""

from fastapi import APIRouter

from api.pages import cartes, home, passeports
from api.pages.administration.routes import router as administration

router = APIRouter(include_in_schema=False)
router.include_router(home.router)
router.include_router(cartes.router)
router.include_router(passeports.router)
router.include_router(administration)
