"""What stands between a person's sign-in and a token: codes, refresh tokens, device codes. In memory."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

CODE_LIFETIME_S = 600
DEVICE_LIFETIME_S = 900
REFRESH_LIFETIME_DAYS = 90
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True)
class Code:
    """An authorization code: for whom, for which redirect, and under which challenge (RFC 7636)."""

    client_id: str
    user_id: str
    scope: str
    redirect_uri: str
    challenge: str
    nonce: str
    expires_at: datetime


class Decision(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True)
class Device:
    client_id: str
    scope: str
    user_code: str
    expires_at: datetime
    decision: Decision = Decision.WAITING


@dataclass(frozen=True)
class Refresh:
    client_id: str
    user_id: str
    scope: str
    expires_at: datetime


class Tickets:
    """Each code serves once; a refresh token serves until its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._spent: set[str] = set()
        self._devices: dict[str, Device] = {}
        self._refreshes: dict[str, Refresh] = {}

    def keep_code(self, code: Code) -> str:
        text = secrets.token_urlsafe(40)
        with self._lock:
            self._codes[text] = code
        return text

    def take_code(self, text: str) -> Code | None:
        with self._lock:
            code = self._codes.pop(text, None)
            if code is not None:
                self._spent.add(text)
            return code

    def is_spent(self, text: str) -> bool:
        return text in self._spent

    def keep_device(self, client_id: str, scope: str, now: datetime) -> tuple[str, Device]:
        """The device code, which the client keeps to itself, and what is shown to the person."""
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(9))
        device = Device(client_id, scope, user_code, now + timedelta(seconds=DEVICE_LIFETIME_S))
        text = secrets.token_urlsafe(40)
        with self._lock:
            self._devices[text] = device
        return text, device

    def device(self, text: str) -> Device | None:
        return self._devices.get(text)

    def drop_device(self, text: str) -> None:
        with self._lock:
            self._devices.pop(text, None)

    def decide(self, user_code: str, decision: Decision) -> bool:
        """Whether there is such a code, and nobody had decided on it."""
        with self._lock:
            for text, device in self._devices.items():
                if device.user_code == user_code.upper() and device.decision is Decision.WAITING:
                    self._devices[text] = replace(device, decision=decision)
                    return True
        return False

    def waiting(self) -> list[Device]:
        return [one for one in self._devices.values() if one.decision is Decision.WAITING]

    def keep_refresh(self, client_id: str, user_id: str, scope: str, now: datetime) -> str:
        text = secrets.token_urlsafe(60)
        with self._lock:
            expires_at = now + timedelta(days=REFRESH_LIFETIME_DAYS)
            self._refreshes[text] = Refresh(client_id, user_id, scope, expires_at)
        return text

    def refresh(self, text: str) -> Refresh | None:
        return self._refreshes.get(text)
