"""Applications and their tokens. Tokens are opaque, live in memory, and expire by the emulator's clock."""

from __future__ import annotations

import hmac
import secrets
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from connector.emulator.identity.signing import SigningKey
from connector.emulator.identity.tickets import Tickets
from connector.emulator.store import Store, Transaction

TENANT = "tenant_id"
APPLICATIONS = "applications"
TOKEN_LIFETIME_S = 3599


@dataclass(frozen=True)
class Application:
    client_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Application({self.client_id})"


@dataclass(frozen=True)
class Bearer:
    """Whose token it is: the application's own, or a user's (systemuserid) by way of the application."""

    client_id: str
    user_id: str | None
    expires_at: datetime


def create_application(tx: Transaction) -> Application:
    """Register one more application in the emulator's tenant, with a random secret."""
    application = Application(str(uuid.uuid4()), secrets.token_urlsafe(30))
    known = dict(tx.setting(APPLICATIONS, {}))
    known[application.client_id] = application.secret
    tx.set_setting(APPLICATIONS, known)
    return application


class Issuer:
    """Issues tokens to known applications and tells whose token it is.

    `origin` is the token endpoint's own, https://127.0.0.1:PORT.
    """

    def __init__(self, store: Store, origin: str) -> None:
        self.store = store
        self.origin = origin
        self.key = SigningKey()
        self.tickets = Tickets()
        self._lock = threading.Lock()
        self._tokens: dict[str, Bearer] = {}

    @property
    def now(self) -> datetime:
        return self.store.now

    @property
    def tenant_id(self) -> str:
        with self.store.snapshot() as tx:
            return str(tx.setting(TENANT))

    def has_application(self, client_id: str) -> bool:
        return client_id.lower() in self._applications()

    def is_secret_right(self, client_id: str, secret: str) -> bool:
        known = self._applications().get(client_id.lower(), "")
        return hmac.compare_digest(known.encode(), secret.encode("utf-8", "surrogatepass"))

    def issue(self, client_id: str, user_id: str | None = None) -> str:
        token = secrets.token_urlsafe(48)
        bearer = Bearer(client_id.lower(), user_id, self.now + timedelta(seconds=TOKEN_LIFETIME_S))
        with self._lock:
            self._tokens = {t: held for t, held in self._tokens.items() if held.expires_at > self.now}
            self._tokens[token] = bearer
        return token

    def bearer_of(self, token: str) -> Bearer | None:
        """Whom a token was issued to; None when it is unknown or has expired."""
        held = self._tokens.get(token)
        return held if held is not None and held.expires_at > self.now else None

    def expire_all(self) -> None:
        """Forget every access token, as if all had expired; refresh tokens stay."""
        with self._lock:
            self._tokens = {}

    def password_for(self, purpose: str) -> str:
        """What a pipeline or a machine shows to ask for its own token; another one for each state file."""
        own = next(iter(self._applications().values()), "")
        return hmac.new(own.encode(), purpose.encode(), sha256).hexdigest()

    def _applications(self) -> dict[str, str]:
        with self.store.snapshot() as tx:
            return {str(k).lower(): str(v) for k, v in tx.setting(APPLICATIONS, {}).items()}
