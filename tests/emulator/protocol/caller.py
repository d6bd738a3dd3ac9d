"""A thin caller of an emulator: requests with a token, answers as they came."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import requests

from connector.emulator import RunningEmulator

NOW = datetime(2020, 10, 4, 6, 0, tzinfo=UTC)
TIMEOUT_S = 30


class Api:
    """Requests with a token, relative to the service root; answers as they came."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        self.root = f"{emulator.url}/api/data/v9.2"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(emulator.ca_file)
        self.renew()

    def renew(self) -> None:
        token = self.emulator.issuer.issue(self.emulator.client_id)
        self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = path if path.startswith("http") else f"{self.root}/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, url, json=body, headers=named, timeout=TIMEOUT_S)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.send("GET", path, **headers)

    def rows(self, path: str, **headers: str) -> list[dict[str, Any]]:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["value"]
        return found

    def create(self, entity_set: str, body: dict[str, Any]) -> str:
        """Create a row; returns its id."""
        answer = self.send("POST", entity_set, body)
        assert answer.status_code == 204, answer.text
        return answer.headers["OData-EntityId"].rpartition("(")[2][:-1]


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def mark() -> str:
    """A name that no other test uses: the emulator is shared by a module."""
    return uuid.uuid4().hex[:12]
