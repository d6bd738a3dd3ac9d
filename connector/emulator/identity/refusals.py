"""Refusals in Entra's form: an error word, an AADSTS number and a text."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any


class TokenRefused(Exception):
    """An error of the token endpoint: Entra's error word, its number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text


def error_body(refused: TokenRefused, now: datetime) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    return {
        "error": refused.error,
        "error_description": f"AADSTS{refused.number}: {refused.text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [refused.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }


def invalid_client(number: int, text: str) -> TokenRefused:
    return TokenRefused(401, "invalid_client", number, text)


def invalid_grant(number: int, text: str) -> TokenRefused:
    return TokenRefused(400, "invalid_grant", number, text)


def missing(name: str) -> TokenRefused:
    text = f"The request body must contain the following parameter: '{name}'."
    return TokenRefused(400, "invalid_request", 900144, text)
