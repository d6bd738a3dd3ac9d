"""Applications and their tokens. Tokens are opaque, live in memory, and expire by the emulator's clock."""

from __future__ import annotations

import hmac
import secrets
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

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


def create_application(tx: Transaction) -> Application:
    """Register one more application in the emulator's tenant, with a random secret."""
    application = Application(str(uuid.uuid4()), secrets.token_urlsafe(30))
    known = dict(tx.setting(APPLICATIONS, {}))
    known[application.client_id] = application.secret
    tx.set_setting(APPLICATIONS, known)
    return application


class Issuer:
    """Issues tokens to known applications and tells whose token it is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, datetime]] = {}

    @property
    def tenant_id(self) -> str:
        with self._store.snapshot() as tx:
            return str(tx.setting(TENANT))

    def has_application(self, client_id: str) -> bool:
        return client_id.lower() in self._applications()

    def is_secret_right(self, client_id: str, secret: str) -> bool:
        known = self._applications().get(client_id.lower(), "")
        return hmac.compare_digest(known.encode(), secret.encode("utf-8", "surrogatepass"))

    def issue(self, client_id: str) -> str:
        now = self._store.now
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens = {t: held for t, held in self._tokens.items() if held[1] > now}
            self._tokens[token] = (client_id.lower(), now + timedelta(seconds=TOKEN_LIFETIME_S))
        return token

    def client_of(self, token: str) -> str | None:
        """The application that a token was issued to; None when it is unknown or has expired."""
        held = self._tokens.get(token)
        if held is None or held[1] <= self._store.now:
            return None
        return held[0]

    def expire_all(self) -> None:
        """Forget every token, as if all had expired."""
        with self._lock:
            self._tokens = {}

    def _applications(self) -> dict[str, str]:
        with self._store.snapshot() as tx:
            return {str(k).lower(): str(v) for k, v in tx.setting(APPLICATIONS, {}).items()}
