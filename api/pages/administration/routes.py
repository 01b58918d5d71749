"""The routes of the back office, gathered."""

from fastapi import APIRouter

from api.pages.administration import controls, deliveries, imports, journal, signing

router = APIRouter(include_in_schema=False)
for module in (signing, imports, controls, deliveries, journal):
    router.include_router(module.router)
