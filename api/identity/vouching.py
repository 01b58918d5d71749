"""What an identity provider says of people; the one of the settings, if there is one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.accounts.rights import Rights, rights
from api.settings import Settings
from geo.errors import Conflict, Forbidden

if TYPE_CHECKING:
    from api.identity.oidc import Provider

SECONDS = 600  # to sign in at the provider


class SignInRefused(Forbidden):
    """The provider, or what it sent, does not let somebody in; `reason` says why to the journal alone."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class ProviderSilent(Conflict):
    """The provider does not answer, or not as one does."""


@dataclass(frozen=True)
class Vouched:
    """Someone a provider vouches for; no rights when none of its claims gives any here."""

    issuer: str
    subject: str
    name: str
    email: str
    rights: Rights | None


def provider(settings: Settings) -> "Provider | None":
    """Return the provider of the settings, or None. Raises Invalid for settings that are not those of one."""
    if settings.oidc_issuer is None:
        return None
    from api.identity.oidc import Provider  # Authlib is slow to import

    given = {
        value: rights(one.role, one.audience, one.organisation) for value, one in settings.oidc_rights.items()
    }
    secret = settings.oidc_client_secret
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret.get_secret_value() if secret is not None else None,
        label=settings.oidc_label,
        scopes=settings.oidc_scopes,
        claim=settings.oidc_claim,
        rights=given,
    )
