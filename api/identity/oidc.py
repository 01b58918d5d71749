"""OpenID Connect: people sign in with the account that their administration gave them, at any standard provider.

The authorization code flow with PKCE. What binds an answer to the browser that asked is one random secret in its
cookie: state, nonce and verifier are made from it, so nothing is stored and any process may take the answer.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

import requests
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.accounts.rights import RANKS, Rights
from api.identity.vouching import SECONDS, ProviderSilent, SignInRefused, Vouched
from geo.errors import Invalid

TIMEOUT_S = 10.0
LEEWAY_S = 60  # between its clock and ours
LASTING_S = 3600.0  # of what the provider says of itself
AGAIN_S = 10.0  # before it is asked again because one of its keys is unknown, or because it did not answer
# Signatures that only the provider can make; "none", and those that any holder of the client's secret can, are not.
SIGNATURES = frozenset(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512))
SILENT = (
    "Le fournisseur d’identité ne répond pas comme attendu : réessayez bientôt, ou connectez-vous avec une clé."
)
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass
class _Known:
    metadata: dict[str, Any]
    keys: KeySet
    at: float


class Provider:
    """A standard OpenID Connect provider, known by its issuer; what it says of itself is asked once an hour."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        *,
        label: str = "",
        scopes: str = "openid profile email",
        claim: str = "groups",
        rights: Mapping[str, Rights],
    ) -> None:
        if not _safe(issuer):
            raise Invalid("Le fournisseur d’identité (ORES_OIDC_ISSUER) doit être une adresse https.")
        if not client_id or not rights:
            raise Invalid("ORES_OIDC_ISSUER demande aussi ORES_OIDC_CLIENT_ID et ORES_OIDC_RIGHTS.")
        self.issuer = issuer
        self.label = label or (urlsplit(issuer).hostname or issuer)
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes
        self._claim = claim
        self._rights = dict(rights)
        self._held: _Known | None = None
        self._silent_at = float("-inf")
        self._lock = threading.Lock()

    def start(self, redirect_uri: str) -> tuple[str, str]:
        """Return the secret that the browser keeps, and where it goes to sign in. Raises ProviderSilent."""
        secret = f"{int(time.time())}.{secrets.token_urlsafe(32)}"
        known = self._known()
        with self._client(known, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                known.metadata["authorization_endpoint"],
                state=_made(secret, "state"),
                nonce=_made(secret, "nonce"),
                code_verifier=_made(secret, "verifier"),
            )
        return secret, str(url)

    def finish(self, secret: str, answer: Mapping[str, str], redirect_uri: str) -> Vouched:
        """Return who signed in, of the answer that the browser brings back. Raises SignInRefused, ProviderSilent."""
        code = self._code(secret, answer)
        known = self._known()
        try:
            with self._client(known, redirect_uri) as client:
                token = client.fetch_token(
                    known.metadata["token_endpoint"],
                    code=code,
                    code_verifier=_made(secret, "verifier"),
                    auth=self._basic(known),
                    allow_redirects=False,
                )
                claims = self._verified(token, _made(secret, "nonce"))
                if self._claim_of(claims) is None:
                    claims = {**self._userinfo(client, known, claims["sub"]), **claims}
        except OAuthError as error:
            raise _refused(f"token endpoint: {str(error.error)[:60]}") from None
        except (JoseError, KeyError, TypeError) as error:
            raise _refused(f"{type(error).__name__} {getattr(error, 'claim', '')}".strip()) from None
        except (requests.RequestException, ValueError):
            raise ProviderSilent(SILENT) from None
        return self._vouched(claims)

    def _code(self, secret: str, answer: Mapping[str, str]) -> str:
        began, _, _ = secret.partition(".")
        if not began.isdecimal() or not 0 <= time.time() - int(began) <= SECONDS:
            raise SignInRefused(
                "La connexion a expiré, ou a commencé dans un autre navigateur : recommencez.", "no sign-in began"
            )
        if not hmac.compare_digest(_made(secret, "state").encode(), answer.get("state", "").encode()):
            raise _refused("state")
        if answer.get("iss", self.issuer) != self.issuer:
            raise _refused("iss of the answer")
        if "error" in answer or not answer.get("code"):
            raise SignInRefused(
                "Le fournisseur d’identité n’a pas accepté cette connexion.",
                f"authorization endpoint: {answer.get('error', 'no code')[:60]}",
            )
        return answer["code"]

    def _verified(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token that this provider signed, for us, now, for this very sign-in."""
        text = str(token["id_token"])
        known = self._known()
        try:
            decoded = jwt.decode(text, known.keys, algorithms=_accepted(known.metadata))
        except (JoseError, ValueError):
            decoded = jwt.decode(text, self._known(renewed=True).keys, algorithms=_accepted(known.metadata))
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self.issuer},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": self._client_id},
            },
            params={"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    def _userinfo(self, client: OAuth2Session, known: _Known, subject: str) -> dict[str, Any]:
        """The claims that some providers keep out of their tokens."""
        endpoint = known.metadata.get("userinfo_endpoint")
        if not endpoint:
            return {}
        response = client.get(endpoint, allow_redirects=False)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        if found["sub"] != subject:
            raise _refused("sub of userinfo")
        return found

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        email = str(claims.get("email") or "")
        name = str(claims.get("name") or claims.get("preferred_username") or email or claims["sub"])
        shown = "".join(letter if letter.isprintable() else " " for letter in name)
        name = " ".join(shown.split())[:100].strip() or "Sans nom"
        email = email if email.isprintable() and len(email) <= 200 else ""
        return Vouched(self.issuer, str(claims["sub"])[:255], name, email, self._rights_of(claims))

    def _rights_of(self, claims: Mapping[str, Any]) -> Rights | None:
        """The strongest of the rights that its claims give: role first; the widest audience of all of them."""
        held = self._claim_of(claims)
        values = {str(one) for one in held} if isinstance(held, list) else {str(held)}
        given = [self._rights[value] for value in sorted(values & self._rights.keys())]
        if not given:
            return None
        best = max(given, key=lambda one: RANKS.index(one.role))
        return Rights(best.role, max(one.audience for one in given), best.organisation)

    def _claim_of(self, claims: Mapping[str, Any]) -> Any:
        """The claim that says the rights: under its name, or along a path such as `realm_access.roles`."""
        if self._claim in claims:
            return claims[self._claim]
        found: Any = claims
        for part in self._claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _client(self, known: _Known, redirect_uri: str) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method="client_secret_post" if self._client_secret else "none",
            scope=self._scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_S,
        )

    def _basic(self, known: _Known) -> tuple[str, str] | None:
        """What proves that it is us, where the provider takes it as it should; otherwise it is in the form.

        Authlib leaves out the escapes of RFC 6749, section 2.3.1, that a secret with a `+` or an accent needs.
        """
        accepted = known.metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not self._client_secret or "client_secret_basic" not in accepted:
            return None
        return quote_plus(self._client_id), quote_plus(self._client_secret)

    def _known(self, *, renewed: bool = False) -> _Known:
        """What the provider says of itself, and its keys; asked again when `renewed`, but not all the time."""
        with self._lock:
            age = float("inf") if self._held is None else time.monotonic() - self._held.at
            if self._held is not None and age <= (AGAIN_S if renewed else LASTING_S):
                return self._held
            if time.monotonic() - self._silent_at < AGAIN_S:
                raise ProviderSilent(SILENT)
            try:
                self._held = self._discovered()
            except ProviderSilent:
                self._silent_at = time.monotonic()
                raise
            return self._held

    def _discovered(self) -> _Known:
        try:
            metadata = _json(self.issuer.rstrip("/") + WELL_KNOWN)
            if metadata["issuer"] != self.issuer:
                raise ValueError("another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not _safe(metadata[name]):
                    raise ValueError(name)
            keys = KeySet.import_key_set(_json(metadata["jwks_uri"]))  # type: ignore[arg-type]
        except (requests.RequestException, JoseError, ValueError, KeyError, TypeError):
            raise ProviderSilent(SILENT) from None
        return _Known(metadata, keys, time.monotonic())


def _json(url: str) -> dict[str, Any]:
    response = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def _safe(url: str) -> bool:
    """Whether nobody on the way can change what is said at an address: https, or this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    )


def _accepted(metadata: Mapping[str, Any]) -> list[str]:
    return sorted(SIGNATURES & set(metadata.get("id_token_signing_alg_values_supported", ["RS256"])))


def _made(secret: str, use: str) -> str:
    """What is made from the browser's secret for one use: 256 bits that tell nothing of it."""
    made = hmac.new(secret.encode(), use.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _refused(reason: str) -> SignInRefused:
    return SignInRefused("La réponse du fournisseur d’identité n’a pas pu être vérifiée : recommencez.", reason)
