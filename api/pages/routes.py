"""The routes of the pages, gathered for `api.app`."""

from fastapi import APIRouter

from api.pages import cartes, home

router = APIRouter(include_in_schema=False)
router.include_router(home.router)
router.include_router(cartes.router)
