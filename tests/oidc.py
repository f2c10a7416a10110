"""A provider of OpenID Connect on loopback: real HTTP, the code flow with PKCE, signed tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "desk", "s3cret-of-the-desk"


class Provider:
    """What it says of whoever logs in next, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signs_with = self.key
        self.person: dict[str, Any] = {}
        self.token: dict[str, Any] = {}  # what the token says besides, or otherwise
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: dict[str, str] = {}

    def authorize(self, asked: dict[str, str]) -> str:
        """Everybody is logged in there already: back with a code."""
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        self.asked, code = asked, secrets.token_hex(8)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{back}"

    def exchange(self, sent: dict[str, str]) -> dict[str, Any] | None:
        """A code for tokens, once, to whom it was given."""
        asked = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or challenge != asked["code_challenge"]:
            return None
        if (sent.get("client_secret"), sent["redirect_uri"]) != (SECRET, asked["redirect_uri"]):
            return None
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.person}
        token = jwt.encode(said | self.token, self.signs_with, "RS256", headers={"kid": "one"})
        return {"access_token": "of-them", "token_type": "Bearer", "id_token": token}

    @property
    def configuration(self) -> dict[str, Any]:
        """Where everything is."""
        places = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "keys",
        }
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        return {"issuer": self.url, **{k: f"{self.url}/{v}" for k, v in places.items()}, **methods}

    @property
    def keys(self) -> dict[str, Any]:
        """By which its signatures are checked."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}


class _Handler(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(asked))
            self.end_headers()
        elif parts.path == "/userinfo":
            assert self.headers["Authorization"] == "Bearer of-them"
            self._say(self.provider.person)
        elif parts.path == "/keys":
            self._say(self.provider.keys)
        else:
            self._say(self.provider.configuration)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {key: values[0] for key, values in parse_qs(body).items()}
        found = self.provider.exchange(sent)
        self._say(found or {"error": "invalid_grant"}, 200 if found else 400)

    def _say(self, what: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[Provider]:
    """A provider for as long as the block runs."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    handler.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
