"""The routes of the back office, gathered."""

from fastapi import APIRouter

from api.pages.administration import accounts, controls, deliveries, imports, journal, oidc, policies, signing

router = APIRouter(include_in_schema=False)
for module in (signing, oidc, imports, controls, deliveries, journal, policies, accounts):
    router.include_router(module.router)
