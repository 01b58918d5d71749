"""The routes of the back office, gathered."""

from fastapi import APIRouter

from api.pages.administration import signing

router = APIRouter(include_in_schema=False)
router.include_router(signing.router)
