"""A small standard OpenID Connect provider, in a process of its own: discovery, keys, authorize, token, userinfo.

`python oidcprovider.py` prints its issuer and serves until its input closes. Client: `ores`, secret `s3cret+/ é`.
Authorization code flow with PKCE (S256) only; a code serves once. `POST /faults` (JSON) makes the next answers wrong,
as a forger or a misconfigured provider would: see `faults`.
"""

import base64
import html
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

CLIENT, SECRET = "ores", "s3cret+/ é"
USERS: dict[str, dict[str, Any]] = {
    "jeanne": {"name": "Jeanne Martin", "email": "jeanne@region.test", "groups": ["agents", "ores-validation"]},
    "paul": {"name": "Paul\u202eDurand\n", "email": "paul@caf.test", "groups": ["caf"]},
    "lise": {"name": "Lise Roux", "groups": "observateurs"},
    "luc": {"name": "Luc Petit", "email": "luc@ailleurs.test", "groups": ["autre"]},
    "robot": {"name": "Ligne de commande", "email": "robot@region.test", "groups": ["agents"]},
    "ali": {"preferred_username": "ali", "realm_access": {"roles": ["ores-admin"]}},
}


class Provider(BaseHTTPRequestHandler):
    """One request; what is known between requests is on the class."""

    issuer = ""
    codes: dict[str, dict[str, str]] = {}  # noqa: RUF012
    tokens: dict[str, str] = {}  # noqa: RUF012
    faults: dict[str, Any] = {}  # noqa: RUF012
    keys: dict[str, Any] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, _one(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                    "code_challenge_methods_supported": ["S256"],
                    **self.faults.get("metadata", {}),
                }
            )
        elif path == "/jwks":
            shown = [self.keys["now"].as_dict(private=False)]
            self._json({"keys": shown})
        elif path == "/authorize":
            missing = {"client_id", "redirect_uri", "state", "nonce", "code_challenge"} - query.keys()
            assert not missing, missing
            assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
            assert query["code_challenge_method"] == "S256"
            assert "openid" in query["scope"].split()
            held = "".join(
                f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
                for name, value in query.items()
            )
            buttons = "".join(f'<button name="user" value="{name}">{name}</button>' for name in (*USERS, "refuse"))
            self._send(200, f'<form method="post" action="/login">{held}{buttons}</form>', "text/html")
        elif path == "/userinfo":
            user = self.tokens[self.headers["Authorization"].removeprefix("Bearer ")]
            self._json({"sub": self.faults.get("userinfo_sub", f"id-{user}"), **USERS[user]})
        else:
            self._send(404, "", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/faults":
            type(self).faults = json.loads(body)
            if self.faults.pop("new_key", False):
                self.keys["now"] = self.keys["next"]
            self._json({})
        elif self.path == "/login":
            self._login(_one(body))
        elif self.path == "/token":
            self._token(_one(body))

    def _login(self, form: dict[str, str]) -> None:
        answer = {
            "state": self.faults.get("state", form["state"]),
            "iss": self.faults.get("answer_iss", self.issuer),
        }
        if form["user"] == "refuse":
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self.codes[answer["code"]] = form
        self.send_response(302)
        self.send_header("Location", f"{form['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def _token(self, form: dict[str, str]) -> None:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        client = tuple(unquote_plus(part) for part in given.split(":", 1))
        asked = self.codes.pop(form["code"], None)
        if client != (CLIENT, SECRET):
            self._json({"error": "invalid_client"}, 401)
        elif (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or create_s256_code_challenge(form["code_verifier"]) != asked["code_challenge"]
        ):
            self._json({"error": "invalid_grant"}, 400)
        else:
            token = secrets.token_urlsafe(16)
            self.tokens[token] = asked["user"]
            self._json(
                {
                    "access_token": token,
                    "token_type": "Bearer",
                    "expires_in": 300,
                    "id_token": self._id_token(asked, token),
                }
            )

    def _id_token(self, asked: dict[str, str], access_token: str) -> str:
        from authlib.oidc.core.util import create_half_hash
        from joserfc import jwt
        from joserfc.jwk import OctKey

        alg = self.faults.get("alg", "RS256")
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": f"id-{asked['user']}",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "at_hash": create_half_hash(access_token, "RS256").decode(),
            **(USERS[asked["user"]] if not self.faults.get("thin") else {}),
        } | self.faults.get("claims", {})
        claims = {name: value for name, value in claims.items() if value is not None}
        if alg == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."
        if alg == "HS256":
            secret = OctKey.import_key(SECRET.encode() * 4)
            return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])
        key = self.keys[self.faults.get("key", "now")]
        kid = self.keys["now"].kid if self.faults.get("same_kid") else key.kid
        return jwt.encode({"alg": alg, "kid": kid}, claims, key)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value), "application/json")

    def _send(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _one(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def running() -> Iterator[str]:
    """Give the issuer of a provider that runs in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    from joserfc.jwk import RSAKey

    Provider.keys = {
        name: RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True) for name in ("now", "next", "other")
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.daemon_threads = True
    Provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(Provider.issuer, flush=True)  # noqa: T201
    sys.stdin.read()
