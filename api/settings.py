"""The settings, read from the environment at the edge alone and passed down as values."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from geo.errors import Invalid

PREFIX = "ORES_"


class Right(BaseModel):
    """What a value of a claim gives: see `api.accounts.rights`."""

    model_config = ConfigDict(extra="forbid")

    role: str = "reader"
    audience: str | None = None
    organisation: str = ""


class Settings(BaseSettings):
    """What the environment decides: ORES_HOME, ORES_REGION, ORES_HOST, ORES_PORT, ORES_PROXIES, DATABASE_URL.

    Also how many requests are answered (ORES_RATE_ADDRESS, ORES_RATE_KEY) and who vouches for people (ORES_OIDC_…).
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    home: Path = Field(default=Path(".ores"), description="Data folder")
    database_url: SecretStr | None = Field(
        default=None, validation_alias="DATABASE_URL", description="A PostGIS server, instead of the private one"
    )
    region: str = Field(default="52", pattern=r"^(\d{2}|all)$", description="INSEE code of the Region, or all")
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8000, ge=1, le=65535)
    proxies: str = Field(
        default="127.0.0.1,::1",
        min_length=1,
        description="Proxies in front, believed when they say who asks: addresses or networks, or * for any",
    )
    rate_address: float = Field(default=200, ge=0, le=1e6, description="Requests a second of one address, 0: any")
    rate_key: float = Field(default=100, ge=0, le=1e6, description="Requests a second of one key, 0: any")

    oidc_issuer: str | None = Field(default=None, description="An OpenID Connect provider that vouches for people")
    oidc_client_id: str = Field(default="", description="What it knows this application by")
    oidc_client_secret: SecretStr | None = Field(default=None, description="None: a public client")
    oidc_label: str = Field(default="", max_length=60, description="Its name on the sign-in page")
    oidc_scopes: str = Field(default="openid profile email", pattern=r"(^|\s)openid(\s|$)")
    oidc_claim: str = Field(
        default="groups", min_length=1, description="Claim, or path to it, that says the rights"
    )
    oidc_rights: Annotated[Json[dict[str, Right]], NoDecode] = Field(
        default={}, validate_default=False, description="Value of the claim -> what it gives, in JSON"
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """Fix the data folder once: programs that are run elsewhere would read a relative path otherwise."""
        return home.expanduser().resolve()


EXPECTED = {
    "home": "un dossier",
    "database_url": "l’adresse d’un serveur PostGIS",
    "region": "le code INSEE d’une région («\u202f52\u202f»), ou «\u202fall\u202f» pour la France entière",
    "host": "une adresse réseau",
    "port": "un numéro de port entre 1 et 65535",
    "oidc_scopes": "une liste de portées où se trouve «\u202fopenid\u202f»",
    "oidc_label": "un nom de 60 caractères au plus",
    "oidc_claim": "le nom d’une donnée d’identité",
    "oidc_rights": 'du JSON\u202f: valeur de la donnée d’identité → {"role", "audience", "organisation"}',
    "proxies": "une liste d’adresses ou de réseaux séparés par des virgules, ou «\u202f*\u202f»",
    "rate_address": "un nombre de demandes par seconde et par adresse («\u202f0\u202f»\u202f: sans limite)",
    "rate_key": "un nombre de demandes par seconde et par clé («\u202f0\u202f»\u202f: sans limite)",
}


def read_settings() -> Settings:
    """Return the settings of this process.

    Raises Invalid naming the variable; its value is not repeated, it may be a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            variable = "DATABASE_URL" if name.lower() == "database_url" else f"{PREFIX}{name.upper()}"
            faults.append(f"{variable} doit être {EXPECTED.get(name.lower(), 'une valeur admise')}")
        raise Invalid("Réglage refusé\u202f: " + "\u202f; ".join(faults) + ".") from None
